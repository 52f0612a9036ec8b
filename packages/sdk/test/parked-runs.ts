// Run by parked-runs.test.ts in processes of their own, with the collector in hand: "park" begins very many runs that
// wait for months and then idles, "wake" comes later, has begun none of them, idles and wakes them all. Each prints one
// JSON line about what it saw.
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, defineTool, defineWorkflow, type RunStatus, systemClock } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { sqlite } from "@mofa/persistence/sqlite";
import { workflow } from "@mofa/workflow";

export interface Parked {
  /** Runs that were begun and parked in a second. */
  readonly perSecond: number;
  readonly heapPerRun: number;
  readonly filePerRun: number;
  readonly waiting: number;
  readonly owned: number;
  readonly idle: Idle;
}

export interface Woken {
  readonly before: { readonly waiting: number; readonly owned: number };
  readonly idle: Idle;
  /** Of the process, while all are parked. */
  readonly heapMb: number;
  /** Milliseconds from a signal to the end of its run, of some, one after the other. */
  readonly latency: { readonly median: number; readonly worst: number };
  /** Runs that were woken and ended in a second. */
  readonly perSecond: number;
  readonly done: number;
  /** Runs whose step after the wait was done, and those where it was done more than once. */
  readonly ran: number;
  readonly twice: number;
  readonly owned: number;
  readonly listened: number;
}

interface Idle {
  /** Milliseconds of processor time in a second. */
  readonly cpu: number;
  readonly timers: number;
}

const MONTHS = 90 * 24 * 3_600_000;
const SINGLY = 50;
const AT_A_TIME = 1000;
const [, , mode, file = "", count = "2000", idle = "1000"] = process.argv;
const RUNS = Number(count);
const IDLE_MS = Number(idle);

let timers = 0;
const clock: Clock = {
  ...systemClock,
  after(ms, callback) {
    timers++;
    let open = true;
    const close = () => {
      if (open) timers--;
      open = false;
    };
    const stop = systemClock.after(ms, () => {
      close();
      callback();
    });
    return () => {
      close();
      stop();
    };
  },
};

const effects = new Map<number, number>();
const effect = defineTool({
  name: "effect",
  input: { type: "object" },
  run({ n }) {
    effects.set(Number(n), (effects.get(Number(n)) ?? 0) + 1);
    return n;
  },
});
const patient = defineWorkflow({
  name: "patient",
  version: "1",
  input: { type: "object" },
  async run({ n }, call) {
    await call.hear(Number(n) % 2 === 0 ? "news" : "topic:orders.*", { timeout: MONTHS });
    return call.invoke(effect, { n });
  },
});

await using kernel = await createKernel({ clock, plugins: [sqlite({ file, durability: "relaxed" })] });
kernel.provide("tool", effect);
kernel.provide("workflow", patient);
await kernel.plug(workflow({ maxConcurrent: 200, parkAfterMs: 0 }));
await kernel.started();
const engine = kernel.get("engine", "runs");
const journal = kernel.get("journal", "sqlite");
process.stdout.write(`${JSON.stringify(await (mode === "park" ? park() : wake()))}\n`);

async function park(): Promise<Parked> {
  const before = heap();
  const began = performance.now();
  await inBatches(0, 1, (n) => engine.start(patient, { n }, { id: `r${n}` }));
  await until(async () => (await owned()) === 0 && (await open(["queued"])) === 0);
  const perSecond = rate(RUNS, began);
  const idle = await idling();
  return {
    ...{ perSecond, idle },
    heapPerRun: Math.round((heap() - before) / RUNS),
    filePerRun: Math.round(statSync(file).size / RUNS),
    waiting: await countOf("waiting"),
    owned: await owned(),
  };
}

async function wake(): Promise<Woken> {
  const before = { waiting: await countOf("waiting"), owned: await owned() };
  const idle = await idling();
  const heapMb = Math.round(heap() / 1e5) / 10;
  const took: number[] = [];
  for (let n = 0; n < 2 * SINGLY; n += 2) took.push(await latencyOf(n));
  took.sort((left, right) => left - right);
  const began = performance.now();
  await inBatches(2 * SINGLY, 2, (n) => engine.open(`r${n}`).signal("news", n));
  await tellAll();
  await until(async () => effects.size === RUNS && (await open(["queued", "running", "waiting"])) === 0);
  return {
    ...{ before, idle, heapMb },
    latency: { median: rounded(took[SINGLY / 2] ?? 0), worst: rounded(took.at(-1) ?? 0) },
    perSecond: rate(RUNS - SINGLY, began),
    done: await countOf("done"),
    ran: effects.size,
    twice: [...effects.values()].filter((times) => times > 1).length,
    owned: await owned(),
    listened: (await journal.listens()).length,
  };
}

/** Says something to a run that nobody works on, and waits until it has ended. */
async function latencyOf(n: number): Promise<number> {
  const run = `r${n}`;
  const ended = Promise.withResolvers<void>();
  const unwatch = kernel.watch({ type: "run.changed" }, (event) => {
    if (event.type === "run.changed" && event.run === run && event.status === "done") ended.resolve();
  });
  const began = performance.now();
  await engine.open(run).signal("news", n);
  await ended.promise;
  unwatch();
  return performance.now() - began;
}

/** Says something to all that listen to the topic: this process hears of them with its first look around. */
async function tellAll(): Promise<void> {
  await until(async () => {
    await kernel.send({ to: "topic:orders.new", type: "order", body: 7 });
    await sleep(500);
    const [{ status, wakes } = { status: "waiting", wakes: 0 }] = await journal.list({ ids: ["r1"] });
    return status !== "waiting" || wakes > 0;
  });
}

/** What the process costs while nothing happens. */
async function idling(): Promise<Idle> {
  await sleep(IDLE_MS / 4);
  heap();
  const before = process.cpuUsage();
  await sleep(IDLE_MS);
  const { user, system } = process.cpuUsage(before);
  return { cpu: rounded((user + system) / IDLE_MS), timers };
}

function heap(): number {
  const collect = globalThis.gc as () => void;
  for (let round = 0; round < 4; round++) collect();
  return process.memoryUsage().heapUsed;
}

async function countOf(status: string): Promise<number> {
  const counts = await journal.counts();
  return counts.reduce((sum, one) => (one.status === status ? sum + one.count : sum), 0);
}

async function owned(): Promise<number> {
  return (await journal.list({ owned: true, limit: RUNS })).length;
}

/** Whether there is any of these, as a number. */
async function open(status: readonly RunStatus[]): Promise<number> {
  return (await journal.list({ status, limit: 1 })).length;
}

async function inBatches(first: number, step: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = first; n < RUNS; ) {
    const batch: Promise<unknown>[] = [];
    for (; n < RUNS && batch.length < AT_A_TIME; n += step) batch.push(work(n));
    await Promise.all(batch);
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}

function rate(runs: number, began: number): number {
  return Math.round((runs / (performance.now() - began)) * 1000);
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
