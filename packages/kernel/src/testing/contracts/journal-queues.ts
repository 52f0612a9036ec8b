import type { ClaimFilter, Journal } from "../../kinds/journal.ts";
import { equal, holds } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, bob, draftAppend, draftRun, idsOf, LEASE, parking } from "./journal-drafts.ts";

const MINUTE = 60_000;

/** Makes queued runs, a millisecond apart. */
async function fill(
  { thing, clock }: { readonly thing: Journal; readonly clock: { advance(ms: number): void | Promise<void> } },
  ids: readonly string[],
  more: Parameters<typeof draftRun>[1] = { queue: "q" },
): Promise<void> {
  for (const id of ids) {
    await thing.create(draftRun(id, more));
    await clock.advance(1);
  }
}

async function end(journal: Journal, id: string): Promise<void> {
  const run = await journal.get(id);
  if (run !== undefined) await journal.append([draftAppend(run, 0, [], { update: { status: "done" } })]);
}

const take = async (journal: Journal, claim: Partial<ClaimFilter>, who = ann) =>
  idsOf(await journal.claim({ ...who, limit: 10, ...claim }));

/** Whose turn it is, and how many at a time. */
export const journalQueues: readonly Contract<Journal>[] = [
  {
    name: "more urgent runs are claimed first",
    async run(open) {
      await using opened = await open();
      for (const priority of ["low", "high", "critical", "normal"] as const)
        await fill(opened, [priority], { priority });
      await fill(opened, ["plain"], {});
      const expected = ["critical", "high", "normal", "plain", "low"];
      equal(await take(opened.thing, {}), expected, "by priority, and normal where none is named");
    },
  },
  {
    name: "a less urgent run that has waited a minute for each rank goes first",
    async run(open) {
      await using opened = await open();
      await fill(opened, ["low"], { priority: "low" });
      await opened.clock.advance(3 * MINUTE - 2);
      await fill(opened, ["before"], { priority: "critical" });
      await opened.clock.advance(1);
      await fill(opened, ["after"], { priority: "critical" });
      equal(await take(opened.thing, {}), ["before", "low", "after"], "it has grown as urgent as they are");
    },
  },
  {
    name: "a delayed run is nobody's before its time, and its wait counts from then",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const wakeAt = clock.now() + 50;
      const { run } = await journal.create(draftRun("late", { wakeAt }), ann);
      equal([run.status, run.wakeAt], ["queued", wakeAt], "it is queued, not claimed by who made it");
      await fill(opened, ["soon"], {});
      equal(await take(journal, { ids: ["late"] }), [], "not by name either");
      await clock.advance(49);
      equal(await take(journal, {}), ["soon", "late"], "after what was due before");
      equal((await journal.get("late"))?.wakeAt, undefined, "once begun, it waits for no time");
      const { run: due } = await journal.create(draftRun("due", { wakeAt: clock.now() }), ann);
      equal(due.status, "running", "a time that has come is no delay");
    },
  },
  {
    name: "a run under a queue is not begun by who makes it",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r", { queue: "q" }), ann);
      equal([run.status, run.queue], ["queued", "q"], "its queue has to be asked");
    },
  },
  {
    name: "a claim that names queues takes their runs and those under none",
    async run(open) {
      await using opened = await open();
      for (const queue of ["a", "b"]) await fill(opened, [queue], { queue });
      await fill(opened, ["none"], {});
      equal(await take(opened.thing, { queues: [{ name: "a" }] }), ["a", "none"], "b is for others");
      equal(await take(opened.thing, { queues: [] }), [], "who serves no queue leaves it");
      equal(await take(opened.thing, {}), ["b"], "who names none serves all");
    },
  },
  {
    name: "a queue's concurrency holds over all workers, and a full queue holds up no other",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      await fill(opened, ["a", "b", "c", "d"]);
      await fill(opened, ["free"], {});
      const queues = [{ name: "q", concurrency: 2 }];
      equal(await take(opened.thing, { queues, limit: 1 }), ["a"], "the first");
      equal(await take(other, { queues }, bob), ["b", "free"], "one more, and what is under no queue");
      equal(await take(opened.thing, { queues }), [], "the queue is full");
      equal(await take(opened.thing, { queues, ids: ["c"] }), [], "by name too");
      await end(opened.thing, "a");
      equal(await take(other, { queues }, bob), ["c"], "an end makes room");
      const waiting = await opened.thing.get("b");
      if (waiting !== undefined) await opened.thing.append([draftAppend(waiting, 0, [], { update: parking(waiting) })]);
      equal(await take(opened.thing, { queues }), ["d"], "and so does a run that waits");
    },
  },
  {
    name: "of claims at the same time none goes beyond a queue's concurrency",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      const names = Array.from({ length: 12 }, (_, n) => `r${n}`);
      await fill(opened, names);
      const queues = [{ name: "q", concurrency: 3 }];
      for (let round = 0; round < 4; round++) {
        const claims = [opened.thing, other, opened.thing, other].map((journal, n) =>
          take(journal, { queues, limit: 2 }, n % 2 === 0 ? ann : bob),
        );
        const taken = (await Promise.all(claims)).flat();
        equal([taken.length, new Set(taken).size], [3, 3], "three, each once");
        const owned = await other.list({ owned: true, queue: "q" });
        equal(owned.length, 3, "and no more are owned");
        for (const { id } of owned) await end(opened.thing, id);
      }
    },
  },
  {
    name: "a worker and a tenant have their share of a queue",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      await fill(opened, ["a1", "a2", "a3"], { queue: "q", tenant: "a" });
      await fill(opened, ["b1"], { queue: "q", tenant: "b" });
      await fill(opened, ["c1", "c2"]);
      const perTenant = [{ name: "q", perTenant: 1 }];
      equal(await take(journal, { queues: perTenant }), ["a1", "b1", "c1"], "one of each tenant, and one of none");
      const perWorker = [{ name: "q", perWorker: 4 }];
      equal(await take(journal, { queues: perWorker }), ["a2"], "ann has three already");
      equal(await take(journal, { queues: perWorker }, bob), ["a3", "c2"], "bob has his own share");
    },
  },
  {
    name: "a rate counts what is begun in any window, not what goes on",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await fill(opened, ["a", "b", "c", "d", "e"]);
      const queues = [{ name: "q", rate: { limit: 2, perMs: 100 } }];
      equal(await take(journal, { queues, limit: 1 }), ["a"], "the first");
      await clock.advance(60);
      equal(await take(journal, { queues }), ["b"], "the second, and no third");
      await end(journal, "a");
      equal(await take(journal, { queues }), [], "an end makes no room");
      const begun = await journal.get("b");
      if (begun !== undefined)
        await journal.append([draftAppend(begun, 0, [], { update: parking(begun, clock.now()) })]);
      equal(await take(journal, { queues }), ["b"], "what has begun goes on");
      await clock.advance(40);
      equal(await take(journal, { queues }), ["c"], "the window slides: the first has left it");
      await clock.advance(60);
      equal(await take(journal, { queues, limit: 1 }), ["d"], "then the second");
    },
  },
  {
    name: "a partition is one after the other, oldest first, until each has ended",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      await fill(opened, ["x1", "x2"], { queue: "q", partition: "x" });
      await fill(opened, ["y1"], { queue: "q", partition: "y" });
      await fill(opened, ["x3"], { queue: "other", partition: "x" });
      const queues = [{ name: "q" }, { name: "other" }];
      equal(await take(journal, { queues }), ["x1", "y1", "x3"], "partitions of another queue are others");
      const first = await journal.get("x1");
      if (first !== undefined) await journal.append([draftAppend(first, 0, [], { update: parking(first) })]);
      equal(await take(await second(opened), { queues }, bob), [], "one that waits has not ended");
      await journal.cancel("x1", { code: "x", message: "No.", retryable: false });
      equal(await take(journal, { queues }), ["x1"], "it may go on itself");
      await end(journal, "x1");
      equal(await take(journal, { queues }), ["x2"], "then it is the next one's turn");
    },
  },
  {
    name: "a dead run that is queued again waits for its partition, and then holds it",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const other = await second(opened);
      await fill(opened, ["a", "b", "c"], { queue: "q", partition: "p" });
      const queues = [{ name: "q" }];
      equal(await take(journal, { queues }), ["a"], "the first");
      await clock.advance(LEASE);
      await other.claim({ ...bob, limit: 1, queues, maxTakeovers: 0 });
      equal((await journal.get("a"))?.status, "dead", "it was lost too often");
      equal(await take(journal, { queues }), ["b"], "so it is the next one's turn");
      await journal.requeue("a");
      equal(await take(other, { queues }, bob), [], "which is not disturbed");
      equal(await take(other, { queues, ids: ["a"] }, bob), [], "by name neither");
      await end(journal, "b");
      equal(await take(other, { queues }, bob), ["a"], "then the oldest goes on");
      equal((await journal.get("a"))?.startedAt, clock.now(), "anew");
      equal(await take(journal, { queues }), [], "alone again");
      await end(journal, "a");
      equal(await take(journal, { queues }), ["c"], "until it has ended");
    },
  },
  {
    name: "a takeover stays within the limits",
    async run(open) {
      await using opened = await open();
      await fill(opened, ["a", "b"]);
      const queues = [{ name: "q", concurrency: 1, rate: { limit: 1, perMs: MINUTE } }];
      await take(opened.thing, { queues });
      await opened.clock.advance(LEASE);
      equal(await take(opened.thing, { queues }, bob), ["a"], "what somebody lost has its place already");
      equal(await take(opened.thing, { queues }, bob), [], "and only that");
    },
  },
  {
    name: "a claim takes only runs of the versions it serves, or that name none",
    async run(open) {
      await using opened = await open();
      for (const id of ["v1", "v2", "v3"]) await fill(opened, [id], { version: id });
      const { version: _, ...bare } = draftRun("bare");
      await opened.thing.create(bare);
      const serving = (...versions: string[]) => ({ actions: [{ kind: "workflow", name: "orders", versions }] });
      equal(await take(opened.thing, serving("v1", "v3")), ["v1", "v3", "bare"], "the others wait for theirs");
      equal(await take(opened.thing, serving()), [], "no version is none");
      const any = { actions: [{ kind: "workflow", name: "orders" }] };
      equal(await take(opened.thing, any), ["v2"], "who names no version serves all");
    },
  },
  {
    name: "a run that costs too many workers their lives is dead, until it is queued again",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await journal.create(draftRun("r"), ann);
      await journal.create(draftRun("parent"), ann);
      const lost = async () => {
        await clock.advance(LEASE);
        return (await journal.claim({ ...bob, limit: 1, ids: ["r"], maxTakeovers: 1 }))[0];
      };
      const taken = await lost();
      equal([taken?.status, taken?.takeovers, taken?.epoch], ["running", 1, 2], "the first takeover");
      const dead = await lost();
      equal(
        [dead?.status, dead?.owner, dead?.leaseUntil],
        ["dead", undefined, undefined],
        "the second is one too many",
      );
      equal([dead?.error?.code, dead?.finishedAt], ["run.dead", clock.now()], "it says why");
      equal(await journal.get("r"), dead, "and is kept so");
      if (taken !== undefined) equal(await journal.append([draftAppend(taken, 0, ["a"])]), ["fenced"], "nobody's");
      equal(await lost(), undefined, "it is not claimed");
      const again = await journal.requeue("r");
      equal(
        [again.status, again.takeovers, again.error, again.finishedAt],
        ["queued", 0, undefined, undefined],
        "anew",
      );
      equal(await journal.requeue("r"), again, "what is not dead stays as it is");
      holds((await lost())?.status === "running", "and is begun like any other");
    },
  },
];
