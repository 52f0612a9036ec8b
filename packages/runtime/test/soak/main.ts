// Everything at once, for minutes, on the real clock: messages, asks, topics, calls, tasks, schedules, budgets, agents in
// threads and processes that crash and hang, plugins that are swapped and rolled back, and a folder of plugins that is
// rewritten. At the end every message is accounted for, the heap is flat, and nothing is left.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Agent } from "@mofa/kernel";
import { createKernel, inMemory } from "@mofa/kernel/host";
import { isolated, pluginFolder, schedules } from "../../src/index.ts";
import { worker } from "./agents.ts";
import { Books } from "./books.ts";
import { changing, createChanges, sky } from "./changes.ts";
import { createLoad, INLINE, ISOLATED, TENANTS } from "./load.ts";
import { toReport } from "./report.ts";
import { children, type Sample, takeSample } from "./samples.ts";

const {
  MOFA_SOAK_MINUTES = "10",
  MOFA_SOAK_SECONDS = String(Number(MOFA_SOAK_MINUTES) * 60),
  MOFA_SEED = "1",
} = process.env;
const SECONDS = Number(MOFA_SOAK_SECONDS);
const ROUND_MS = 10;
const CHANGE_MS = 250;
const FRUGAL_CALLS = 500;

const resources = () => process.getActiveResourcesInfo().filter((name) => name !== "Immediate" && name !== "Timeout");
const before = { resources: resources().length, sample: takeSample(0) };
const folder = await mkdtemp(join(tmpdir(), "mofa-soak-"));
await writeFile(join(folder, "sky.ts"), sky(0));
const books = new Books();
const kernel = await createKernel({
  plugins: [
    inMemory(),
    schedules({
      schedules: [{ name: "pulse", every: 50, missed: "skip", task: { role: "any", input: { key: "pulse" } } }],
    }),
    changing(0),
  ],
  deadLetters: { max: 500 },
  budgets: [
    { name: "tenants", scope: "tenant", limits: { calls: 1e9 } },
    { name: "frugal", scope: "tenant", of: TENANTS[2], limits: { calls: FRUGAL_CALLS } },
  ],
});
kernel.watch({ kind: "message" }, books.hear);
let restarts = 0;
kernel.watch({ type: "agent.changed" }, (event) => {
  if (event.type === "agent.changed" && event.from === "failed" && event.to === "starting") restarts++;
});
kernel.provide("supervisor", { name: "kernel", maxRestarts: 1e9, backoff: { first: 20, longest: 200 } });
const head = { roles: ["any"], capabilities: ["work"], topics: ["news.*"] };
for (const name of INLINE) kernel.provide("agent", { ...worker, ...head, name, concurrency: 4 });
for (const name of ISOLATED) kernel.provide("agent", apart(name));
const plugins = await pluginFolder(kernel, { folder, debounce: 20 });
await kernel.started();

const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
const samples: Sample[] = [];
const load = createLoad(kernel, books, Number(MOFA_SEED));
const changes = createChanges(kernel, folder);
await Promise.all([
  every(ROUND_MS, async () => load()),
  every(CHANGE_MS, changes.next),
  every(Math.max(500, SECONDS * 10), sample),
]);

await untilQuiet();
const pulse = kernel.get("schedules", "schedules").get("pulse").info;
const frugal = kernel.budgets.list().find(({ name, of }) => name === "frugal" && of === TENANTS[2])?.spent.calls ?? 0;
const letters = kernel.deadLetters.count;
await plugins[Symbol.asyncDispose]();
const ending = performance.now();
await kernel.end({ grace: 2000 });
const endMs = performance.now() - ending;
await rm(folder, { recursive: true });
// The process of an agent that has ended is taken note of a little later.
for (let turns = 0; turns < 100 && (children().length > 0 || resources().length > before.resources); turns++)
  await wait(20);
const after = { sample: takeSample(seconds()), resources: resources().length, ...kernel.counts() };

const { text, problems } = toReport({
  ...{ books, before, after, samples, changes: changes.figures, restarts, letters, endMs },
  seconds: SECONDS,
  pulse,
  budget: { spent: frugal, limit: FRUGAL_CALLS },
});
process.stdout.write(text);
if (problems.length > 0) process.exitCode = 1;

/** Does something again and again until the time is over, one after the other. */
async function every(ms: number, work: () => Promise<void>): Promise<void> {
  while (seconds() < SECONDS) {
    await work();
    await wait(ms);
  }
}

async function sample(): Promise<void> {
  samples.push(takeSample(seconds()));
}

/** Waits for all that was begun, for half a minute at most. */
async function untilQuiet(): Promise<void> {
  for (let turns = 0; turns < 300 && books.size > 0; turns++) await wait(100);
}

function apart(name: string): Agent {
  const isolation = name.startsWith("worker") ? "worker" : "process";
  return isolated({
    ...head,
    name,
    isolation,
    module: new URL("./agents.ts", import.meta.url),
    export: "worker",
    cpuMs: 500,
    heapMb: 128,
    concurrency: 4,
    supervision: { restart: "permanent", redeliver: 1 },
  });
}
