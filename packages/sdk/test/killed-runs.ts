// Workflows that kill their own process, have very many steps, or ask; and the program that lives and dies with them.

import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { defineTool, defineWorkflow, toErrorJson } from "@mofa/kernel";
import { createKernel, type Kernel } from "@mofa/kernel/host";
import { sqlite } from "@mofa/persistence/sqlite";
import { workflow } from "@mofa/workflow";

/** How many times a run may be taken over. */
export const MAX_TAKEOVERS = 2;
/** Kept steps of the long run before the one that its first process does not survive. */
export const LONG = 10_000;

const input = { type: "object" };

/** Opens a process on the runs of a folder; a deadly one does not survive the steps that kill. */
export async function openKilled(folder: string, deadly: boolean): Promise<Kernel> {
  const kernel = await createKernel({ plugins: [sqlite(`${folder}/mofa.db`)] });
  const kill = defineTool({
    name: "kill",
    input,
    run() {
      appendFileSync(`${folder}/begun.txt`, "begun\n");
      if (deadly) process.kill(process.pid, "SIGKILL");
      return "well";
    },
  });
  const count = defineTool({
    name: "count",
    input,
    run({ n }) {
      appendFileSync(`${folder}/counted.txt`, `${String(n)}\n`);
      return n;
    },
  });
  const poison = defineWorkflow({ name: "poison", version: "1", input, run: (_, call) => call.invoke(kill, {}) });
  const long = defineWorkflow({
    name: "long",
    version: "1",
    input,
    async run(_, call) {
      let sum = 0;
      // In hundreds: what is asked for together is written together.
      for (let first = 0; first < LONG; first += 100) {
        const all = Array.from({ length: 100 }, (__, index) => call.invoke(count, { n: first + index }));
        for (const each of await Promise.all(all)) sum += Number(each);
      }
      return [sum, await call.invoke(kill, {})];
    },
  });
  const asks = defineWorkflow({
    name: "asks",
    version: "1",
    input,
    run: (_, call) => call.ask({ title: "Go on?", options: ["yes", "no"] }),
  });
  for (const each of [poison, long, asks]) kernel.provide("workflow", each);
  await kernel.plug(workflow({ maxTakeovers: MAX_TAKEOVERS, pollMs: 50 }));
  return kernel;
}

// Run as a program: `FOLDER start NAME` begins the run "r", `FOLDER go-on` takes up what is there, and
// `FOLDER decide TOKEN WHO` answers a question as soon as its input says so.
if (process.argv[1] === import.meta.filename) {
  const [folder = "", act, name = "", who = ""] = process.argv.slice(2);
  const kernel = await openKilled(folder, true);
  const engine = kernel.get("engine", "runs");
  if (act === "start") await engine.start(kernel.get("workflow", name), {}, { id: "r" });
  if (act === "decide") {
    process.stdout.write("ready\n");
    await once(process.stdin, "data");
    const said = await engine.decide(name, { value: "yes", by: who }).then(
      () => `won ${who}`,
      (error: unknown) => `lost: ${toErrorJson(error).message}`,
    );
    process.stdout.write(`${said}\n`);
    await kernel.end();
    process.stdin.destroy();
  }
}
