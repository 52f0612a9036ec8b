import { inMemoryJournal, type Journal, type QueueLimits, type RunUpdate, toErrorJson } from "@mofa/kernel";
import { fakeClock, seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { openSqlite } from "../src/sqlite/index.ts";

const QUEUES: readonly QueueLimits[] = [
  { name: "a", concurrency: 3, perTenant: 2 },
  { name: "b", perWorker: 2, rate: { limit: 3, perMs: 40_000 } },
];
const IDS = Array.from({ length: 12 }, (_, n) => `r${n}`);
const reason = { code: "x.y", message: "No.", retryable: false };

/** A story as a list of things that are done to a journal, the same for whoever plays it. */
function story(seed: number) {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const maybe = <T extends object>(more: T) => (random() < 0.4 ? more : {});
  const worker = () => ({ worker: pick(["ann", "bob"]), leaseMs: 5_000 });
  const row = (key: string) => ({ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 });

  const update = (wakes: number, now: number): RunUpdate | undefined =>
    pick([
      undefined,
      { status: "done" as const, output: 1 },
      { status: "queued" as const },
      { status: "waiting" as const, park: { wakes, ...maybe({ until: now + 9_000 }) } },
      { status: "running" as const, restart: { input: 2 } },
    ]);

  const verbs: readonly (() => (journal: Journal, now: number) => Promise<unknown>)[] = [
    () => {
      const [id, by] = [pick(IDS), worker()];
      const more = {
        ...maybe({ queue: pick(["a", "b"]), ...maybe({ partition: pick(["x", "y"]) }) }),
        ...maybe({ tenant: pick(["s", "t"]) }),
        ...maybe({ priority: pick(["critical", "high", "low"] as const) }),
        ...maybe({ dedupe: pick(["k", "l"]) }),
        ...maybe({ parent: { run: pick(IDS), key: "c" } }),
      };
      const delay = maybe({ ms: 7_000 }) as { ms?: number };
      const replace = random() < 0.5;
      return (journal, now) => {
        const wakeAt = delay.ms === undefined ? {} : { wakeAt: now + delay.ms };
        const run = { id, kind: "workflow", name: "orders", input: id, ...more, ...wakeAt };
        return journal.create(run, by, { replace, rows: [row("known")] });
      };
    },
    () => {
      const claim = {
        ...worker(),
        limit: pick([1, 3, 9]),
        ...maybe({ maxTakeovers: 1 }),
        ...maybe({ queues: QUEUES }),
      };
      const dead = maybe({ deadWorkers: ["ann"] });
      return (journal) => journal.claim({ ...claim, ...dead });
    },
    () => {
      const [id, slip, made] = [pick(IDS), random(), update];
      const extras = {
        ...maybe({ letters: [{ id: `m${Math.floor(random() * 9)}`, draft: 1 }] }),
        ...maybe({ listens: [{ key: pick(["k", "l"]), topic: pick(["s", "t"]) }] }),
        ...maybe({ unlistens: ["k"] }),
        ...maybe({ consumed: ["s1"] }),
        ...maybe({ tasks: [{ token: `t-${id}`, run: id, key: "k", question: { title: "Ship it?" } }] }),
      };
      const lag = random() < 0.2 ? 1 : 0;
      const keys = pick([[], ["p"], ["p", "q"]]);
      let chosen: RunUpdate | undefined | null = null;
      return async (journal, now) => {
        const [run, rows] = [await journal.get(id), await journal.rows(id)];
        if (chosen === null) chosen = made(Math.max(0, (run?.wakes ?? 0) - lag), now);
        const seq = rows.length + (slip < 0.1 ? 1 : 0);
        const part = { run: id, epoch: run?.epoch ?? 1, seq, rows: keys.map(row), ...extras };
        return journal.append([{ ...part, ...(chosen !== undefined && { update: chosen }) }]);
      };
    },
    () => {
      const signal = { run: pick(IDS), id: pick(["s1", "s2"]), name: "paid", body: 1 };
      return (journal) => journal.signal(signal);
    },
    () => {
      const id = pick(IDS);
      return (journal) => journal.answer(`t-${id}`, { value: 1, by: "Ann" });
    },
    () => {
      const id = pick(IDS);
      return (journal) => journal.cancel(id, reason);
    },
    () => {
      const id = pick(IDS);
      return (journal) => journal.requeue(id);
    },
    () => {
      const claim = { ...worker(), limit: 2 };
      return (journal) => journal.letters(claim);
    },
    () => {
      const filter = pick([{ keep: 3 }, { ids: [pick(IDS)] }]);
      return (journal) => journal.prune({ ...filter, limit: 2 });
    },
  ];
  const weights = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8];
  return Array.from({ length: 400 }, () => (verbs[pick(weights)] as (typeof verbs)[number])());
}

/** Everything that can be seen. */
async function sight(journal: Journal): Promise<unknown> {
  const runs = await journal.list();
  const parts = runs.map(async ({ id }) => [await journal.rows(id), await journal.signals(id)]);
  const counts = (await journal.counts()).map((one) => JSON.stringify(one)).sort();
  return {
    runs,
    parts: await Promise.all(parts),
    counts,
    tasks: await journal.tasks(),
    listens: await journal.listens(),
  };
}

test("whatever is done, a file shows what the reference shows", async () => {
  const first = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  console.log(`journals compared with MOFA_SEED=${first}`);
  for (let seed = first; seed < first + 3; seed++) {
    const clock = fakeClock();
    using opened = await openSqlite({ file: ":memory:" }, { clock });
    const reference = inMemoryJournal({ clock });
    for (const [at, act] of story(seed).entries()) {
      // Never twice the same time: whose turn it is among equals is not promised.
      await clock.advance(1 + ((at * 37) % 997));
      const outcomeOf = (journal: Journal) =>
        act(journal, clock.now()).catch((thrown: unknown) => ({ refused: toErrorJson(thrown) }));
      const expected = await outcomeOf(reference);
      expect(await outcomeOf(opened.journal), `seed ${seed}, step ${at}`).toEqual(expected);
      expect(await sight(opened.journal), `seed ${seed}, after step ${at}`).toEqual(await sight(reference));
    }
  }
});
