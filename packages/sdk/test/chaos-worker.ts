// One process that works on runs until it is killed. Each step says that it was begun, in a file, before its result is
// journalled; and whether its result was there already, which must never be.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin, defineTool, type Journal, type RunFrame } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { mysql } from "@mofa/persistence/mysql";
import { postgres } from "@mofa/persistence/postgres";
import { sqlite } from "@mofa/persistence/sqlite";
import { workflow } from "@mofa/workflow";

export interface ChaosWorker {
  readonly database: "sqlite" | "postgres" | "mysql";
  /** A file or an address. */
  readonly place: string;
  readonly schema: string;
  /** The file in which steps are written down. */
  readonly effects: string;
  readonly steps: number;
  readonly leaseMs: number;
  readonly maxConcurrent: number;
}

const given = JSON.parse(process.argv[2] ?? "{}") as ChaosWorker;
const { database, place, schema, effects, steps, leaseMs, maxConcurrent } = given;

const journals = {
  sqlite: () => sqlite({ file: place }),
  postgres: () => postgres({ url: place, schema, connections: 4 }),
  mysql: () => mysql({ url: place, connections: 4 }),
};

// When this process last had a turn of its own.
let turn = Date.now();
setInterval(() => {
  turn = Date.now();
}, 20);

const work = definePlugin({
  name: "work",
  version: "1.0.0",
  needs: ["journal"],
  setup(ctx) {
    const step = defineTool({
      name: "step",
      input: { type: "object" },
      async run(input, call) {
        const at = Date.now();
        // Stopped between the look whether the run is still ours and this line, in one turn: nobody can help that.
        const stood = at - turn > leaseMs / 2;
        // Without them nothing could be told: better no step at all.
        const { run: id, key } = call.run as RunFrame;
        const rows = await (ctx.find("journal") as Journal).rows(id);
        // This process may be stopped while it reads: what another one came to meanwhile is no fault.
        const late = rows.some((row) => row.type === "step" && `${id}/${row.key}` === key && row.at < at);
        const how = !late ? "begun" : stood ? "stood" : "late";
        appendFileSync(effects, `${how} ${id} ${input["n"]}\n`);
        await sleep(5 + Math.random() * 20);
        return input["n"] ?? null;
      },
    });
    ctx.provide("tool", step);
    const chaos = defineTool({
      name: "chaos",
      input: { type: "object" },
      async run(_, call) {
        let sum = 0;
        for (let n = 0; n < steps; n++) sum += Number(await call.invoke(step, { n }));
        return sum;
      },
    });
    ctx.provide("tool", chaos);
  },
});

await createKernel({
  plugins: [journals[database](), work(), workflow({ leaseMs, maxConcurrent, pollMs: 100, maxTakeovers: 1_000 })],
});
process.stdout.write("ready\n");
