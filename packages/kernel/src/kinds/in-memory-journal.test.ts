// The in-memory journal finds runs by many orders that it keeps. Here it is asked, after random changes, for what looking
// through all runs one by one would give.
import { expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { draftAppend, draftRun, idsOf, parking } from "../testing/contracts/journal-drafts.ts";
import { seededRandom } from "../testing/ids.ts";
import { createAdmission } from "./admission.ts";
import { inMemoryJournal } from "./in-memory-journal.ts";
import type { ClaimFilter, Journal, PruneFilter, QueueLimits, RunFilter } from "./journal.ts";
import { RUN_ENDS, type RunRecord, type RunStatus } from "./journal-records.ts";
import { dueOf, isClaimable, isDuplicate } from "./run-changes.ts";

const LEASE = 50;
const QUEUES: readonly QueueLimits[] = [
  { name: "narrow", concurrency: 2 },
  { name: "rated", rate: { limit: 2, perMs: 60 }, perTenant: 2 },
];
const STATUSES: readonly RunStatus[] = ["queued", "running", "waiting", ...RUN_ENDS];

/** All runs, oldest first. */
const allOf = async (journal: Journal) => (await journal.list({ limit: Number.POSITIVE_INFINITY })).toReversed();

function listed(all: readonly RunRecord[], filter: RunFilter): readonly RunRecord[] {
  const { status, name, ids, prefix, queue, parent, owned, before, limit = 100 } = filter;
  const end = before === undefined ? all.length : all.findIndex(({ id }) => id === before);
  return all
    .slice(0, Math.max(0, end))
    .filter((run) => status?.includes(run.status) !== false && (name === undefined || run.name === name))
    .filter((run) => ids?.includes(run.id) !== false && run.id.startsWith(prefix ?? ""))
    .filter((run) => queue === undefined || (run.queue ?? "") === queue)
    .filter((run) => parent === undefined || run.parent?.run === parent)
    .filter((run) => owned === undefined || (run.owner !== undefined) === owned)
    .toReversed()
    .slice(0, limit);
}

function claimed(all: readonly RunRecord[], filter: ClaimFilter & { worker: string }, now: number): readonly string[] {
  const usageOf = (queue: string) => {
    const own = all.filter((run) => run.queue === queue);
    const since = now - (filter.queues?.find(({ name }) => name === queue)?.rate?.perMs ?? 0);
    const begun = own.filter(({ startedAt }) => startedAt !== undefined);
    const open = begun.filter(({ finishedAt }) => finishedAt === undefined);
    return {
      owned: own.filter(({ owner }) => owner !== undefined),
      begun: begun.filter(({ startedAt = 0 }) => startedAt > since).length,
      busy: new Set(open.flatMap(({ partition }) => partition ?? [])),
    };
  };
  const admission = createAdmission(filter, usageOf);
  const free = all.filter((run) => isClaimable(run, filter, now)).sort((left, right) => dueOf(left) - dueOf(right));
  const taken: string[] = [];
  for (const run of free) if (taken.length < filter.limit && admission.take(run)) taken.push(run.id);
  return taken;
}

function pruned(all: readonly RunRecord[], { ids = [], before, keep, limit = 1000 }: PruneFilter): readonly string[] {
  const ended = all.filter(({ finishedAt }) => finishedAt !== undefined);
  ended.sort((left, right) => (left.finishedAt ?? 0) - (right.finishedAt ?? 0));
  const surplus = keep === undefined ? 0 : ended.length - keep;
  const goes = ({ id, finishedAt = 0 }: RunRecord, index: number) =>
    index < surplus || ids.includes(id) || (before !== undefined && finishedAt < before);
  return idsOf(ended.filter(goes).slice(0, limit));
}

test.each([1, 2, 3, 4, 5, 6])(
  "what is found by its orders is what looking through all would find: seed %i",
  async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const oneOf = <T>(...things: readonly T[]): T => things[below(things.length)] as T;
    const maybe = <T>(field: string, ...values: readonly T[]) => (random() < 0.5 ? {} : { [field]: oneOf(...values) });
    let now = 1_000_000;
    const clock: Clock = { now: () => now, monotonic: () => now, epochOf: (at) => at, after: () => () => {} };
    const journal = inMemoryJournal({ clock });
    let made = 0;
    const happened = { taken: 0, listed: 0, gone: 0 };
    const reason = { code: "x.y", message: "z", retryable: false };
    // Mostly a young one: of those that ended long ago, little can be learned.
    const anyId = () => `r${Math.max(1, made - below(oneOf(10, 40, 400)))}`;

    const does: readonly (() => Promise<unknown>)[] = [
      () =>
        journal.create(
          draftRun(`r${++made}`, {
            ...maybe("queue", "narrow", "rated", "rated", "unnamed"),
            ...maybe("partition", "p", "q"),
            ...maybe("tenant", "t", "u", "v"),
            ...maybe("priority", "low" as const, "high" as const),
            ...maybe("wakeAt", now + below(100)),
            ...maybe("dedupe", "k", "l", "m"),
            ...maybe("parent", { run: anyId(), key: "k" }),
            ...maybe("version", "v2"),
            name: oneOf("orders", "mail"),
          }),
          oneOf(undefined, { worker: oneOf("ann", "bob"), leaseMs: LEASE }),
        ),
      async () => {
        const run = await journal.get(anyId());
        if (run?.owner === undefined) return;
        const until = oneOf(undefined, now + below(200));
        const update = oneOf(parking(run, until), { status: oneOf(...STATUSES) }, { status: "waiting" as const });
        await journal.append([draftAppend(run, (await journal.rows(run.id)).length, [], { update })]);
      },
      async () => {
        const run = await journal.get(anyId());
        if (run === undefined) return;
        const open = async () => (await allOf(journal)).filter((other) => isDuplicate(other, run)).length;
        const before = await open();
        const outcome = await oneOf(journal.cancel, journal.requeue)(run.id, reason).catch((error: unknown) => error);
        if (outcome instanceof Error) expect([run.status, before]).toEqual(["dead", 1]);
        expect(await open()).toBeLessThan(2);
      },
      async () => {
        const run = await journal.get(anyId());
        const signal = { id: String(below(1e9)), name: "n", body: 1 };
        if (run?.finishedAt === undefined && run !== undefined) await journal.signal({ run: run.id, ...signal });
      },
      async () => {
        const run = await journal.get(anyId());
        const { owner = "", epoch = 0, id = "" } = run ?? {};
        await journal.renew({ worker: owner, leaseMs: LEASE }, [{ run: id, epoch }]);
      },
      // Clocks that do not agree may also go back.
      async () => {
        now += 4 * below(10) - 8;
      },
      async () => {
        const action = { kind: "workflow", name: oneOf("orders", "mail"), ...maybe("versions", ["v1"], ["v2"]) };
        const filter = {
          ...{ worker: oneOf("ann", "bob"), leaseMs: LEASE, limit: oneOf(1, 2, 10), maxTakeovers: 2 },
          ...maybe("queues", QUEUES),
          ...maybe("deadWorkers", ["ann"]),
          ...maybe("actions", [action], []),
        };
        const expected = claimed(await allOf(journal), filter, now);
        expect(idsOf(await journal.claim(filter))).toEqual(expected);
        happened.taken += expected.length;
      },
      async () => {
        const ids = [anyId(), anyId(), anyId()];
        const filter = {
          ...maybe("status", [oneOf(...STATUSES)], [oneOf(...STATUSES), "waiting"]),
          ...maybe("owned", true, false),
          ...(random() < 0.3 ? { queue: oneOf("", "narrow") } : {}),
          ...(random() < 0.3 ? { parent: anyId() } : {}),
          ...(random() < 0.3 ? { prefix: "r1" } : {}),
          ...(random() < 0.3 ? { name: "mail" } : {}),
          ...(random() < 0.3 ? { ids } : {}),
          ...(random() < 0.3 ? { before: oneOf(...ids) } : {}),
          ...maybe("limit", 0, 1, 3),
        };
        const expected = listed(await allOf(journal), filter);
        expect(await journal.list(filter)).toEqual(expected);
        happened.listed += expected.length;
      },
      async () => {
        const tally: Record<string, number> = {};
        for (const { queue = "", status } of await allOf(journal))
          tally[`${queue} ${status}`] = (tally[`${queue} ${status}`] ?? 0) + 1;
        const counts = await journal.counts();
        expect(Object.fromEntries(counts.map(({ queue, status, count }) => [`${queue} ${status}`, count]))).toEqual(
          tally,
        );
      },
      async () => {
        if (random() < 0.8) return;
        const filter = {
          ...maybe("ids", [anyId(), anyId()]),
          ...maybe("before", now - below(200)),
          ...maybe("keep", below(20)),
          ...maybe("limit", 1, 3),
        };
        const all = await allOf(journal);
        const gone = pruned(all, filter);
        expect(await journal.prune(filter)).toBe(gone.length);
        happened.gone += gone.length;
        expect(idsOf(await allOf(journal))).toEqual(idsOf(all).filter((id) => !gone.includes(id)));
      },
    ];
    for (let step = 0; step < 3000; step++) await oneOf(...does)();
    // Enough has happened for the above to mean something.
    expect(Object.values(happened).every((count) => count > 50)).toBe(true);
  },
);
