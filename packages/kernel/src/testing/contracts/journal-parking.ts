import type { Journal } from "../../kinds/journal.ts";
import { equal } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import {
  ann,
  bob,
  draftAppend,
  draftRow,
  draftRun,
  draftTask,
  idsOf,
  LEASE,
  parking,
  parkRun,
} from "./journal-drafts.ts";

const reason = { code: "user.cancelled", message: "No longer wanted.", retryable: false };
const signal = { run: "r", id: "s1", name: "paid", body: 1 };

/** Everything that wakes a run "r" which has opened the task "t" and waits for its child "c". */
const wakers: Readonly<Record<string, (journal: Journal) => Promise<unknown>>> = {
  "a signal": (journal) => journal.signal(signal),
  "an answer": (journal) => journal.answer("t", { value: 1, by: "Ann" }),
  "a wish to cancel": (journal) => journal.cancel("r", reason),
  "the end of a child": async (journal) => {
    const [child] = await journal.claim({ ...bob, limit: 1, ids: ["c"] });
    if (child !== undefined)
      await journal.append([draftAppend(child, 0, ["a"], { update: { status: "failed", error: reason } })]);
  },
  "a child that is cancelled before it begins": (journal) => journal.cancel("c", reason),
};

async function prepare(journal: Journal) {
  const { run } = await journal.create(draftRun("r"), ann);
  await journal.append([draftAppend(run, 0, ["ask"], { tasks: [draftTask("t", "r")] })]);
  await journal.create(draftRun("c", { parent: { run: "r", key: "child/1" } }));
  return run;
}

const take = async (journal: Journal) => idsOf(await journal.claim({ ...bob, limit: 10, ids: ["r"] }));

/** Runs that wait and cost nothing, and what wakes them. */
export const journalParking: readonly Contract<Journal>[] = [
  ...Object.entries(wakers).map(([name, wake]) => ({
    name: `${name} wakes a run that waits, and one that is about to`,
    async run(open: Parameters<Contract<Journal>["run"]>[0]) {
      {
        await using opened = await open();
        const { thing: journal } = opened;
        const run = await prepare(journal);
        equal(await journal.append([draftAppend(run, 1, [], { update: parking(run) })]), ["kept"], "it waits");
        equal(await take(journal), [], "and nobody needs to work on it");
        await wake(await second(opened));
        const woken = await journal.get("r");
        equal([woken?.status, woken?.owner, woken?.wakes], ["waiting", undefined, 1], "something has come");
        equal(idsOf(await journal.claim({ ...bob, limit: 10 })).includes("r"), true, "anybody may go on with it");
        const taken = await journal.get("r");
        equal([taken?.status, taken?.epoch, taken?.takeovers], ["running", 2, 0], "that is no takeover");
      }
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const run = await prepare(journal);
      await wake(await second(opened));
      equal((await journal.get("r"))?.wakes, 1, "it is counted while somebody works on the run");
      equal((await journal.get("r"))?.owner, "ann", "who keeps it");
      const until = clock.now() + 1_000_000;
      await journal.append([draftAppend(run, 1, [], { update: parking(run, until) })]);
      equal((await journal.get("r"))?.owner, undefined, "its worker let go before it knew");
      equal(await take(journal), ["r"], "so it is due at once");
    },
  })),
  {
    name: "a run that waits for a time is due at that time, under its priority",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const old = await parkRun(journal, draftRun("r"), clock.now() + 5 * LEASE);
      const parked = await journal.get("r");
      equal([parked?.wakeAt, parked?.leaseUntil], [clock.now() + 5 * LEASE, undefined], "it tells when");
      equal(await journal.append([draftAppend(old, 0, ["late"])]), ["fenced"], "who let go writes no more");
      await clock.advance(5 * LEASE - 1);
      await journal.create(draftRun("younger"));
      equal(idsOf(await journal.claim({ ...bob, limit: 1 })), ["younger"], "not before");
      await clock.advance(1);
      await journal.create(draftRun("low", { priority: "low" }));
      equal(idsOf(await journal.claim({ ...bob, limit: 10 })), ["r", "low"], "in its turn");
      equal((await journal.get("r"))?.wakeAt, undefined, "a claim takes the time away");
    },
  },
  {
    name: "what was woken is taken in its turn, of whatever queue it is",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const runs = [draftRun("plain"), draftRun("low", { priority: "low", queue: "q" }), draftRun("x", { queue: "x" })];
      for (const run of [...runs, draftRun("asleep", { queue: "q" })]) await parkRun(journal, run);
      for (const run of ["low", "x", "plain"]) {
        await journal.signal({ ...signal, run });
        await clock.advance(1);
      }
      const claim = { ...bob, limit: 10 };
      equal(idsOf(await journal.claim({ ...claim, queues: [{ name: "other" }] })), ["plain"], "of the queues named");
      equal(idsOf(await journal.claim(claim)), ["x", "low"], "of all, where none is named");
      equal((await journal.get("asleep"))?.status, "waiting", "what nothing came for is left");
    },
  },
  {
    name: "a run that waits for no time waits for ever, whatever happens to leases",
    async run(open) {
      await using opened = await open();
      await parkRun(opened.thing, draftRun("r"));
      await opened.clock.advance(1_000 * LEASE);
      equal(await opened.thing.claim({ ...bob, limit: 10, deadWorkers: ["ann"] }), [], "it is nobody's loss");
      equal((await opened.thing.get("r"))?.takeovers, 0, "and was never taken over");
    },
  },
  {
    name: "waiting is not parking: its worker still has it",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await journal.append([draftAppend(run, 0, [], { update: { status: "waiting" } })]);
      await journal.signal(signal);
      const waiting = await journal.get("r");
      equal([waiting?.status, waiting?.owner, waiting?.wakes], ["waiting", "ann", 1], "what comes is counted");
      equal(await take(journal), [], "and it is not free");
      equal(await journal.append([draftAppend(run, 0, ["a"])]), ["kept"], "its worker goes on");
    },
  },
  {
    name: "what wakes a run twice, or after it was woken, is counted and changes nothing else",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await parkRun(journal, draftRun("r"));
      await journal.signal(signal);
      const first = await journal.get("r");
      await clock.advance(3);
      await journal.signal(signal);
      equal(await journal.get("r"), first, "a signal that is known wakes nobody");
      await journal.cancel("r", reason);
      await journal.cancel("r", { ...reason, message: "again" });
      const last = await journal.get("r");
      equal([last?.wakes, last?.cancelRequested], [2, reason], "nor does a wish that is known");
    },
  },
  {
    name: "a parking that is repeated because its answer was lost is kept once",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      const part = draftAppend(run, 0, [], { update: parking(run, clock.now() + 9) });
      await journal.append([part]);
      const parked = await journal.get("r");
      await clock.advance(1);
      equal([await journal.append([part]), await journal.get("r")], [["kept"], parked], "as it was");
    },
  },
  {
    name: "a run begins anew from a fresh input and forgets its rows, open questions and listens",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      const listens = [{ key: "l", topic: "orders" }];
      const tasks = [draftTask("open", "r"), draftTask("answered", "r")];
      await journal.append([draftAppend(run, 0, ["a", "b"], { tasks, listens })]);
      await journal.answer("answered", { value: 1, by: "Ann" });
      await journal.signal(signal);
      await clock.advance(4);
      const update = { status: "running", restart: { input: { turn: 2 } } } as const;
      equal(await journal.append([draftAppend(run, 2, ["c"], { update })]), ["kept"], "it begins anew");
      const expected = { ...run, input: { turn: 2 }, turn: 1, wakes: 2, updatedAt: clock.now() };
      equal(await (await second(opened)).get("r"), expected, "still its worker's, one turn on");
      equal([await journal.rows("r"), await journal.listens()], [[], []], "rows and listens are gone");
      equal(
        (await journal.tasks()).map(({ token }) => token),
        ["answered"],
        "and so is the open question",
      );
      equal((await journal.signals("r")).length, 1, "a signal that was not taken in stays");
      equal(await journal.append([draftAppend(run, 0, ["x"])]), ["kept"], "numbers begin at 0");
      equal(await journal.rows("r"), [{ ...draftRow("x"), seq: 0 }], "only the new turn is there");
    },
  },
];
