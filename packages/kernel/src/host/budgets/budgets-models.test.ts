import { describe, expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { spent } from "../../../test/spent.ts";
import type { AnyAction } from "../../action.ts";
import type { Call, Middleware } from "../../call.ts";
import type { Model, ModelReply, ModelRequest } from "../../kinds/model.ts";
import { testKernel } from "../../testing/kernel.ts";
import { scriptedModel } from "../../testing/scripted-model.ts";

/** A request whose input is estimated at so many tokens. */
const request = (tokens: number, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: "user", text: "x".repeat(tokens * 4) }],
  ...more,
});
const reply = (inputTokens: number, outputTokens: number, cost?: number): ModelReply => ({
  text: "",
  toolCalls: [],
  finish: "stop",
  model: "m",
  usage: { inputTokens, outputTokens, ...(cost === undefined ? {} : { cost }) },
});
const model = (
  run: (request: ModelRequest, call: Call) => Promise<ModelReply> | ModelReply,
  more: Partial<Model> = {},
): Model => ({
  kind: "model",
  name: "m",
  run,
  ...more,
});
/** Streams pieces of so many estimated tokens until it is told to stop; then it fails with the signal's reason. */
const talker = (pieces: number, tokens: number) =>
  model(async (_, call) => {
    for (let n = 0; n < pieces; n++) {
      call.emit("action.delta", { body: "y".repeat(tokens * 4) });
      await call.sleep(1);
    }
    return reply(1, pieces * tokens);
  });

describe("tokens", () => {
  test("are promised while the model works, and settled by what it reports", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 5000 } });
    const seen: unknown[] = [];
    const asked = model((given) => {
      seen.push(spent(kernel), given.maxTokens);
      return reply(12, 30);
    });
    await kernel.invoke(asked, request(10, { maxTokens: 100 }));
    expect(seen).toEqual([{ all: { tokens: 0, "reserved tokens": 110 } }, 100]);
    expect(spent(kernel)).toEqual({ all: { tokens: 42 } });
  });

  test("of tools, tool calls and a wanted shape count as input", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 5000 } });
    const schema = { type: "object" } as const;
    const given: ModelRequest = {
      messages: [{ role: "assistant", text: "1234", toolCalls: [{ id: "a", name: "t", input: { a: 1 } }] }],
      tools: [{ name: "t", description: "d", input: schema }],
      output: { name: "o", schema },
      maxTokens: 1,
    };
    const calls = Math.ceil(
      (4 + JSON.stringify(given.messages[0]?.role === "assistant" ? given.messages[0].toolCalls : []).length) / 4,
    );
    const rest = Math.ceil(JSON.stringify(given.tools).length / 4) + Math.ceil(JSON.stringify(schema).length / 4);
    let promised: unknown;
    await kernel.invoke(
      model(() => {
        promised = kernel.budgets.list()[0]?.reserved.tokens;
        return reply(0, 0);
      }),
      given,
    );
    expect(promised).toBe(calls + rest + 1);
  });

  test("an answer is asked to be no longer than there is room for", async () => {
    await using kernel = await testKernel();
    const scripted = scriptedModel([reply(10, 5), reply(10, 5), reply(10, 5)]);
    await kernel.invoke(scripted, request(10), { budget: { tokens: 100 } });
    await kernel.invoke(scripted, request(10, { maxTokens: 500 }), { budget: { tokens: 100 } });
    await kernel.invoke(scripted, request(10, { maxTokens: 20 }), { budget: { tokens: 100 } });
    expect(scripted.requests.map(({ maxTokens }) => maxTokens)).toEqual([90, 90, 20]);
  });

  test("a request whose input alone does not fit is refused, and its model never asked", async () => {
    await using kernel = await testKernel();
    const scripted = scriptedModel([]);
    const error = await caught(kernel.invoke(scripted, request(100), { budget: { tokens: 100 } }));
    expect(error).toMatchObject({
      code: "budget.exceeded",
      data: { budget: "call", what: "tokens", limit: 100, spent: 0, wanted: 1124 },
    });
    expect(scripted.requests).toEqual([]);
  });

  test("of calls at the same time are promised apart: the second gets what the first left", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const limits: unknown[] = [];
    const slow = model(async ({ maxTokens }, call) => {
      limits.push(maxTokens);
      await call.sleep(5);
      return reply(10, 10);
    });
    const works = [50, 50, 50].map((maxTokens) => caught(kernel.invoke(slow, request(10, { maxTokens }))));
    await kernel.clock.advance(5);
    expect([limits, (await Promise.all(works)).map((one) => (one as { code?: string }).code)]).toEqual([
      [50, 30],
      [undefined, undefined, "budget.exceeded"],
    ]);
    expect(spent(kernel)).toEqual({ all: { tokens: 40 } });
  });

  test.each([
    ["no usage", { ...reply(0, 0), usage: undefined as never }],
    ["a usage that is no number", reply(Number.NaN, 5)],
    ["a negative usage", reply(10, -5)],
    ["nothing at all", undefined as never],
  ])("of a model that reports %s are estimated", async (_, answer) => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const careless = model((_request, call) => {
      call.emit("action.delta", { body: "12345" });
      return answer;
    });
    await kernel.invoke(careless, request(10));
    expect(spent(kernel)).toEqual({ all: { tokens: 12 } });
  });

  test("of tools and agents are not bounded: only models use any", async () => {
    await using kernel = await testKernel();
    const action: AnyAction = { kind: "tool", name: "t", run: () => "ran" };
    expect(await kernel.invoke(action, {}, { budget: { tokens: 0, cost: 0 } })).toBe("ran");
  });
});

describe("in mid-stream", () => {
  test("an answer that crosses its budget is stopped, and what came is counted", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    let aborted: unknown;
    const endless = model((_, call) => {
      call.signal.addEventListener("abort", () => (aborted = call.signal.reason));
      return talker(99, 20).run(request(0), call);
    });
    const work = caught(kernel.invoke(endless, request(10)));
    await kernel.clock.advance(99);
    const error = await work;
    expect(error).toMatchObject({
      code: "budget.exceeded",
      data: { budget: "all", what: "tokens", limit: 100, spent: 100 },
    });
    expect(aborted).toBe(error);
    // Ten of input, and five pieces: the last of them went beyond.
    expect(spent(kernel)).toEqual({ all: { tokens: 110 } });
  });

  test("an answer longer than was thought takes more room while there is some", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 3000 } });
    const work = kernel.invoke(talker(20, 100), request(1));
    await kernel.clock.advance(9);
    // What was thought at first, and more in steps of 256 and of what was missing.
    expect(kernel.budgets.list()[0]?.reserved.tokens).toBe(1025);
    await kernel.clock.advance(9);
    expect(kernel.budgets.list()[0]?.reserved.tokens).toBe(1025 + 4 * 256);
    await kernel.clock.advance(2);
    await work;
    expect(spent(kernel)).toEqual({ all: { tokens: 2001 } });
  });

  test("the error is the budget's even if the model makes another of it, or answers all the same", async () => {
    await using kernel = await testKernel();
    const stubborn = (end: () => ModelReply) =>
      model((_, call) => {
        call.emit("action.delta", { body: "y".repeat(4000) });
        return end();
      });
    const outer = (inner: Model): AnyAction => ({
      kind: "tool",
      name: "outer",
      run: (_, call) => caught(call.invoke(inner, request(1))),
    });
    const ends = [
      () => {
        throw new Error("socket closed");
      },
      () => reply(1, 1000),
    ];
    for (const end of ends) {
      const outcome = await kernel.invoke(outer(stubborn(end)), {}, { budget: { tokens: 100 } });
      expect(outcome).toMatchObject({ code: "budget.exceeded", data: { what: "tokens" } });
    }
  });

  test("what is streamed by others than models is nobody's tokens", async () => {
    await using kernel = await testKernel();
    const chatty: AnyAction = {
      kind: "tool",
      name: "chatty",
      run: (_, call) => call.emit("action.delta", { body: "y".repeat(4000) }),
    };
    expect(await kernel.invoke(chatty, {}, { budget: { tokens: 1 } })).toBe(undefined);
  });
});

describe("a model call that does not end well", () => {
  const failing = model(async (_, call) => {
    call.emit("action.delta", { body: "y".repeat(40) });
    await call.sleep(5);
    throw new Error("gone");
  });

  test("counts its input and what came of the answer", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const work = caught(kernel.invoke(failing, request(10)));
    await kernel.clock.advance(5);
    await work;
    expect(spent(kernel)).toEqual({ all: { tokens: 20 } });
  });

  test("counts the same when it is cancelled half-way", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const stop = new AbortController();
    const work = caught(kernel.invoke(failing, request(10), { signal: stop.signal }));
    await kernel.clock.advance(1);
    stop.abort("enough");
    expect(await work).toBe("enough");
    expect(spent(kernel)).toEqual({ all: { tokens: 20 } });
  });

  test("counts what it reports after it was given up, where that is more", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    let answer: (reply: ModelReply) => void = () => {};
    const deaf = model(() => new Promise((resolve) => (answer = resolve)));
    const work = caught(kernel.invoke(deaf, request(10), { timeout: 5 }));
    await kernel.clock.advance(5);
    expect([await work, spent(kernel)]).toMatchObject([{ code: "call.timed_out" }, { all: { tokens: 10 } }]);
    answer(reply(10, 25));
    await kernel.clock.advance(0);
    expect(spent(kernel)).toEqual({ all: { tokens: 35 } });
  });

  test("each attempt counts, and has room of its own", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const twice: Middleware = (step, next) => next(step).catch(() => next(step));
    kernel.wrap(twice, { place: "retry", kinds: ["model"] });
    const limits: unknown[] = [];
    const second = model((given, call) => {
      limits.push(given.maxTokens, kernel.budgets.list()[0]?.reserved.tokens);
      if (limits.length > 2) return reply(10, 7);
      return failing.run(given, call);
    });
    const work = kernel.invoke(second, request(10, { maxTokens: 80 }));
    await kernel.clock.advance(5);
    await work;
    // The first attempt took twenty, so the second may answer with seventy.
    expect(limits).toEqual([80, 90, 70, 80]);
    expect(spent(kernel)).toEqual({ all: { tokens: 37 } });
  });

  test("an attempt for which there is no room is refused", async () => {
    await using kernel = await testKernel();
    const twice: Middleware = (step, next) => next(step).catch(() => next(step));
    kernel.wrap(twice, { place: "retry", kinds: ["model"] });
    const work = caught(kernel.invoke(failing, request(10), { budget: { tokens: 30 } }));
    await kernel.clock.advance(5);
    expect(await work).toMatchObject({ code: "budget.exceeded", data: { spent: 20, limit: 30 } });
  });

  test("what a cache answers costs nothing", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100, calls: 9 } });
    kernel.wrap(async () => reply(10, 10), { place: "cache", kinds: ["model"] });
    await kernel.invoke(failing, request(10));
    expect(spent(kernel)).toEqual({ all: { calls: 1, tokens: 0 } });
  });
});

describe("a model that asks another model", () => {
  const asking = (inner: Model, answer: (inner: ModelReply) => ModelReply) =>
    model(async (given, call) => answer(await call.invoke(inner, given)), { name: "router" });

  test("has handed its work over: it is charged once", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const seen: unknown[] = [];
    const inner = model((given) => {
      seen.push(given.maxTokens, kernel.budgets.list()[0]?.reserved.tokens);
      return reply(10, 20);
    });
    await kernel.invoke(
      asking(inner, (same) => same),
      request(10, { maxTokens: 60 }),
    );
    expect(seen).toEqual([60, 70]);
    expect(spent(kernel)).toEqual({ all: { tokens: 30 } });
  });

  test("is charged for what it reports beyond that", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    await kernel.invoke(
      asking(
        model(() => reply(10, 20)),
        () => reply(15, 25),
      ),
      request(10),
    );
    expect(spent(kernel)).toEqual({ all: { tokens: 40 } });
  });

  test("counts only the inner one when it fails afterwards", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "all", scope: "kernel", limits: { tokens: 100 } });
    const broken = asking(
      model(() => reply(1, 2)),
      () => {
        throw new Error("no");
      },
    );
    await caught(kernel.invoke(broken, request(10)));
    expect(spent(kernel)).toEqual({ all: { tokens: 3 } });
  });
});

describe("money", () => {
  const price = { input: 1_000_000, output: 2_000_000 };

  test("is kept beforehand where the price is known", async () => {
    await using kernel = await testKernel();
    const seen: unknown[] = [];
    const priced = model(
      (given) => {
        seen.push(given.maxTokens, kernel.budgets.list()[0]?.reserved.cost);
        return reply(10, 5);
      },
      { price: () => price },
    );
    await kernel.invoke(priced, request(10, { maxTokens: 50 }), { budget: { cost: 50 } });
    expect(seen).toEqual([20, 50]);
    const error = await caught(kernel.invoke(priced, request(10), { budget: { cost: 11 } }));
    expect(error).toMatchObject({ code: "budget.exceeded", data: { what: "cost", limit: 11 } });
  });

  test("is what the model reports, or its price times its tokens", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "money", scope: "kernel", limits: { cost: 1000 } });
    await kernel.invoke(
      model(() => reply(10, 5), { price: () => price }),
      request(10, { maxTokens: 9 }),
    );
    await kernel.invoke(
      model(() => reply(10, 5, 0.5), { price: () => price }),
      request(10, { maxTokens: 9 }),
    );
    expect(spent(kernel)).toEqual({ money: { cost: 20.5 } });
  });

  test("without a price is known only afterwards: the next call is the one that is refused", async () => {
    await using kernel = await testKernel();
    kernel.budgets.add({ name: "money", scope: "kernel", limits: { cost: 1 } });
    const dear = model(() => reply(1, 1, 0.75));
    await kernel.invoke(dear, request(1));
    await kernel.invoke(dear, request(1));
    expect(spent(kernel)).toEqual({ money: { cost: 1.5 } });
    expect(await caught(kernel.invoke(dear, request(1)))).toMatchObject({
      data: { what: "cost", spent: 1.5, wanted: 0 },
    });
  });

  test("a model that costs nothing works without any", async () => {
    await using kernel = await testKernel();
    const free = model(() => reply(1, 1), { price: () => ({ input: 0, output: 0 }) });
    expect(await kernel.invoke(free, request(1), { budget: { cost: 0 } })).toMatchObject({ model: "m" });
  });
});
