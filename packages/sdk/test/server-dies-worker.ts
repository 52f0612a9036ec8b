// One process that starts runs and works on them while its database comes and goes. Each step says that it was begun, and
// when, in a file; what was accepted, refused and logged goes to the output, and `enough` and `end` come by the input.
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Call, definePlugin, defineTool, isMofaError, toErrorJson } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { mysql } from "@mofa/persistence/mysql";
import { postgres } from "@mofa/persistence/postgres";
import { workflow } from "@mofa/workflow";

export interface DyingWorker {
  readonly name: string;
  readonly database: "postgres" | "mysql";
  readonly url: string;
  /** How long the database itself waits for a server that is away. */
  readonly reconnectTimeout: number;
  /** The file in which steps are written down. */
  readonly effects: string;
  readonly leaseMs: number;
  /** Milliseconds between two starts. */
  readonly pace: number;
}

/** Ordinary steps of each run: those one after the other, and two side by side. */
const STEPS = 6;

/** More would only wait. */
const MOST_OPEN = 24;

const given = JSON.parse(process.argv[2] ?? "{}") as DyingWorker;
const { name, database, url, reconnectTimeout, effects, leaseMs, pace } = given;
const say = (...words: readonly string[]) => process.stdout.write(`${words.join(" ")}\n`);

async function work(call: Call, what: string, ms: number): Promise<void> {
  appendFileSync(effects, `${call.run?.key} ${Date.now()} ${what}\n`);
  await sleep(ms * (0.5 + Math.random()), undefined, { signal: call.signal });
}

const input = { type: "object" };
const step = defineTool({
  name: "step",
  input,
  async run({ n }, call) {
    await work(call, "step", 15);
    return n;
  },
});
const charge = defineTool({
  name: "charge",
  input,
  effect: "once",
  async run(_, call) {
    // Long, so that the end of the server often falls into it.
    await work(call, "charge", 150);
    return "charged";
  },
});
// The table has no unique key: a second row would be there to see.
const count = defineTool({
  name: "count",
  input,
  effect: "tx",
  async run({ id }, call) {
    await call.run?.write({ type: "sql", text: "INSERT INTO counted (id) VALUES (:id)", values: { id: String(id) } });
    return "counted";
  },
});
const order = defineTool({
  name: "order",
  input,
  async run({ id }, call) {
    let sum = 0;
    for (let n = 0; n < STEPS - 2; n++) sum += Number(await call.invoke(step, { n }));
    const charged = await call.invoke(charge, {}).catch((error: unknown) => {
      if (isMofaError(error, "step.in_doubt")) return "in doubt";
      throw error;
    });
    const counted = await call.invoke(count, { id });
    const both = [STEPS - 2, STEPS - 1].map((n) => call.invoke(step, { n }));
    for (const each of await Promise.all(both)) sum += Number(each);
    return [sum, charged, counted];
  },
});

const orders = definePlugin({
  name: "orders",
  version: "1.0.0",
  setup(ctx) {
    for (const tool of [step, charge, count, order]) ctx.provide("tool", tool);
  },
});

const options = { url, connections: 4, reconnectTimeout };
const kernel = await createKernel({
  plugins: [
    database === "postgres" ? postgres(options) : mysql(options),
    orders(),
    workflow({ leaseMs, maxConcurrent: 8, pollMs: 100, maxTakeovers: 1_000 }),
  ],
  log: ({ level, message }) => void say("log", level, message),
});
const engine = kernel.get("engine", "runs");

let enough = false;
let open = 0;
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  if (line === "enough") enough = true;
  if (line !== "end") return;
  process.stdin.destroy();
  void kernel.end();
});

/** Starts a run, and waits for what it comes to as long as the database lets it. */
async function begin(id: string): Promise<void> {
  open++;
  try {
    const run = await engine.start(order, { id }, { id });
    say("accepted", id);
    await run.result();
    say("ended", id);
  } catch (error) {
    say("refused", id, toErrorJson(error).message);
  } finally {
    open--;
  }
}

say("ready");
const begun: Promise<void>[] = [];
for (let n = 0; !enough; n++) {
  if (open < MOST_OPEN) begun.push(begin(`${name}-${n}`));
  await sleep(pace);
}
await Promise.all(begun);
say("enough");
