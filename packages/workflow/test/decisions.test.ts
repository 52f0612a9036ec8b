import { type Answer, type Call, defineTool, isMofaError, type Question, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { createWorld, type Life, pass, turns, type World } from "./world.ts";

function asking(
  question: Question,
  then: (answer: Answer, call: Call) => unknown = ({ value, by }) => ({ value, by }),
): Tool {
  return defineTool({
    name: "main",
    input: { type: "object" },
    run: async (_, call) => then(await call.ask(question), call),
  });
}

const bring = (main: Tool) => (kernel: Kernel) => void kernel.provide("tool", main);

const REFUND: Question = { title: "Refund?", options: ["approve", "reject"] };

async function openTask({ engine }: Life): Promise<string> {
  for (;;) {
    const [task] = await engine.decisions({ status: "open" });
    if (task !== undefined) return task.token;
    await turns(1);
  }
}

test("a run waits for a decision, shows it, and goes on with the answer at once", async () => {
  const world = createWorld();
  const main = asking(REFUND);
  await using life = await world.live({ bring: bring(main) });
  const told: string[] = [];
  life.kernel.watch({}, (event) => {
    if (event.type === "decision.changed" || event.type === "run.changed") told.push(`${event.type} ${event.status}`);
  });
  const run = await life.engine.start(main, {}, { id: "r" });
  const token = await openTask(life);
  await turns();
  expect(await run.status()).toBe("waiting");
  await life.engine.decide(token, { value: "approve", by: "ann" });
  expect(await run.result()).toEqual({ value: "approve", by: "ann" });
  expect(told).toEqual([
    "run.changed running",
    "decision.changed open",
    "run.changed waiting",
    "decision.changed answered",
    "run.changed running",
    "run.changed done",
  ]);
});

test("a decision is taken exactly once: the second answer changes nothing", async () => {
  const main = asking(REFUND);
  await using life = await createWorld().live({ bring: bring(main) });
  const run = await life.engine.start(main, {});
  const token = await openTask(life);
  const answers = await Promise.allSettled([
    life.engine.decide(token, { value: "approve", by: "ann" }),
    life.engine.decide(token, { value: "reject", by: "bob" }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect((answers[1] as PromiseRejectedResult).reason).toMatchObject({ code: "task.already_answered" });
  expect(await run.result()).toEqual({ value: "approve", by: "ann" });
});

test("an answer that the question does not allow is refused, and the decision stays open", async () => {
  const main = asking({ title: "How many?", schema: { type: "integer", minimum: 1 } });
  await using life = await createWorld().live({ bring: bring(main) });
  const run = await life.engine.start(main, {});
  const token = await openTask(life);
  await expect(life.engine.decide(token, { value: 0, by: "ann" })).rejects.toMatchObject({
    code: "decision.bad_answer",
  });
  await expect(life.engine.decide("nothing", { value: 0, by: "ann" })).rejects.toMatchObject({
    code: "decision.not_found",
  });
  await life.engine.decide(token, { value: 3, by: "ann" });
  expect(await run.result()).toEqual({ value: 3, by: "ann" });
});

test("an answer given in another process is found", async () => {
  const world = createWorld();
  const main = asking(REFUND);
  await using asks = await world.live({ bring: bring(main) });
  await using answers = await world.live({ bring: bring(main) });
  const run = await asks.engine.start(main, {});
  await answers.engine.decide(await openTask(asks), { value: "reject", by: "bob" });
  world.clock.jump(200);
  expect(await run.result()).toEqual({ value: "reject", by: "bob" });
});

test("a question is asked once, however often the run is taken up, and its answer survives too", async () => {
  const world = createWorld();
  const main = asking(REFUND, async ({ value }, call) => [value, await call.sleep(60_000)]);
  const first = await world.live({ bring: bring(main) });
  await first.engine.start(main, {}, { id: "r" });
  const token = await openTask(first);
  await first.kernel.end();
  expect((await world.journal.get("r"))?.status).toBe("waiting");

  const second = await world.live({ bring: bring(main) });
  world.clock.jump(60);
  await turns();
  expect((await world.journal.get("r"))?.status).toBe("waiting");
  await second.engine.decide(token, { value: "approve", by: "ann" });
  await turns();
  await second.kernel.end();

  await using third = await world.live({ bring: bring(main) });
  world.clock.jump(60);
  await turns();
  await pass(world, 61_000);
  expect(await third.engine.open("r").result()).toEqual(["approve", null]);
  expect(await world.journal.tasks()).toHaveLength(1);
});

test("an answer that came while nobody ran is there when the run goes on", async () => {
  const world = createWorld();
  const main = asking(REFUND);
  const first = await world.live({ bring: bring(main) });
  await first.engine.start(main, {}, { id: "r" });
  const token = await openTask(first);
  await first.kernel.end();
  await world.journal.answer(token, { value: "approve", by: "ann" });
  await using second = await world.live({ bring: bring(main) });
  await pass(world, 60);
  expect(await second.engine.open("r").result()).toEqual({ value: "approve", by: "ann" });
});

test("a question that nobody answers in time is answered by its fallback, over a restart too", async () => {
  const question = { ...REFUND, timeout: 10_000, fallback: "reject" };
  const within = async (world: World, restart: boolean) => {
    const main = asking(question);
    let life = await world.live({ bring: bring(main) });
    await life.engine.start(main, {}, { id: "r" });
    await openTask(life);
    await turns();
    if (restart) {
      await life.kernel.end();
      life = await world.live({ bring: bring(main) });
      world.clock.jump(60);
      await turns();
    }
    await pass(world, 10_500);
    const result = await life.engine.open("r").result();
    await life.kernel.end();
    return result;
  };
  const answer = { value: "reject", by: "fallback" };
  expect([await within(createWorld(), false), await within(createWorld(), true)]).toEqual([answer, answer]);
});

test("where nobody waits for decisions, fallbacks answer at once, and a question without one fails", async () => {
  await using life = await createWorld().live({
    decisions: "fallback",
    bring: bring(asking({ ...REFUND, fallback: "reject" })),
  });
  const run = await life.engine.start(life.kernel.get("tool", "main"), {});
  expect(await run.result()).toEqual({ value: "reject", by: "fallback" });
  life.kernel.provide("tool", asking(REFUND));
  const other = await life.engine.start(life.kernel.get("tool", "main"), {});
  await expect(other.result()).rejects.toMatchObject({ code: "decision.no_fallback" });
});

test.each<[string, Partial<Question>]>([
  ["no title", { title: "" }],
  ["no options", { options: [] }],
  ["an option twice", { options: ["a", "a"] }],
  ["a timeout without a fallback", { timeout: 5 }],
  ["a fallback that is no answer", { options: ["a"], fallback: "b" }],
])("a question with %s is refused when it is asked", async (_, wrong) => {
  const main = asking({ title: "T", ...wrong });
  await using life = await createWorld().live({ bring: bring(main) });
  const run = await life.engine.start(main, {});
  const error: unknown = await run.result().catch((thrown: unknown) => thrown);
  expect(isMofaError(error) && error.code).toBe("decision.bad_question");
});

test("a cancelled run waits no more, and its question stays unanswered", async () => {
  const main = asking(REFUND);
  await using life = await createWorld().live({ bring: bring(main) });
  const run = await life.engine.start(main, {});
  await openTask(life);
  await run.cancel();
  await expect(run.result()).rejects.toMatchObject({ code: "run.cancelled" });
  expect(await run.status()).toBe("cancelled");
});
