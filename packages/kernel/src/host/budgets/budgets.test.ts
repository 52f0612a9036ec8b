import { describe, expect, test } from "vitest";
import { agent } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { spent } from "../../../test/spent.ts";
import type { AnyAction } from "../../action.ts";
import type { Budget, Spending } from "../../budget.ts";
import { testKernel } from "../../testing/kernel.ts";
import { scriptedModel } from "../../testing/scripted-model.ts";
import { createKernel } from "../kernel.ts";
import { MOST_ACCOUNTS } from "./budget-ledger.ts";

const tool = (name: string, run: AnyAction["run"]): AnyAction => ({ kind: "tool", name, run });
const leaf = tool("leaf", () => "done");
/** Calls the leaf so many times, one after the other. */
const times = tool("times", async (count: number, call) => {
  for (let n = 0; n < count; n++) await call.invoke(leaf, n);
  return count;
});
/** Calls itself so many times more. */
const deeper: AnyAction = tool("deeper", (levels: number, call) =>
  levels > 1 ? call.invoke(deeper, levels - 1) : "deep",
);
const wait = tool("wait", (ms: number, call) => call.sleep(ms));
const deaf = tool("deaf", () => new Promise(() => {}));

describe("calls", () => {
  test("are counted down the whole tree, and the one that does not fit is refused by name", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "few", scope: "kernel", limits: { calls: 4 } });
    expect(await kernel.invoke(times, 2)).toBe(2);
    const error = await caught(kernel.invoke(times, 2));
    expect(error).toMatchObject({
      code: "budget.exceeded",
      retryable: false,
      message:
        'The budget "few" of the whole kernel has no room left: 4 calls of 4 calls are spent or promised and this asks for 1 calls. Ask for less or raise the limit.',
      data: { budget: "few", scope: "kernel", of: "", what: "calls", limit: 4, spent: 4, wanted: 1 },
    });
    expect(spent(kernel)).toEqual({ few: { calls: 4 } });
  });

  test("that a budget refused were never run", async () => {
    await using kernel = await testKernel();
    let ran = 0;
    kernel.budgets.add({ name: "none", scope: "kernel", limits: { calls: 0 } });
    await caught(
      kernel.invoke(
        tool("counted", () => ran++),
        {},
      ),
    );
    expect(ran).toBe(0);
  });

  test("that fail count as well", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "few", scope: "kernel", limits: { calls: 9 } });
    await caught(
      kernel.invoke(
        tool("bad", () => Promise.reject(new Error("no"))),
        {},
      ),
    );
    expect(spent(kernel)).toEqual({ few: { calls: 1 } });
  });

  test("that a journal replays are not counted", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "few", scope: "kernel", limits: { calls: 9 } });
    kernel.wrap(async () => "kept", { place: "durable", kinds: ["tool"] });
    expect(await kernel.invoke(leaf, {})).toBe("kept");
    expect(spent(kernel)).toEqual({ few: { calls: 0 } });
  });
});

describe("a budget over one call", () => {
  test("is for that call and all below it, and gone with it", async () => {
    await using kernel = await testKernel();
    expect(await kernel.invoke(times, 2, { budget: { calls: 3 } })).toBe(2);
    const error = await caught(kernel.invoke(times, 3, { budget: { calls: 3 } }));
    expect(error).toMatchObject({ code: "budget.exceeded", data: { budget: "call", scope: "call", what: "calls" } });
    expect(await kernel.invoke(times, 3)).toBe(3);
    expect(kernel.budgets.list()).toEqual([]);
  });

  test("within another adds to it: both must have room", async () => {
    await using kernel = await testKernel();
    const outcome: unknown[] = [];
    const outer = tool("outer", async (_, call) => {
      outcome.push(await caught(call.invoke(times, 9, { budget: { calls: 2 } })));
      outcome.push(spent(kernel));
      outcome.push(await caught(call.invoke(times, 9, { budget: { calls: 20 } })));
    });
    await kernel.invoke(outer, {}, { budget: { calls: 6 } });
    expect(outcome).toMatchObject([{ data: { limit: 2 } }, { call: { calls: 3 } }, { data: { limit: 6, spent: 6 } }]);
  });

  test("counts anew for each outermost call when it is a standing one", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "each", scope: "call", limits: { calls: 3 } });
    expect(await Promise.all([kernel.invoke(times, 2), kernel.invoke(times, 2)])).toEqual([2, 2]);
    expect(await caught(kernel.invoke(times, 3))).toMatchObject({ data: { budget: "each", spent: 3 } });
    expect(kernel.budgets.list()).toEqual([]);
  });

  test("covers the turn of an agent that is asked by a message", async () => {
    await using kernel = await testKernel();
    kernel.provide(
      "agent",
      agent("ann", (count, call) => call.invoke(times, count)),
    );
    await kernel.started();
    const asking = tool("asking", (_, call) => call.request({ to: "agent:ann", type: "x", body: 2 }));
    expect(await kernel.invoke(asking, {}, { budget: { calls: 5 } })).toBe(2);
    expect(await caught(kernel.invoke(asking, {}, { budget: { calls: 4 } }))).toMatchObject({
      code: "budget.exceeded",
      data: { budget: "call", limit: 4 },
    });
  });

  test("can be put on a request, with the tenant and the session it is for", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "each", scope: "tenant", limits: { calls: 99 } });
    kernel.provide(
      "agent",
      agent("ann", (count, call) => call.invoke(times, count).then(() => [call.tenant, call.session])),
    );
    await kernel.started();
    const options = { tenant: "acme", session: "s1", budget: { calls: 4 } };
    const draft = { to: "agent:ann", type: "x" };
    expect(await kernel.request({ ...draft, body: 2 }, options)).toEqual(["acme", "s1"]);
    expect(await caught(kernel.request({ ...draft, body: 3 }, options))).toMatchObject({ data: { budget: "call" } });
    expect(spent(kernel)).toEqual({ "each/acme": { calls: 8 } });
  });

  test.each([
    [{}, "it limits nothing"],
    [{ calls: -1 }, "the limit of calls must be a number that is not negative"],
    [{ tokens: Number.NaN }, "the limit of tokens"],
    [{ dollars: 5 }, '"dollars" cannot be limited'],
    [null, "it has no limits"],
  ])("that means nothing is refused: %j", async (budget, problem) => {
    await using kernel = await testKernel();
    const error = await caught(kernel.invoke(leaf, {}, { budget: budget as never }));
    expect(error).toMatchObject({ code: "budget.bad", message: expect.stringContaining(problem) });
  });
});

describe("depth", () => {
  test("is refused beyond the limit, counting from the outermost call", async () => {
    await using kernel = await testKernel();
    expect(await kernel.invoke(deeper, 3, { budget: { depth: 3 } })).toBe("deep");
    expect(await caught(kernel.invoke(deeper, 4, { budget: { depth: 3 } }))).toMatchObject({
      code: "budget.exceeded",
      message:
        'The budget "call" of this call lets calls nest 3 deep, and this one would be at depth 4. Nest less, or raise the limit.',
      data: { what: "depth", limit: 3, wanted: 4 },
    });
  });

  test("of an agent counts from the agent on", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "flat", scope: "agent", limits: { depth: 3 } });
    kernel.provide(
      "agent",
      agent("ann", (levels, call) => call.invoke(deeper, levels)),
    );
    await kernel.started();
    const via = tool("via", (levels, call) => call.invoke(kernel.get("agent", "ann"), levels));
    expect(await kernel.invoke(via, 2)).toBe("deep");
    expect(await caught(kernel.invoke(via, 3))).toMatchObject({ data: { budget: "flat", of: "ann", wanted: 4 } });
  });
});

describe("time", () => {
  test("stops the call when it is used up, with the name of the budget", async () => {
    await using kernel = await testKernel();
    const work = caught(kernel.invoke(wait, 500, { budget: { ms: 100 } }));
    await kernel.clock.advance(99);
    expect(spent(kernel)).toEqual({ call: { ms: 99 } });
    await kernel.clock.advance(1);
    expect(await work).toMatchObject({
      code: "budget.exceeded",
      data: { budget: "call", what: "ms", limit: 100, spent: 100 },
    });
  });

  test("lets go of a caller whose action does not care, at any depth", async () => {
    const kernel = await createKernel({ clock: (await testKernel()).clock });
    const outer = tool("outer", (_, call) => caught(call.invoke(deaf, {}, { budget: { ms: 5 } })));
    const work = kernel.invoke(outer, {});
    await (kernel.clock as Awaited<ReturnType<typeof testKernel>>["clock"]).advance(5);
    expect(await work).toMatchObject({ code: "budget.exceeded", data: { what: "ms" } });
    await kernel.end();
  });

  test("that is reserved is there sooner or later for the work that is going on", async () => {
    await using kernel = await testKernel();
    const held = tool("held", async (settled: boolean, call) => {
      const room = await kernel.budgets.reserve(call, { ms: 50 });
      await call.sleep(10);
      if (settled) room.release();
      await call.sleep(500);
    });
    const works = [true, false].map((settled) => caught(kernel.invoke(held, settled, { budget: { ms: 100 } })));
    const ends: number[] = [];
    for (const work of works) void work.then(() => ends.push(kernel.clock.monotonic()));
    await kernel.clock.advance(200);
    expect([ends, await Promise.all(works)]).toMatchObject([
      [50, 100],
      [{ data: { what: "ms" } }, { data: { what: "ms" } }],
    ]);
  });

  test("is not up before it is, even when a timer comes too early", async () => {
    await using fake = await testKernel();
    const hasty = {
      ...fake.clock,
      after: (ms: number, back: () => void) => fake.clock.after(Math.max(1, ms - 20), back),
    };
    await using kernel = await createKernel({ clock: hasty });
    const work = caught(kernel.invoke(deaf, {}, { budget: { ms: 100 } }));
    let ended = false;
    void work.then(() => (ended = true));
    await fake.clock.advance(99);
    expect(ended).toBe(false);
    await fake.clock.advance(1);
    expect(await work).toMatchObject({ data: { what: "ms", spent: 100 } });
    fake.own(() => kernel.end());
  });

  test("of parallel children counts once", async () => {
    await using kernel = await testKernel();
    const both = tool("both", (_, call) => Promise.all([call.invoke(wait, 60), call.invoke(wait, 60)]));
    const work = kernel.invoke(both, {}, { budget: { ms: 100 } });
    await kernel.clock.advance(60);
    expect(await work).toEqual([undefined, undefined]);
  });

  test("of outermost calls at the same time adds up, and all of them are stopped when it is over", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "hour", scope: "tenant", limits: { ms: 100 } });
    const options = { tenant: "acme" };
    const works = [30, 500, 500].map((ms) => caught(kernel.invoke(wait, ms, options)));
    // 30 ms of three, then 5 of two.
    await kernel.clock.advance(34);
    expect(spent(kernel)).toEqual({ "hour/acme": { ms: 98 } });
    await kernel.clock.advance(1);
    const exceeded = { code: "budget.exceeded", data: { budget: "hour", of: "acme" } };
    expect(await Promise.all(works)).toMatchObject([undefined, exceeded, exceeded]);
    expect(await caught(kernel.invoke(leaf, {}, options))).toMatchObject({ ...exceeded, data: { what: "ms" } });
    expect(spent(kernel)).toEqual({ "hour/acme": { ms: 100 } });
  });
});

describe("whose it is", () => {
  test.each([
    ["session", { session: "s1" }, { session: "s2" }],
    ["tenant", { tenant: "t1" }, { tenant: "t2" }],
  ] as const)("each %s has an account of its own, and without one there is none", async (scope, one, other) => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "each", scope, limits: { calls: 3 } });
    await kernel.invoke(times, 2, one);
    expect(await caught(kernel.invoke(leaf, {}, one))).toMatchObject({ data: { scope, of: Object.values(one)[0] } });
    expect(await kernel.invoke(times, 2, other)).toBe(2);
    expect(await kernel.invoke(times, 20)).toBe(20);
  });

  test("one that is for a single tenant leaves the others alone", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "guest", scope: "tenant", of: "guest", limits: { calls: 0 } });
    expect(await caught(kernel.invoke(leaf, {}, { tenant: "guest" }))).toMatchObject({ data: { of: "guest" } });
    expect(await kernel.invoke(leaf, {}, { tenant: "acme" })).toBe("done");
  });

  test("the nearest agent is the one that is charged", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "agents", scope: "agent", limits: { calls: 10 } });
    kernel.provide(
      "agent",
      agent("ben", (count, call) => call.invoke(times, count)),
    );
    kernel.provide(
      "agent",
      agent("ann", (count, call) => call.invoke(kernel.get("agent", "ben"), count)),
    );
    await kernel.started();
    await kernel.invoke(
      tool("start", (_, call) => call.invoke(kernel.get("agent", "ann"), 3)),
      {},
    );
    expect(spent(kernel)).toEqual({ "agents/ann": { calls: 1 }, "agents/ben": { calls: 5 } });
  });

  test("the session of a turn is the one its input names, unless the call is a part of one", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "talk", scope: "session", limits: { calls: 99 } });
    const ann = agent("ann", (_: unknown, call) => call.session);
    kernel.provide("agent", ann);
    await kernel.started();
    expect(await kernel.invoke(ann, { text: "hi", session: "s1" })).toBe("s1");
    expect(await kernel.request({ to: "agent:ann", type: "chat", body: { text: "hi", session: "s1" } })).toBe("s1");
    expect(await kernel.invoke(ann, { text: "hi", session: "own" }, { session: "s2" })).toBe("s2");
    expect(spent(kernel)).toEqual({ "talk/s1": { calls: 2 }, "talk/s2": { calls: 1 } });
  });

  test("all that are over a call must have room, and a refusal takes from none", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "wide", scope: "kernel", limits: { calls: 10 } });
    kernel.budgets.add({ name: "tight", scope: "tenant", limits: { calls: 1 } });
    await kernel.invoke(leaf, {}, { tenant: "acme" });
    expect(await caught(kernel.invoke(leaf, {}, { tenant: "acme" }))).toMatchObject({ data: { budget: "tight" } });
    expect(spent(kernel)).toEqual({ wide: { calls: 1 }, "tight/acme": { calls: 1 } });
  });
});

describe("a day", () => {
  test("begins anew at midnight, UTC, which the error says", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "daily", scope: "kernel", per: "day", limits: { calls: 1 } });
    await kernel.invoke(leaf, {});
    await kernel.clock.advance(86_400_000 - 1);
    expect(await caught(kernel.invoke(leaf, {}))).toMatchObject({
      retryable: true,
      message: expect.stringContaining("or wait until 2026-01-02T00:00:00.000Z, when it begins anew"),
      data: { resets: Date.UTC(2026, 0, 2) },
    });
    await kernel.clock.advance(1);
    expect(spent(kernel)).toEqual({ daily: { calls: 0 } });
    expect(await kernel.invoke(leaf, {})).toBe("done");
  });

  test("counts what begins in it, also below a call that began the day before", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "daily", scope: "kernel", per: "day", limits: { calls: 2, depth: 2 } });
    const night = tool("night", async (_, call) => {
      await call.sleep(86_400_000);
      await call.invoke(leaf, {});
      return caught(call.invoke(times, 1));
    });
    const work = kernel.invoke(night, {});
    await kernel.clock.advance(86_400_000);
    expect(await work).toMatchObject({ data: { what: "depth", wanted: 3 } });
    expect(spent(kernel)).toEqual({ daily: { calls: 2 } });
  });
});

describe("the list of budgets", () => {
  test("takes budgets away while calls are under them", async () => {
    await using kernel = await testKernel();
    const remove = kernel.budgets.add({ name: "few", scope: "kernel", limits: { calls: 1, tokens: 5 } });
    const freed = tool("freed", async (_, call) => {
      const before = await caught(call.invoke(leaf, {}));
      remove();
      remove();
      return [before, await call.invoke(leaf, {})];
    });
    expect(await kernel.invoke(freed, {})).toMatchObject([{ code: "budget.exceeded" }, "done"]);
    expect(kernel.budgets.list()).toEqual([]);
    kernel.budgets.add({ name: "few", scope: "kernel", limits: { calls: 1 } });
    expect(spent(kernel)).toEqual({ few: { calls: 0 } });
  });

  test("a budget that is added while a call is in work is over what that one calls", async () => {
    await using kernel = await testKernel();
    const adding = tool("adding", async (_, call) => {
      kernel.budgets.add({ name: "late", scope: "kernel", limits: { calls: 1, depth: 1 } });
      return [await call.invoke(leaf, {}), await caught(call.invoke(leaf, {}))];
    });
    expect(await kernel.invoke(adding, {})).toMatchObject(["done", { data: { budget: "late" } }]);
  });

  test("shows what is defined, who has an account, and is on the shelf and in the control", async () => {
    const options = { budgets: [{ name: "wide", scope: "kernel", limits: { calls: 9 } }] as const };
    await using kernel = await createKernel(options);
    kernel.budgets.add({ name: "each", scope: "tenant", per: "day", limits: { calls: 9 } });
    await kernel.invoke(leaf, {}, { tenant: "acme" });
    expect(spent(kernel)).toEqual({ wide: { calls: 1 }, "each/acme": { calls: 1 } });
    expect(kernel.get("budgets", "kernel").list()).toEqual(kernel.budgets.list());
  });

  test("refuses a second of one name", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "one", scope: "kernel", limits: { calls: 1 } });
    expect(() => kernel.budgets.add({ name: "one", scope: "tenant", limits: { calls: 1 } })).toThrow(
      expect.objectContaining({ code: "budget.twice" }),
    );
  });

  test.each<[Partial<Record<keyof Budget, unknown>>, string]>([
    [{ name: "a/b" }, "its name must be"],
    [{ scope: "world" }, "its scope must be one of call, agent, session, tenant, kernel"],
    [{ of: "x" }, '"of" means nothing for a kernel'],
    [{ scope: "tenant", of: "" }, '"of" must name one tenant'],
    [{ per: "week" }, '"per" must be "day"'],
    [{ scope: "call", per: "day" }, "begins anew with each call"],
    [{ scope: "call", keep: true }, "cannot be kept"],
    [{ limits: {} }, "it limits nothing"],
    [{ limits: { depth: -1 } }, "the limit of depth"],
    [{ limit: 5 } as never, '"limit" is no part of a budget'],
  ])("refuses what means nothing: %j", async (part, problem) => {
    await using kernel = await testKernel();
    const budget = { name: "bad", scope: "kernel", limits: { calls: 1 }, ...part } as Budget;
    expect(() => kernel.budgets.add(budget)).toThrow(
      expect.objectContaining({ code: "budget.bad", message: expect.stringContaining(problem) }),
    );
    expect(kernel.budgets.list()).toEqual([]);
  });

  test("forgets days that are past and refuses a newcomer rather than forget one that still bounds", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "each", scope: "session", per: "day", limits: { calls: 1 } });
    for (let n = 0; n < MOST_ACCOUNTS; n++) await kernel.invoke(leaf, {}, { session: `s${n}` });
    expect(await caught(kernel.invoke(leaf, {}, { session: "one more" }))).toMatchObject({
      code: "budget.full",
      data: { budget: "each", scope: "session", most: MOST_ACCOUNTS },
    });
    expect(await caught(kernel.invoke(leaf, {}, { session: "s0" }))).toMatchObject({ code: "budget.exceeded" });
    await kernel.clock.advance(86_400_000);
    expect(await kernel.invoke(leaf, {}, { session: "one more" })).toBe("done");
    expect(kernel.budgets.list()).toHaveLength(1);
  });
});

describe("watchers", () => {
  test("hear which budget was crossed, by which call", async () => {
    await using kernel = await testKernel();
    const heard: unknown[] = [];
    const stop = kernel.watch({ type: "budget.exceeded" }, (event) => void heard.push(event));
    await caught(kernel.invoke(times, 5, { budget: { calls: 2 } }));
    stop();
    expect(heard).toMatchObject([
      { type: "budget.exceeded", kind: "tool", name: "leaf", budget: "call", what: "calls" },
    ]);
  });
});

describe("a reservation", () => {
  const buying = (buy: AnyAction["run"]) => tool("buying", buy);

  test("is settled once: later attempts change nothing and say so", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "money", scope: "kernel", limits: { cost: 1 } });
    const states: unknown[] = [];
    const outcome = await kernel.invoke(
      buying(async (_, call) => {
        const held = await kernel.budgets.reserve(call, { cost: 0.5 });
        states.push(spent(kernel));
        return [held.settle({ cost: 0.25 }), held.settle({ cost: 0.5 }), held.release()];
      }),
      {},
    );
    states.push(spent(kernel));
    expect([outcome, states]).toEqual([
      [true, false, false],
      [{ money: { cost: 0, "reserved cost": 0.5 } }, { money: { cost: 0.25 } }],
    ]);
  });

  test("is refused when any budget over the call has no room, and given back by using", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "money", scope: "kernel", limits: { cost: 1 } });
    const outcome = await kernel.invoke(
      buying(async (_, call) => {
        using _held = await kernel.budgets.reserve(call, { cost: 0.75 });
        return caught(kernel.budgets.reserve(call, { cost: 0.5 }));
      }),
      {},
    );
    expect(outcome).toMatchObject({
      code: "budget.exceeded",
      message: expect.stringContaining("$0.75 of $1 are spent or promised and this asks for $0.5"),
    });
    expect(spent(kernel)).toEqual({ money: { cost: 0 } });
  });

  test("that is left open counts in full when its call ends", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "money", scope: "kernel", limits: { cost: 1 } });
    await kernel.invoke(
      buying(async (_, call) => void (await kernel.budgets.reserve(call, { cost: 0.75 }))),
      {},
    );
    expect(spent(kernel)).toEqual({ money: { cost: 0.75 } });
  });

  test("of a negative amount, or of what is no amount, is refused", async () => {
    await using kernel = await testKernel();
    const bad = [{ cost: -1 }, { tokens: Number.NaN }, { depth: 1 } as never];
    const outcomes = await kernel.invoke(
      buying((_, call) => Promise.all(bad.map((amount) => caught(kernel.budgets.reserve(call, amount))))),
      {},
    );
    expect(outcomes).toMatchObject(bad.map(() => ({ code: "budget.bad" })));
  });

  test("is not settled by what is no amount, which would undo the bound: it counts in full", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "money", scope: "kernel", limits: { cost: 1 } });
    const settled = (amount: Spending) =>
      caught(
        kernel.invoke(
          buying(async (_, call) => (await kernel.budgets.reserve(call, { cost: 0.5 })).settle(amount)),
          {},
        ),
      );
    expect([await settled({ cost: Number.NaN }), await settled({ cost: -100 })]).toMatchObject([
      { code: "budget.bad" },
      { code: "budget.bad" },
    ]);
    expect([await settled({ cost: 0 }), spent(kernel)]).toMatchObject([
      { code: "budget.exceeded" },
      { money: { cost: 1 } },
    ]);
  });
});

test("a call that no budget is over runs as if there were none", async () => {
  await using kernel = await testKernel();
  kernel.budgets.add({ name: "tenants", scope: "tenant", limits: { calls: 0, tokens: 0, ms: 0, depth: 0, cost: 0 } });
  expect((await kernel.invoke(scriptedModel(["hi"]), { messages: [] })).text).toBe("hi");
});
