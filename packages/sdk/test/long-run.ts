// A run of very many kept steps on a database server, and the process that dies in it.
import { appendFileSync } from "node:fs";
import { defineTool } from "@mofa/kernel";
import { createKernel, type Kernel } from "@mofa/kernel/host";
import { mysql } from "@mofa/persistence/mysql";
import { postgres } from "@mofa/persistence/postgres";
import { workflow } from "@mofa/workflow";

export interface LongRun {
  readonly database: "postgres" | "mysql";
  readonly url: string;
  /** The file in which each step says that it ran. */
  readonly counted: string;
  /** Kept steps before the one that the first process does not survive. */
  readonly steps: number;
}

/** Opens a process on the run; a deadly one does not survive its last step. */
export async function openLong({ database, url, counted, steps }: LongRun, deadly: boolean): Promise<Kernel> {
  const input = { type: "object" };
  const kernel = await createKernel({ plugins: [database === "postgres" ? postgres(url) : mysql(url)] });
  const count = defineTool({
    name: "count",
    input,
    run({ n }) {
      appendFileSync(counted, `${String(n)}\n`);
      return n;
    },
  });
  const last = defineTool({
    name: "last",
    input,
    run() {
      if (deadly) process.kill(process.pid, "SIGKILL");
      return "well";
    },
  });
  const long = defineTool({
    name: "long",
    input,
    async run(_, call) {
      let sum = 0;
      // In hundreds: what is asked for together is written together.
      for (let first = 0; first < steps; first += 100) {
        const all = Array.from({ length: 100 }, (__, index) => call.invoke(count, { n: first + index }));
        for (const each of await Promise.all(all)) sum += Number(each);
      }
      return [sum, await call.invoke(last, {})];
    },
  });
  for (const tool of [count, last, long]) kernel.provide("tool", tool);
  await kernel.plug(workflow({ pollMs: 50 }));
  return kernel;
}

// Run as a program, this is the life that ends in the last step.
if (process.argv[1] === import.meta.filename) {
  const kernel = await openLong(JSON.parse(process.argv[2] ?? "{}") as LongRun, true);
  await kernel.get("engine", "runs").start(kernel.get("tool", "long"), {}, { id: "r" });
}
