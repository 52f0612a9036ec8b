// Random trees of calls under random budgets. What is claimed of every moment of every tree:
//
// - calls, spent and promised, never exceed their limit;
// - tokens, spent and promised, exceed their limit by no more than what models reported beyond what they were asked
//   for, and the last piece of each answer that was stopped or failed;
// - time exceeds its limit by less than one millisecond for each outermost call at work;
// - a budget that bounds nothing has counted exactly what models used;
// - when all is over, nothing is promised to anybody and nothing is left of the budgets of single calls.
import { expect, test } from "vitest";
import type { Action, AnyAction } from "../../action.ts";
import type { Budget, BudgetLimits } from "../../budget.ts";
import type { Call, InvokeOptions } from "../../call.ts";
import type { Model, ModelReply, ModelRequest } from "../../kinds/model.ts";
import { seededRandom } from "../../testing/ids.ts";
import { type TestKernel, testKernel } from "../../testing/kernel.ts";

interface Dice {
  /** From 0 to `below`. */
  number(below: number): number;
  chance(of: number): boolean;
  one<T>(choices: readonly T[]): T;
}

/** What the models of one world say they did. */
interface Tally {
  /** Tokens that a reply reported, or that came before it failed. */
  used: number;
  /** Tokens for which no budget had given room. */
  beyond: number;
  runs: number;
}

interface World {
  readonly dice: Dice;
  readonly tally: Tally;
  readonly model: Model;
}

function toDice(seed: number): Dice {
  const random = seededRandom(seed);
  const number = (below: number) => Math.floor(random() * below);
  return { number, chance: (of) => random() < of, one: (choices) => choices[number(choices.length)] as never };
}

function randomModel(dice: Dice, tally: Tally): Model {
  return { kind: "model", name: "m", run: (request, call) => answer(request, { call, dice, tally }) };
}

async function answer(
  request: ModelRequest,
  { call, dice, tally }: Omit<World, "model"> & { call: Call },
): Promise<ModelReply> {
  tally.runs++;
  const input = Math.ceil((request.messages[0]?.text.length ?? 0) / 4);
  const most = request.maxTokens ?? 1024;
  const streams = dice.chance(0.7);
  // Without a limit of its own, one that streams may go on for longer than was thought.
  const wanted = Math.min(dice.number(300), request.maxTokens ?? (streams ? 5000 : 1024));
  const fails = dice.chance(0.2);
  const piece = 1 + dice.number(40);
  let output = 0;
  try {
    if (dice.chance(0.8)) await call.sleep(dice.number(4));
    while (streams && output < wanted) {
      const tokens = Math.min(piece, wanted - output);
      output += tokens;
      call.emit("action.delta", { body: "y".repeat(tokens * 4) });
      await call.sleep(dice.number(3));
    }
    if (fails) throw new Error("the model failed");
  } catch (error) {
    tally.used += input + output;
    tally.beyond += piece;
    throw error;
  }
  const lie = dice.chance(0.1) ? dice.number(50) : 0;
  const outputTokens = (streams ? output : Math.min(wanted, most)) + lie;
  tally.used += input + outputTokens;
  // Asked to stop in the very moment of its end, it reports the piece that went beyond.
  tally.beyond += lie + (call.signal.aborted ? piece : 0);
  return { text: "", toolCalls: [], finish: "stop", model: "m", usage: { inputTokens: input, outputTokens } };
}

function randomLimits(dice: Dice): BudgetLimits {
  const limits: { -readonly [Key in keyof BudgetLimits]: number } = {};
  if (dice.chance(0.6)) limits.calls = dice.number(40);
  if (dice.chance(0.6)) limits.tokens = dice.number(1500);
  if (dice.chance(0.3)) limits.ms = dice.number(80);
  if (dice.chance(0.3)) limits.depth = 1 + dice.number(6);
  return Object.keys(limits).length === 0 ? { calls: 20 } : limits;
}

function randomBudget(dice: Dice, name: string): Budget {
  const scope = dice.one(["call", "agent", "session", "tenant", "kernel"] as const);
  const limits = randomLimits(dice);
  if (scope === "call") return { name, scope, limits };
  const of = dice.chance(0.2) && scope !== "kernel" ? { of: `${scope}1` } : {};
  return {
    name,
    scope,
    limits,
    ...of,
    ...(dice.chance(0.3) ? { per: "day" } : {}),
    ...(dice.chance(0.3) ? { keep: true } : {}),
  };
}

function randomOptions(dice: Dice): InvokeOptions {
  return {
    ...(dice.chance(0.2) ? { budget: randomLimits(dice) } : {}),
    ...(dice.chance(0.1) ? { timeout: 1 + dice.number(20) } : {}),
    ...(dice.chance(0.3) ? { session: `session${dice.number(3)}` } : {}),
    ...(dice.chance(0.3) ? { tenant: `tenant${dice.number(3)}` } : {}),
  };
}

/** An action with so many levels below it, that calls what comes by chance. */
function randomAction(world: World, levels: number): AnyAction {
  const { dice } = world;
  const kind = dice.one(["tool", "agent", "tool", "node"]);
  const children = Array.from({ length: levels > 0 ? dice.number(4) : 0 }, () => randomAction(world, levels - 1));
  const [parallel, careful, fails] = [dice.chance(0.5), dice.chance(0.7), dice.chance(0.1)];
  return {
    kind,
    name: `${kind}${dice.number(3)}`,
    async run(_: unknown, call: Call) {
      const invoke = async (child: AnyAction) => {
        const work = call.invoke(child, {}, randomOptions(dice));
        await (careful ? work.catch(() => {}) : work);
      };
      if (dice.chance(0.5)) await ask(world, call).catch(() => {});
      if (parallel) await Promise.all(children.map(invoke));
      else for (const child of children) await invoke(child);
      if (dice.chance(0.3)) await call.sleep(dice.number(10));
      if (fails) throw new Error("the action failed");
    },
  };
}

function ask({ dice, model }: World, call: Call): Promise<unknown> {
  const text = "x".repeat(dice.number(200) * 4);
  const maxTokens = dice.chance(0.5) ? { maxTokens: 1 + dice.number(300) } : {};
  const inner: Action<ModelRequest, ModelReply> = model;
  return call.invoke(inner, { messages: [{ role: "user", text }], ...maxTokens }, randomOptions(dice));
}

/** Says what is wrong at this moment. */
function violations(kernel: TestKernel, tally: Tally): readonly string[] {
  const wrong: string[] = [];
  for (const { name, of, limits, spent, reserved } of kernel.budgets.list()) {
    const used = (what: "calls" | "tokens" | "ms") => spent[what] + reserved[what];
    const over = (what: "calls" | "tokens" | "ms", by: number) =>
      used(what) > (limits[what] ?? Number.POSITIVE_INFINITY) + by;
    const say = (what: "calls" | "tokens" | "ms") =>
      wrong.push(`${name}/${of}: ${used(what)} of ${limits[what]} ${what}`);
    if (over("calls", 0)) say("calls");
    if (over("tokens", tally.beyond)) say("tokens");
    if (over("ms", 20)) say("ms");
    if (Object.values(reserved).some((value) => value < 0)) wrong.push(`${name}/${of}: less than nothing is promised`);
  }
  return wrong;
}

async function live(seed: number): Promise<void> {
  const dice = toDice(seed);
  const tally: Tally = { used: 0, beyond: 0, runs: 0 };
  const world: World = { dice, tally, model: randomModel(dice, tally) };
  await using kernel = await testKernel();
  kernel.wrap(
    (step, next) =>
      next(step).catch((error: unknown) => (step.call.signal.aborted ? Promise.reject(error) : next(step))),
    {
      place: "retry",
      kinds: ["model"],
    },
  );
  kernel.budgets.add({ name: "meter", scope: "kernel", limits: { tokens: 1e9, calls: 1e9 } });
  for (let n = dice.number(5); n > 0; n--) kernel.budgets.add(randomBudget(dice, `b${n}`));
  let left = 0;
  const stop = new AbortController();
  for (let n = 1 + dice.number(6); n > 0; n--) {
    left++;
    const signal = dice.chance(0.2) ? { signal: stop.signal } : {};
    kernel.invoke(randomAction(world, 4), {}, { ...randomOptions(dice), ...signal }).then(
      () => left--,
      () => left--,
    );
  }
  const cut = dice.number(60);
  for (let ms = 0; left > 0 || kernel.counts().calls > 0; ms++) {
    if (ms === cut) stop.abort(new Error("the user left"));
    await kernel.clock.advance(1);
    expect(violations(kernel, tally), `seed ${seed} after ${ms} ms`).toEqual([]);
    if (ms > 5000) throw new Error(`seed ${seed} does not end`);
  }
  const states = kernel.budgets.list();
  const promised = states.filter(({ reserved }) => Object.values(reserved).some((value) => value !== 0));
  expect(promised, `seed ${seed}`).toEqual([]);
  expect(
    states.filter(({ scope }) => scope === "call"),
    `seed ${seed}`,
  ).toEqual([]);
  expect(states.find(({ name }) => name === "meter")?.spent.tokens, `seed ${seed}`).toBe(tally.used);
}

test("random trees of calls stay within random budgets", { timeout: 60_000 }, async () => {
  const first = Number(process.env["SEED"] ?? 1);
  const count = process.env["SEED"] === undefined ? 40 : 1;
  for (let seed = first; seed < first + count; seed++) await live(seed);
});
