import type { Json } from "../../json.ts";
import type { Journal } from "../../kinds/journal.ts";
import { equal, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, bob, draftAppend, draftRun, draftTask, LEASE } from "./journal-drafts.ts";

/** Decisions that runs wait for. */
export const journalTasks: readonly Contract<Journal>[] = [
  {
    name: "tasks are opened together with the rows of an append",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await clock.advance(2);
      const question = {
        title: "Ship?",
        why: "It is Friday.",
        context: { n: [1] },
        schema: { type: "string" },
        timeout: 9,
        fallback: "no",
      };
      const task = draftTask("t", "r", { question, expiresAt: clock.now() + 9 });
      await journal.append([draftAppend(run, 0, ["ask"], { tasks: [task], update: { status: "waiting" } })]);
      const expected = { ...task, status: "open", createdAt: clock.now() };
      equal([await journal.task("t"), await journal.tasks()], [expected, [expected]], "the task is open and whole");
      equal(await journal.task("none"), undefined, "an unknown task is undefined");
    },
  },
  {
    name: "a task is answered exactly once, and the second hears who was first",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await journal.append([draftAppend(run, 0, [], { tasks: [draftTask("t", "r")] })]);
      await clock.advance(6);
      const answered = await journal.answer("t", { value: { choice: "yes" }, by: "Ann", comment: "Go." });
      const answer = { value: { choice: "yes" }, by: "Ann", comment: "Go.", at: clock.now() };
      equal([answered.status, answered.answer], ["answered", answer], "the answer is given back");
      const late = await refuses(
        () => journal.answer("t", { value: "no", by: "Bob" }),
        "task.already_answered",
        "a second answer",
      );
      equal(late.data, { token: "t", by: "Ann" }, "it hears who was first");
      equal(await (await second(opened)).task("t"), answered, "the first answer stays");
      await refuses(() => journal.answer("none", { value: 1, by: "Ann" }), "task.not_found", "an unknown task");
    },
  },
  {
    name: "of many answers at once exactly one stands",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      const { run } = await opened.thing.create(draftRun("r"), ann);
      await opened.thing.append([draftAppend(run, 0, [], { tasks: [draftTask("t", "r")] })]);
      const answers = [opened.thing, other, opened.thing, other].map((journal, n) =>
        journal.answer("t", { value: n, by: `p${n}` }),
      );
      const settled = await Promise.allSettled(answers);
      const won = settled.flatMap((one, n) => (one.status === "fulfilled" ? [n] : []));
      equal(won.length, 1, "one wins");
      equal((await other.task("t"))?.answer?.by, `p${won[0]}`, "and it is the one that is kept");
    },
  },
  {
    name: "tasks are listed oldest first, by status and run, bounded",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      for (const id of ["b", "a"]) {
        const { run } = await journal.create(draftRun(id), ann);
        const tasks = [draftTask(`${id}2`, id), draftTask(`${id}1`, id)];
        await journal.append([draftAppend(run, 0, [], { tasks })]);
        await clock.advance(1);
      }
      await journal.answer("b1", { value: "yes", by: "Ann" });
      const tokens = async (filter?: Parameters<Journal["tasks"]>[0]) =>
        (await journal.tasks(filter)).map((task) => task.token);
      equal(await tokens(), ["b2", "b1", "a2", "a1"], "the oldest first");
      equal(
        [await tokens({ status: "open" }), await tokens({ status: "answered" })],
        [["b2", "a2", "a1"], ["b1"]],
        "by status",
      );
      equal([await tokens({ run: "b", status: "open" }), await tokens({ run: "none" })], [["b2"], []], "by run");
      equal(await tokens({ limit: 3 }), ["b2", "b1", "a2"], "bounded");
    },
  },
  {
    name: "a task opened again keeps its answer: a new owner asks nobody twice",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await journal.append([draftAppend(run, 0, [], { tasks: [draftTask("t", "r")] })]);
      await journal.answer("t", { value: "yes", by: "Ann" });
      const kept = await journal.task("t");
      await clock.advance(LEASE);
      const [taken] = await journal.claim({ ...bob, limit: 1 });
      equal(
        await journal.append([draftAppend(taken ?? run, 0, ["ask"], { tasks: [draftTask("t", "r")] })]),
        ["kept"],
        "it may be opened again",
      );
      equal([await journal.task("t"), (await journal.tasks()).length], [kept, 1], "and is as it was");
    },
  },
  {
    name: "a token of another run's task is refused and nothing of the batch is written",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run: a } = await journal.create(draftRun("a"), ann);
      const { run: b } = await journal.create(draftRun("b"), ann);
      const opening = (run: typeof a, token: string) =>
        draftAppend(run, 0, ["ask"], { tasks: [draftTask(token, run.id)] });
      await refuses(() => journal.append([opening(a, "t"), opening(b, "t")]), "task.token_taken", "within one batch");
      equal([await journal.rows("a"), await journal.tasks()], [[], []], "nothing was written");
      await journal.append([opening(a, "t")]);
      const error = await refuses(() => journal.append([opening(b, "t")]), "task.token_taken", "in another batch");
      equal([error.data, await journal.rows("b")], [{ token: "t", run: "b", by: "a" }, []], "it hears whose it is");
    },
  },
  {
    name: "an answer that is not JSON is refused and the task stays open",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"), ann);
      await opened.thing.append([draftAppend(run, 0, [], { tasks: [draftTask("t", "r")] })]);
      const value = Symbol("x") as unknown as Json;
      await refuses(() => opened.thing.answer("t", { value, by: "Ann" }), "json.not_json", "a symbol is not JSON");
      equal((await opened.thing.task("t"))?.status, "open", "it waits on");
    },
  },
];
