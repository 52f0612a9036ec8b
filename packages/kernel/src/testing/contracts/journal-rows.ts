import type { Json } from "../../json.ts";
import type { Journal } from "../../kinds/journal.ts";
import { equal, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, bob, draftAppend, draftRow, draftRun, draftTask, LEASE } from "./journal-drafts.ts";

const keys = async (journal: Journal, run = "r") => (await journal.rows(run)).map((row) => row.key);

/** What is kept of a run, and who may write it. */
export const journalRows: readonly Contract<Journal>[] = [
  {
    name: "rows are kept whole and in order",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"), ann);
      const error = {
        code: "x.y",
        message: "No.",
        retryable: true,
        because: { code: "z", message: "", retryable: false },
      };
      const { body: _, ...bare } = draftRow("c");
      const rows = [
        draftRow("a"),
        { ...bare, type: "begin" as const, parent: "a" },
        { ...bare, error },
        draftRow("d", null),
      ];
      equal(await opened.thing.append([{ ...draftAppend(run, 0, []), rows }]), ["kept"], "the first append");
      equal(await opened.thing.append([draftAppend(run, 4, ["e", "f"])]), ["kept"], "the second goes on");
      const expected = [...rows, draftRow("e"), draftRow("f")].map((row, seq) => ({ ...row, seq }));
      equal(await opened.thing.rows("r"), expected, "all rows, numbered from 0");
    },
  },
  {
    name: "the old worker is fenced after a takeover, and what it tries changes nothing",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const other = await second(opened);
      const { run: old } = await journal.create(draftRun("r"), ann);
      await journal.append([draftAppend(old, 0, ["a"])]);
      await clock.advance(LEASE);
      const [taken] = await other.claim({ ...bob, limit: 1 });
      const zombie = draftAppend(old, 1, ["zombie"], { update: { status: "done" }, tasks: [draftTask("t", "r")] });
      equal(await journal.append([zombie]), ["fenced"], "the old epoch is fenced");
      equal(await journal.append([draftAppend(old, 0, ["a"])]), ["fenced"], "even in repeating what it once wrote");
      equal(await other.get("r"), taken, "the run is as bob has it");
      equal([await keys(other), await other.tasks()], [["a"], []], "no row and no task came in");
      equal(await other.append([draftAppend(taken ?? old, 1, ["b"])]), ["kept"], "the new epoch writes on");
      const same = draftAppend(taken ?? old, 0, ["a"]);
      equal(await other.append([same]), ["fenced"], "equal rows of another epoch are no repeat of its own");
    },
  },
  {
    name: "a lease that has run out but was not taken over still writes",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"), ann);
      await opened.clock.advance(LEASE * 5);
      equal(await opened.thing.append([draftAppend(run, 0, ["a"])]), ["kept"], "safety comes from the epoch alone");
    },
  },
  {
    name: "a run that nobody owns, or that never was, takes no rows",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"));
      equal(await opened.thing.append([draftAppend(run, 0, ["a"])]), ["fenced"], "a queued run");
      equal(await opened.thing.append([draftAppend({ ...run, id: "none" }, 0, ["a"])]), ["fenced"], "an unknown run");
      equal([await keys(opened.thing), await keys(opened.thing, "none")], [[], []], "nothing was written");
    },
  },
  {
    name: "an append that expects another number is fenced, unless it repeats what is kept",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await journal.append([draftAppend(run, 0, ["a", "b"])]);
      const outcome = async (seq: number, names: readonly string[]) =>
        (await journal.append([draftAppend(run, seq, names)]))[0];
      equal(await outcome(3, ["x"]), "fenced", "a gap");
      equal(await outcome(1, ["x"]), "fenced", "another row in a place that is taken");
      equal(await outcome(1, ["b", "c"]), "fenced", "a repeat that brings more");
      equal(await outcome(0, []), "fenced", "no rows at a wrong number");
      equal(await outcome(0, ["a", "b"]), "kept", "its own rows again: the answer was lost, not the rows");
      equal(await outcome(1, ["b"]), "kept", "and a part of them");
      const changed = draftAppend(run, 1, [], { rows: [draftRow("b", { key: "B" })] });
      equal(await journal.append([changed]), ["fenced"], "equal keys with another body are no repeat");
      equal(await keys(journal), ["a", "b"], "nothing was written twice");
    },
  },
  {
    name: "an end that is repeated because its answer was lost is kept once",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      const end = draftAppend(run, 0, ["a"], { update: { status: "done", output: 1 }, tasks: [draftTask("t", "r")] });
      await journal.append([end]);
      const bare = draftAppend((await journal.create(draftRun("s"), ann)).run, 0, [], { update: { status: "failed" } });
      await journal.append([bare]);
      const before = [await journal.get("r"), await journal.get("s"), await journal.tasks()];
      await clock.advance(4);
      equal(await journal.append([end, bare]), ["kept", "kept"], "both are recognised");
      equal([await journal.get("r"), await journal.get("s"), await journal.tasks()], before, "and nothing has changed");
      const other = { ...bare, update: { status: "done" as const } };
      equal(await journal.append([other]), ["fenced"], "another end is not");
    },
  },
  {
    name: "in a batch each run's part stands or falls alone",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const runs = [];
      for (const id of ["a", "b", "c"]) runs.push((await journal.create(draftRun(id), ann)).run);
      const [a, b, c] = runs.map((run) => draftAppend(run, 0, [`${run.id}0`], { update: { status: "waiting" } }));
      if (a === undefined || b === undefined || c === undefined) return;
      equal(await journal.append([a, { ...b, epoch: 7 }, c]), ["kept", "fenced", "kept"], "one answer each, in order");
      const rows = [await keys(journal, "a"), await keys(journal, "b"), await keys(journal, "c")];
      equal(rows, [["a0"], [], ["c0"]], "the fenced part wrote nothing");
      equal((await journal.get("b"))?.status, "running", "and changed nothing");
      equal(
        await journal.append([
          { ...a, seq: 1 },
          { ...a, seq: 2 },
        ]),
        ["kept", "kept"],
        "one run may come twice",
      );
      equal(await journal.append([]), [], "an empty batch is nothing");
    },
  },
  {
    name: "appends of many runs at once all stand",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const names = Array.from({ length: 20 }, (_, n) => `r${n}`);
      const runs = await Promise.all(names.map(async (id) => (await journal.create(draftRun(id), ann)).run));
      for (let seq = 0; seq < 3; seq++) {
        const outcomes = await Promise.all(runs.map((run) => journal.append([draftAppend(run, seq, [`k${seq}`])])));
        equal(
          outcomes.flat(),
          runs.map(() => "kept"),
          "every one is kept",
        );
      }
      for (const run of runs) equal(await keys(journal, run.id), ["k0", "k1", "k2"], "every row is there");
    },
  },
  {
    name: "bad data is refused with its path and nothing of the batch is written",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run: good } = await journal.create(draftRun("good"), ann);
      const { run: bad } = await journal.create(draftRun("bad"), ann);
      const rows = [draftRow("b"), draftRow("b", [Number.NaN] as Json)];
      const batch = [draftAppend(good, 0, ["a"]), { ...draftAppend(bad, 0, []), rows }];
      const error = await refuses(() => journal.append(batch), "json.not_json", "NaN is not JSON");
      equal(error.data["path"], "$.rows[1].body[0]", "the path is told");
      equal([await keys(journal, "good"), await keys(journal, "bad")], [[], []], "nothing was written");
    },
  },
  {
    name: "what was given or is given back cannot change what is kept",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const body = { list: [1] };
      const { run } = await journal.create(draftRun("r", { input: body }), ann);
      await journal.append([{ ...draftAppend(run, 0, []), rows: [draftRow("a", body)] }]);
      body.list.push(2);
      (run.input as { list: number[] }).list.push(3);
      const [row] = await journal.rows("r");
      (row?.body as { list: number[] } | undefined)?.list.push(4);
      equal(
        [(await journal.get("r"))?.input, (await journal.rows("r"))[0]?.body],
        [{ list: [1] }, { list: [1] }],
        "both are as given",
      );
    },
  },
  {
    name: "a second connection sees runs, rows and tasks as they were kept",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await journal.append([
        draftAppend(run, 0, ["a", "b"], { tasks: [draftTask("t", "r")], update: { status: "waiting" } }),
      ]);
      const other = await second(opened);
      const seen = [await other.get("r"), await other.rows("r"), await other.tasks(), await other.list()];
      equal(
        seen,
        [await journal.get("r"), await journal.rows("r"), await journal.tasks(), await journal.list()],
        "all is kept",
      );
      equal(await other.append([draftAppend(run, 2, ["c"])]), ["kept"], "and may be gone on with");
    },
  },
];
