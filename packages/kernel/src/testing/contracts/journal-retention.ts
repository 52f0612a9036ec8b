import type { Journal, RunFilter } from "../../kinds/journal.ts";
import { equal } from "../expect.ts";
import { type Contract, type Opened, second } from "./contract.ts";
import { ann, draftAppend, draftRow, draftRun, draftTask, endRun, idsOf, parkRun } from "./journal-drafts.ts";

/** Runs that ended, one millisecond after the other. */
async function ended({ thing, clock }: Opened<Journal>, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await endRun(thing, draftRun(id));
    await clock.advance(1);
  }
}

const left = async (journal: Journal) => idsOf(await journal.list()).toReversed();

/** What is seen of many runs, how long they stay, and how much they may carry. */
export const journalRetention: readonly Contract<Journal>[] = [
  {
    name: "runs are found by id, its beginning, queue, parent and owner, page by page",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      await journal.create(draftRun("a/1", { queue: "q" }));
      await journal.create(draftRun("a/2", { parent: { run: "a/1", key: "k" } }), ann);
      await journal.create(draftRun("a%"));
      await journal.create(draftRun("b/1", { queue: "other" }));
      await parkRun(journal, draftRun("A/1"));
      const list = async (filter: RunFilter) => idsOf(await journal.list(filter));
      equal(await list({ ids: ["b/1", "a/1", "none"] }), ["b/1", "a/1"], "by ids, newest first");
      equal([await list({ ids: [] }), await list({ prefix: "zz" })], [[], []], "nothing is nothing");
      equal(await list({ prefix: "a/" }), ["a/2", "a/1"], "a beginning is text, not a pattern");
      equal([await list({ queue: "q" }), await list({ queue: "none" })], [["a/1"], []], "by queue");
      equal(await list({ queue: "" }), ["A/1", "a%", "a/2"], "no queue is one too");
      equal(await list({ parent: "a/1" }), ["a/2"], "by parent");
      equal(
        [await list({ owned: true }), await list({ owned: false, prefix: "a" })],
        [["a/2"], ["a%", "a/1"]],
        "owned",
      );
      equal(await list({ limit: 2 }), ["A/1", "b/1"], "the first page");
      equal(await list({ limit: 2, before: "b/1" }), ["a%", "a/2"], "the next");
      equal(await list({ limit: 2, before: "a/2", status: ["queued"] }), ["a/1"], "the last");
      equal(await list({ before: "none" }), [], "behind an unknown one is nothing");
    },
  },
  {
    name: "runs are counted by queue and status",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      for (const id of ["a", "b"]) await journal.create(draftRun(id, { queue: "q" }));
      await journal.create(draftRun("c"), ann);
      await endRun(journal, draftRun("d"));
      await parkRun(journal, draftRun("e", { queue: "q" }));
      const counts = (await journal.counts()).map(({ queue, status, count }) => `${queue}:${status}=${count}`);
      equal(counts.sort(), [":done=1", ":running=1", "q:queued=2", "q:waiting=1"], "each pair that there is");
    },
  },
  {
    name: "ended runs are deleted by id, by age and by number, oldest first, and open ones never",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await journal.create(draftRun("open"), ann);
      await parkRun(journal, draftRun("parked"));
      const start = clock.now();
      await ended(opened, ["a", "b", "c", "d", "e"]);
      equal(await journal.prune({}), 0, "nothing named is nothing");
      equal(await journal.prune({ ids: ["c", "open", "none"] }), 1, "by id");
      equal(await journal.prune({ before: start }), 0, "none is so old");
      equal(await journal.prune({ before: start + 1 }), 1, "before a time");
      equal(await left(journal), ["open", "parked", "b", "d", "e"], "the oldest is gone");
      equal(await journal.prune({ keep: 2, limit: 1 }), 1, "all but the last two");
      equal([await journal.prune({ keep: 2 }), await left(journal)], [0, ["open", "parked", "d", "e"]], "two stay");
      equal(await journal.prune({ before: clock.now(), limit: 1 }), 1, "up to a limit");
      equal(await left(journal), ["open", "parked", "e"], "oldest first");
      equal(await journal.prune({ keep: 0, ids: ["e"], before: start }), 1, "who fits any of them goes, once");
      equal(await left(journal), ["open", "parked"], "and what is open stays");
    },
  },
  {
    name: "all that belonged to a deleted run is gone, and its id is new again",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run: gone } = await journal.create(draftRun("gone", { dedupe: "k" }), ann);
      const { run: stays } = await journal.create(draftRun("stays"), ann);
      const big = "x".repeat(40_000);
      for (const run of [gone, stays]) {
        await journal.signal({ run: run.id, id: "s", name: "n", body: big });
        const letters = [{ id: `m-${run.id}`, draft: big }];
        const tasks = [draftTask(`t-${run.id}`, run.id)];
        const listens = [{ key: "l", topic: "x" }];
        const rows = [draftRow("a", big)];
        await journal.append([{ ...draftAppend(run, 0, []), rows, letters, tasks, listens }]);
      }
      await journal.append([draftAppend(gone, 1, [], { update: { status: "done", output: big } })]);
      equal(await journal.prune({ ids: ["gone"] }), 1, "it goes");
      const other = await second(opened);
      equal(
        [await other.get("gone"), await other.rows("gone"), await other.signals("gone")],
        [undefined, [], []],
        "all",
      );
      equal(await other.task("t-gone"), undefined, "its question");
      equal(
        (await other.letters({ ...ann, limit: 9 })).map(({ id }) => id),
        ["m-stays"],
        "its letter",
      );
      equal((await other.rows("stays"))[0]?.body, big, "what it shared with another is still that one's");
      equal((await other.signals("stays"))[0]?.body, big, "its signals too");
      const { run: again, created } = await journal.create(draftRun("gone", { dedupe: "k" }), ann);
      equal([created, await journal.rows("gone"), await journal.signals("gone")], [true, [], []], "a new one is empty");
      equal(await journal.signal({ run: "gone", id: "s", name: "n", body: 1 }), true, "and knows of no signal");
      equal(await journal.append([draftAppend(again, 0, ["a"])]), ["kept"], "it is written like any other");
    },
  },
  {
    name: "what is long comes back whole",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const other = await second(opened);
      const long = (text: string) => ({ text: `${text}“天🙂”${"y".repeat(32_768)}` });
      const { run } = await journal.create(draftRun("r", { input: long("input") }), ann);
      await journal.create(draftRun("twin", { input: long("input") }));
      const question = { title: "Ship it?", context: long("question") };
      const error = { code: "x.y", message: "z".repeat(40_000), retryable: false };
      const { body: _, ...bare } = draftRow("b");
      const rows = [draftRow("a", long("row")), { ...bare, error }, draftRow("c", "x".repeat(32_766))];
      const part = {
        ...draftAppend(run, 0, []),
        rows,
        tasks: [draftTask("t", "r", { question })],
        letters: [{ id: "m", draft: long("letter") }],
      };
      equal(await journal.append([part]), ["kept"], "it is taken");
      equal(await journal.append([part]), ["kept"], "and recognised when it is repeated");
      await journal.signal({ run: "r", id: "s", name: "n", body: long("signal") });
      equal(
        await other.rows("r"),
        rows.map((row, seq) => ({ ...row, seq })),
        "rows",
      );
      equal(
        [(await other.task("t"))?.question, (await other.tasks())[0]?.question],
        [question, question],
        "a question",
      );
      await other.answer("t", { value: long("answer"), by: "Ann" });
      equal((await journal.task("t"))?.answer?.value, long("answer"), "its answer");
      equal((await other.signals("r"))[0]?.body, long("signal"), "a signal");
      equal((await other.letters({ ...ann, limit: 1 }))[0]?.draft, long("letter"), "a letter");
      equal(
        (await other.list()).map((one) => one.input).map((input) => input),
        [long("input"), long("input")],
        "inputs",
      );
      await clock.advance(1);
      await journal.cancel("r", error);
      equal((await other.get("r"))?.cancelRequested, error, "a wish to cancel");
      await journal.append([draftAppend(run, 3, [], { update: { status: "done", output: long("output") } })]);
      equal((await other.get("r"))?.output, long("output"), "an output");
      equal((await other.get("r"))?.input, long("input"), "beside its input");
      await journal.prune({ ids: ["r"] });
      equal((await other.claim({ ...ann, limit: 1 }))[0]?.input, long("input"), "what another shares stays");
    },
  },
];
