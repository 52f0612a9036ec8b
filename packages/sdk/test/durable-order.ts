// What both lives of the test run: a workflow of four tools, each of which notes in a file that it ran.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineTool, type Tool } from "@mofa/kernel";
import { createKernel, type Kernel } from "@mofa/kernel/host";
import { sqlite } from "@mofa/persistence/sqlite";
import { workflow, workflowAction } from "@mofa/workflow";

export const order = workflowAction({
  name: "order",
  version: "1",
  nodes: [
    { id: "one", use: "tool", with: { tool: "note", input: { n: 1 } } },
    { id: "two", use: "tool", with: { tool: "note", input: { n: 2 } } },
    { id: "three", use: "tool", with: { tool: "note", input: { n: 3 } }, after: ["one", "two"] },
    { id: "four", use: "tool", with: { tool: "note", input: { n: 4 } }, after: ["three"] },
  ],
  output: ["${one}", "${two}", "${three}", "${four}"],
});

/** Notes that it ran. The third one hangs where it is told to. */
function note(file: string, hang: boolean): Tool {
  return defineTool({
    name: "note",
    input: { type: "object" },
    async run({ n }, call) {
      appendFileSync(file, `${String(n)}\n`);
      if (hang && n === 3) await sleep(60_000, undefined, { signal: call.signal });
      return Number(n) * 10;
    },
  });
}

export async function openKernel(folder: string, hang = false): Promise<Kernel> {
  const kernel = await createKernel({ plugins: [sqlite(`${folder}/mofa.db`)] });
  kernel.provide("tool", note(`${folder}/ran.txt`, hang));
  kernel.provide("workflow", order);
  // Far longer than a test: who takes a run over at once has not waited for the lease of whoever died.
  await kernel.plug(workflow({ leaseMs: 3_600_000 }));
  return kernel;
}

// Run as a program, this is the life that will be killed.
if (process.argv[1] === import.meta.filename) {
  const kernel = await openKernel(process.argv[2] ?? "", true);
  await kernel.get("engine", "runs").start(order, {}, { id: "r" });
}
