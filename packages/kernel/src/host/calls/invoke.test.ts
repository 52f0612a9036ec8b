import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { AnyAction } from "../../action.ts";
import type { Call, Middleware, MiddlewarePlace, RunFrame } from "../../call.ts";
import type { Event } from "../../event.ts";
import { defineTool } from "../../kinds/tool.ts";
import { fakeClock } from "../../testing/clock.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";

const action = (name: string, run: AnyAction["run"], more: Partial<AnyAction> = {}): AnyAction => ({
  kind: "tool",
  name,
  run,
  ...more,
});
const echo = action("echo", (input) => input);
const caught = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  );

describe("input and output", () => {
  const double = defineTool({
    name: "double",
    input: z.object({ n: z.number(), times: z.number().default(2) }),
    output: z.object({ n: z.number().transform((n) => n + 0.5) }),
    run: ({ n, times }) => ({ n: n * times }),
  });

  test("run sees the validated input, the caller the validated output", async () => {
    await using kernel = await testKernel();
    expect(await kernel.invoke(double, { n: 4 })).toEqual({ n: 8.5 });
  });

  test("bad input is refused before anything runs, and watchers hear of it", async () => {
    await using kernel = await testKernel();
    const events: unknown[] = [];
    const stop = kernel.watch({ kind: "tool" }, ({ type, name }) => void events.push([type, name]));
    // A caller from outside the type system.
    const error = await caught(kernel.invoke(double, { n: "4" } as never));
    expect(error).toMatchObject({
      code: "input.invalid",
      message: expect.stringContaining('The tool "double" was given bad input: n: '),
      data: { issues: [{ path: "n" }] },
    });
    expect(events).toEqual([["action.error", "double"]]);
    stop();
  });

  test("bad output is the action's fault", async () => {
    await using kernel = await testKernel();
    const wrong = action("wrong", () => ({ m: 1 }), { output: { type: "object", required: ["n"] } });
    expect(await caught(kernel.invoke(wrong, {}))).toMatchObject({
      code: "output.invalid",
      data: { issues: [{ path: "n", message: "is missing" }] },
    });
  });

  test("a schema that waits is waited for", async () => {
    await using kernel = await testKernel();
    const input = z.string().refine(async (text) => text === "yes", "say yes");
    const slow = action("slow", (text) => text, { input });
    expect(await kernel.invoke(slow, "yes")).toBe("yes");
    expect(await caught(kernel.invoke(slow, "no"))).toMatchObject({ code: "input.invalid" });
  });

  test("a schema that cannot be made ready, or throws, fails the call and leaves nothing in flight", async () => {
    await using kernel = await testKernel();
    const broken = action("broken", () => 1, { input: { nonsense: true } });
    expect(await caught(kernel.invoke(broken, {}))).toMatchObject({ code: "schema.unknown_keyword" });
    const boom = z.string().transform(() => {
      throw new TypeError("boom");
    });
    expect(
      await caught(
        kernel.invoke(
          action("boom", () => 1, { input: boom }),
          "x",
        ),
      ),
    ).toEqual(new TypeError("boom"));
    expect(kernel.counts().calls).toBe(0);
  });
});

describe("what an action gives back", () => {
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested.
  const thenable = { then: (resolve: (value: number) => void) => resolve(3) };
  test.each<[string, () => unknown, unknown]>([
    ["a plain value", () => 1, 1],
    ["nothing", () => undefined, undefined],
    ["a promise", async () => 2, 2],
    ["a thenable", () => thenable, 3],
  ])("%s", async (_, run, output) => {
    await using kernel = await testKernel();
    expect(await kernel.invoke(action("any", run), {})).toEqual(output);
  });

  test("a sync throw is a rejection, never a throw", async () => {
    await using kernel = await testKernel();
    const thrower = action("thrower", () => {
      throw new RangeError("now");
    });
    const promise = kernel.invoke(thrower, {});
    expect(await caught(promise)).toEqual(new RangeError("now"));
  });
});

describe("middleware", () => {
  test("stands in the order of places, of two at one place the first outside; kinds are kept apart", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    const note =
      (name: string): Middleware =>
      (step, next) => {
        order.push(name);
        return next(step);
      };
    const places: MiddlewarePlace[] = [
      "timeout",
      "pacing",
      "retry",
      "fallback",
      "cache",
      "budget",
      "approval",
      "durable",
    ];
    for (const place of places) kernel.wrap(note(place), { place });
    kernel.wrap(note("second approval"));
    kernel.wrap(note("for models"), { kinds: ["model"] });
    const stop = kernel.watch({ type: "action.start" }, () => order.push("tell"));
    await kernel.invoke(echo, 1);
    expect(order).toEqual([
      "durable",
      "tell",
      "approval",
      "second approval",
      "budget",
      "cache",
      "fallback",
      "retry",
      "pacing",
      "timeout",
    ]);
    stop();
  });

  test("one taken away wraps no further call", async () => {
    await using kernel = await testKernel();
    const stop = kernel.wrap(async () => "wrapped");
    const seen = [await kernel.invoke(echo, "bare")];
    stop();
    stop();
    seen.push(await kernel.invoke(echo, "bare"));
    expect(seen).toEqual(["wrapped", "bare"]);
  });

  test("retry may go on twice, and is told about once", async () => {
    await using kernel = await testKernel();
    const types: string[] = [];
    const stop = kernel.watch({ kind: "tool" }, (event) => void types.push(event.type));
    kernel.wrap((step, next) => next(step).catch(() => next(step)), { place: "retry" });
    let runs = 0;
    const flaky = action("flaky", () => {
      runs++;
      if (runs === 1) throw new Error("first");
      return "second";
    });
    expect([await kernel.invoke(flaky, {}), runs, types]).toEqual(["second", 2, ["action.start", "action.end"]]);
    stop();
  });

  test("a cache need not go on; a wrapper may change the input and keep the step whole", async () => {
    await using kernel = await testKernel();
    let ran = 0;
    const counted = action("counted", (input) => {
      ran++;
      return input;
    });
    const stop = kernel.wrap(async () => "kept", { place: "cache" });
    expect([await kernel.invoke(counted, 1), ran]).toEqual(["kept", 0]);
    stop();
    const frame = { run: "r1", key: "k" } as RunFrame;
    const inner: Middleware = (step, next) => {
      step.enter(frame);
      return next(step);
    };
    kernel.wrap((step, next) => next({ ...step, input: 2 }), { place: "approval" });
    kernel.wrap(inner, { place: "budget" });
    const run = action("run", (input, call) => [input, call.run?.run]);
    expect(await kernel.invoke(run, 1)).toEqual([2, "r1"]);
  });

  test("what is before tell acts in silence: a replayed result is not told as work", async () => {
    await using kernel = await testKernel();
    const types: string[] = [];
    const stop = kernel.watch({ kind: "tool" }, (event) => void types.push(event.type));
    kernel.wrap(
      async ({ call }) => {
        call.emit("action.replayed", { ms: 0 });
        return "kept";
      },
      { place: "durable" },
    );
    expect([await kernel.invoke(echo, 1), types]).toEqual(["kept", ["action.replayed"]]);
    stop();
  });

  test("one that throws, or gives back no promise, fails or ends the call like any other", async () => {
    await using kernel = await testKernel();
    const stop = kernel.wrap((() => "plain") as unknown as Middleware);
    expect(await kernel.invoke(echo, 1)).toBe("plain");
    stop();
    kernel.wrap(() => {
      throw new Error("refused");
    });
    expect(await caught(kernel.invoke(echo, 1))).toEqual(new Error("refused"));
  });

  test("a frame given to invoke is the run of the call and of what it calls", async () => {
    await using kernel = await testKernel();
    const frame = { run: "r9", key: "k", now: async () => 42 } as unknown as RunFrame;
    const inner = action("inner", (_, call) => Promise.all([call.run?.run, call.now()]));
    const outer = action("outer", (_, call) => call.invoke(inner, {}));
    expect(await kernel.invoke(outer, {}, { frame })).toEqual(["r9", 42]);
  });
});

describe("events", () => {
  test("start, deltas, end and error carry the call, its parent and the trace", async () => {
    await using kernel = await testKernel();
    const events: Event[] = [];
    const stop = kernel.watch({ kind: "tool" }, (event) => void events.push(event));
    const inner = action("inner", (_, call) => {
      call.emit("action.delta", { body: "half" });
      throw new Error("no");
    });
    const outer = action("outer", async (_, call) => {
      await kernel.clock.advance(5);
      return call.invoke(inner, "in").catch(() => "out");
    });
    await kernel.invoke(outer, "given");
    const at = kernel.clock.now();
    const [first] = events;
    const head = { trace: first?.call, kind: "tool" };
    const root = { ...head, call: first?.call, name: "outer" };
    const child = { ...head, call: events[1]?.call, name: "inner", at };
    expect(events).toEqual([
      { ...root, type: "action.start", at: at - 5, parent: undefined, input: "given" },
      { ...child, type: "action.start", parent: first?.call, input: "in" },
      { ...child, type: "action.delta", body: "half" },
      { ...child, type: "action.error", ms: 0, error: { code: "error.unexpected", message: "no", retryable: false } },
      { ...root, type: "action.end", at, ms: 5, output: "out" },
    ]);
    expect(events[1]?.call).not.toBe(first?.call);
    stop();
  });

  test("nobody watching, no id is printed and no event made", async () => {
    let printed = 0;
    const ids = { next: () => 1, text: () => `id${++printed}`, unique: () => "u", random: () => 0 };
    await using kernel = await createKernel({ ids });
    await kernel.invoke(echo, 1);
    expect(printed).toBe(0);
  });

  test("a watcher that throws is logged and disturbs nobody; one that left hears nothing more", async () => {
    await using kernel = await testKernel();
    const heard: string[] = [];
    const stops = [
      kernel.watch({ type: "action.start" }, () => {
        throw new Error("clumsy");
      }),
      kernel.watch({ type: "action.start" }, () => stops[2]?.()),
      kernel.watch({ type: "action.start" }, () => heard.push("left before its turn")),
      kernel.watch({ type: "action.start", kind: "tool" }, () => heard.push("tool")),
      kernel.watch({ type: "action.start", kind: "model" }, () => heard.push("model")),
    ];
    expect(await kernel.invoke(echo, 1)).toBe(1);
    expect([heard, kernel.logged.map((entry) => entry.message)]).toEqual([
      ["tool"],
      ["A watcher of events threw: clumsy"],
    ]);
    for (const stop of stops) stop();
  });

  test("events are frozen in tests, so that a watcher that steers is found", async () => {
    await using kernel = await testKernel();
    const stop = kernel.watch({ type: "action.end" }, (event) => {
      (event as { output: unknown }).output = "mine";
    });
    await kernel.invoke(echo, 1);
    expect(kernel.logged[0]?.message).toContain("read only property");
    stop();
  });
});

test("without a run, time, randomness and ids are the kernel's, and ask needs a run", async () => {
  await using kernel = await testKernel();
  const asks = action("asks", async (_, call) => [
    await call.now(),
    await call.random(),
    await call.uniqueId(),
    await caught(call.ask({ title: "ok?" })),
  ]);
  expect(await kernel.invoke(asks, {})).toEqual([
    kernel.clock.now(),
    expect.any(Number),
    "u1",
    expect.objectContaining({ code: "call.needs_run" }),
  ]);
});

test("whoever comes to watch while a call is at work hears of its end, with the time since they came", async () => {
  const clock = fakeClock();
  await using kernel = await createKernel({ clock });
  const slow = { kind: "tool", name: "slow", run: (_: unknown, call: Call) => call.sleep(100).then(() => "done") };
  const work = kernel.invoke(slow, {});
  await clock.advance(60);
  const heard: Event[] = [];
  using _ = { [Symbol.dispose]: kernel.watch({}, (event) => void heard.push(event)) };
  await clock.advance(40);
  await work;
  expect(heard).toMatchObject([{ type: "action.end", name: "slow", output: "done", ms: 40 }]);
});
