// A seeded world of processes on one journal, in which everything goes wrong; then it calms down, and what must hold is
// checked from outside.
import {
  definePlugin,
  type Engine,
  inMemoryJournal,
  type Journal,
  type JournalRow,
  type RunRecord,
} from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { countedIds, seededRandom } from "@mofa/kernel/testing";
import { workflow } from "../../src/index.ts";
import { createWorld, turns } from "../world.ts";
import { createProcess, type Faults, NO_FAULTS, type Process } from "./faults.ts";
import { createStory, type Outside, type Result, rightResult } from "./story.ts";

const LEASE_MS = 3000;
const NARROW = 2;
const HOUR = 3_600_000;

export interface Simulation {
  readonly runs: number;
  readonly deaths: number;
  readonly takeovers: number;
  readonly begunTwice: number;
  readonly inDoubt: number;
  /** What must not be, as sentences. */
  readonly wrong: readonly string[];
}

interface Worker {
  readonly process: Process;
  readonly engine: Engine;
}

export async function simulate(seed: number): Promise<Simulation> {
  const random = seededRandom(seed);
  const upTo = (most: number) => Math.floor(random() * most);
  const { clock } = createWorld();
  const real = inMemoryJournal({ clock });
  const kept = new Set<string>();
  const outside: Outside = { kept, begun: new Map(), repeated: [], arrived: new Map() };
  const wrong: string[] = [];
  const journal = watched(real, { kept, wrong });
  const faults: Faults = {
    lost: random() * 0.05,
    unknown: random() * 0.05,
    pause: random() * 0.02,
    death: random() * 0.02,
  };
  let workers: Worker[] = [];
  let lives = 0;
  let deaths = 0;

  async function open(): Promise<void> {
    const life = ++lives;
    const process = createProcess({
      world: clock,
      journal,
      random,
      pauseMs: () => random() * 2.5 * LEASE_MS,
      faults: NO_FAULTS,
    });
    const ids = countedIds(life + seed * 1000);
    const kernel = await createKernel({
      clock: process.clock,
      ids: { ...ids, unique: () => `l${life}${ids.unique()}` },
      plugins: [
        definePlugin({
          name: "journal",
          version: "1.0.0",
          setup: (ctx) => void ctx.provide("journal", process.journal),
        })(),
      ],
    });
    let engine: Engine | undefined;
    const story = createStory(outside, random, () => engine ?? kernel.get("engine", "runs"));
    kernel.provide("workflow", story.main);
    kernel.provide("workflow", story.child);
    await kernel.plug(
      definePlugin({
        name: "newsroom",
        version: "1.0.0",
        setup: (ctx) =>
          void ctx.receive("topic:news", ({ id, body }) => {
            const text = JSON.stringify(body);
            outside.arrived.set(text, (outside.arrived.get(text) ?? new Set()).add(id));
          }),
      })(),
    );
    await kernel.plug(
      workflow({
        leaseMs: LEASE_MS,
        pollMs: 200,
        parkAfterMs: 500,
        maxConcurrent: 4,
        maxTakeovers: 1000,
        queues: [{ name: "narrow", concurrency: NARROW, perTenant: 1 }],
      }),
    );
    engine = kernel.get("engine", "runs");
    process.faults = faults;
    workers.push({ process, engine });
  }

  const ids = Array.from({ length: 2 + upTo(4) }, (_, n) => ({ id: `r${n}`, n, accepted: false, cancelled: false }));
  const anyone = () => workers[upTo(workers.length)];

  /** A client tries; what it does not hear of, it tries again some other time. */
  async function tryOnce(work: (engine: Engine) => Promise<unknown>): Promise<boolean> {
    const worker = anyone();
    if (worker === undefined) return false;
    let done = false;
    const attempt = work(worker.engine).then(
      () => (done = true),
      () => {},
    );
    // A dead or paused process answers nobody: a client does not wait for ever.
    await Promise.race([attempt, turns(40)]);
    return done;
  }

  for (let n = 0; n < 3; n++) await open();
  const mainOf = createStory(outside, random, () => workers[0]?.engine as Engine).main;

  for (let round = 0; round < 70; round++) {
    const calm = round >= 40;
    const gone = workers.filter(({ process }) => process.dead);
    deaths += gone.length;
    workers = workers.filter(({ process }) => !process.dead);
    while (workers.length < 3) await open();
    for (const { process } of workers) {
      process.faults = calm ? NO_FAULTS : faults;
      if (!calm && random() < 0.03) process.setClock((random() - 0.5) * 2 * HOUR);
    }
    for (const run of ids) {
      if (!run.accepted && (calm || random() < 0.3))
        run.accepted = await tryOnce((engine) =>
          engine.start(mainOf, { n: run.n }, { id: run.id, tenant: `t${run.n % 2}` }),
        );
      if (run.accepted && random() < 0.15)
        await tryOnce((engine) => engine.open(run.id).signal("paid", run.n, { id: "the one payment" }));
    }
    for (const { token } of await real.tasks({ status: "open" }))
      if (calm || random() < 0.2) await tryOnce((engine) => engine.decide(token, { value: "yes", by: "ann" }));
    // A clock that ran ahead may have put a sleep's end that far away.
    if (round > 50) clock.jump(HOUR / 4);
    // Small steps, in which leases are renewed.
    const until = clock.now() + 100 + upTo(1500);
    while (clock.now() < until) {
      clock.jump(100);
      await turns(6);
    }
    if (calm && (await settled(real, ids))) break;
  }
  wrong.push(...(await faultsOf(real, ids, outside)));
  const records = await real.list({ limit: 1000 });
  return {
    runs: records.length,
    deaths,
    takeovers: records.reduce((all, { takeovers }) => all + takeovers, 0),
    begunTwice: [...outside.begun.values()].filter((count) => count > 1).length,
    inDoubt: records.filter(({ output }) => (output as Result | undefined)?.paid === "in doubt").length,
    wrong: [...wrong, ...outside.repeated.map((key) => `${key} was run again although its result was kept`)],
  };
}

/** The real journal, with an eye on what is kept and on how many runs of a queue are owned. */
function watched(real: Journal, { kept, wrong }: { readonly kept: Set<string>; readonly wrong: string[] }): Journal {
  return {
    ...real,
    async append(batch) {
      const outcomes = await real.append(batch);
      batch.forEach(({ run, rows, update }, index) => {
        if (outcomes[index] !== "kept" || update?.restart !== undefined) return;
        for (const row of rows) if (row.type === "step") kept.add(`${run}/${row.key}`);
      });
      return outcomes;
    },
    async claim(filter) {
      const taken = await real.claim(filter);
      const owned = await real.list({ queue: "narrow", owned: true });
      if (owned.length > NARROW) wrong.push(`${owned.length} runs of the queue "narrow" were owned at a time`);
      return taken;
    },
  };
}

async function settled(journal: Journal, ids: readonly { readonly id: string }[]): Promise<boolean> {
  const records = await Promise.all(ids.map(({ id }) => journal.get(id)));
  return records.every((record) => record?.finishedAt !== undefined);
}

async function faultsOf(
  journal: Journal,
  ids: readonly { readonly id: string; readonly n: number }[],
  outside: Outside,
) {
  const wrong: string[] = [];
  for (const { id, n } of ids) {
    const record = await journal.get(id);
    const result = record?.output as Result | undefined;
    if (record?.status !== "done" || result === undefined) wrong.push(`${id} is ${describe(record)}`);
    else if (JSON.stringify(result) !== JSON.stringify(rightResult(n, result)))
      wrong.push(`${id} came to ${JSON.stringify(result)}`);
    const rows = await journal.rows(id);
    wrong.push(...rowFaults(id, rows));
    const paid = [...outside.begun].filter(([key]) => key.startsWith(`${id}/`) && key.includes("tool:pay"));
    for (const [key, count] of paid) if (count > 1) wrong.push(`${key} was begun ${count} times`);
    const told = outside.arrived.get(JSON.stringify({ run: id }));
    if (told?.size !== 1) wrong.push(`the news of ${id} has ${told?.size ?? 0} ids`);
    const children = await journal.list({ parent: id });
    if (children.length !== 1) wrong.push(`${id} has ${children.length} children`);
  }
  return wrong;
}

function rowFaults(id: string, rows: readonly JournalRow[]): readonly string[] {
  const seen = new Set<string>();
  const wrong: string[] = [];
  rows.forEach(({ seq, key, type }, index) => {
    if (seq !== index) wrong.push(`${id} has the row ${seq} in place ${index}`);
    if (seen.has(`${type === "begin"} ${key}`)) wrong.push(`${id} has two rows for ${key}`);
    seen.add(`${type === "begin"} ${key}`);
  });
  return wrong;
}

function describe(record: RunRecord | undefined): string {
  if (record === undefined) return "not there";
  return `${record.status}${record.error === undefined ? "" : `: ${record.error.message}`}`;
}
