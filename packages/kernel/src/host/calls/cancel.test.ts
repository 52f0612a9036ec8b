import { describe, expect, test } from "vitest";
import type { Action, AnyAction } from "../../action.ts";
import type { Call } from "../../call.ts";
import { isMofaError } from "../../error.ts";
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
/** Ends only when it is told to. */
function gate<T = unknown>() {
  let open!: (value: T) => void;
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}
const untilAborted = (call: Call) =>
  new Promise<never>((_, reject) =>
    call.signal.addEventListener("abort", () => reject(call.signal.reason), { once: true }),
  );
const ignoring = action("stubborn", () => new Promise(() => {}));
const caught = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  );

describe("ending early", () => {
  test("a timeout of the call, or of the action, stops it at its time, and the inner deadline is the nearer one", async () => {
    await using kernel = await testKernel();
    const seen: unknown[] = [];
    const inner = action("inner", (_, call) => {
      seen.push(call.deadline);
      return untilAborted(call);
    });
    const outer = action("outer", (_, call) => call.invoke(inner, {}, { timeout: 50_000 }), { timeout: 1000 });
    const start = kernel.clock.now();
    const result = caught(kernel.invoke(outer, {}));
    await kernel.clock.advance(999);
    expect(kernel.counts().calls).toBe(2);
    await kernel.clock.advance(1);
    expect(await result).toMatchObject({ code: "call.timed_out", retryable: true, data: { name: "outer", ms: 1000 } });
    expect([seen, kernel.counts().calls, kernel.clock.pending]).toEqual([[start + 1000], 0, 0]);
  });

  test("a call that ends in time leaves no timer", async () => {
    await using kernel = await testKernel();
    expect([await kernel.invoke(echo, 1, { timeout: 10 }), kernel.clock.pending]).toEqual([1, 0]);
  });

  test("a signal cancels the whole tree with its reason", async () => {
    await using kernel = await testKernel();
    const reasons: unknown[] = [];
    const leaf = action("leaf", (_, call) => untilAborted(call).catch((error) => reasons.push(error)));
    const middle = action("middle", (_, call) => Promise.all([call.invoke(leaf, {}), call.invoke(leaf, {})]));
    const root = action("root", (_, call) => call.invoke(middle, {}));
    const stop = new AbortController();
    const result = caught(kernel.invoke(root, {}, { signal: stop.signal }));
    stop.abort("enough");
    expect([await result, reasons]).toEqual(["enough", ["enough", "enough"]]);
    await kernel.clock.advance(0);
    expect(kernel.counts().calls).toBe(0);
  });

  test("a signal that has fired already runs nothing, even with a timeout", async () => {
    await using kernel = await testKernel();
    let ran = false;
    const never = action("never", () => {
      ran = true;
    });
    const options = { signal: AbortSignal.abort("before"), timeout: 5 };
    expect([await caught(kernel.invoke(never, {}, options)), ran, kernel.clock.pending]).toEqual(["before", false, 0]);
  });

  test("an action that ignores its signal keeps its caller not a moment longer", async () => {
    await using kernel = await testKernel();
    const stop = new AbortController();
    const first = caught(kernel.invoke(ignoring, {}, { signal: stop.signal }));
    stop.abort("now");
    const second = caught(kernel.invoke(ignoring, {}, { timeout: 3 }));
    await kernel.clock.advance(3);
    expect([await first, isMofaError(await second, "call.timed_out"), kernel.counts().calls]).toEqual(["now", true, 0]);
  });

  test("an action that cancels its own call while it begins is not waited for", async () => {
    await using kernel = await testKernel();
    const stop = new AbortController();
    const suicidal = action("suicidal", () => {
      stop.abort("me");
      return new Promise(() => {});
    });
    expect(await caught(kernel.invoke(suicidal, {}, { signal: stop.signal }))).toBe("me");
  });

  test("children still running are cancelled when their parent ends, and nobody need await them", async () => {
    await using kernel = await testKernel();
    let reason: unknown;
    const child = action("child", (_, call) =>
      untilAborted(call).catch((error) => {
        reason = error;
        throw error;
      }),
    );
    const careless = action("careless", (_, call) => {
      // Nobody holds this promise: its end must not crash the process.
      void call.invoke(child, {});
      return "done";
    });
    expect(await kernel.invoke(careless, {})).toBe("done");
    await kernel.clock.advance(0);
    expect(reason).toMatchObject({ code: "call.parent_ended", data: { kind: "tool", name: "child" } });
    expect(kernel.counts().calls).toBe(0);
  });

  test("a call that has ended, or is cancelled, starts nothing more", async () => {
    await using kernel = await testKernel();
    let kept!: Call;
    let ran = 0;
    const child = action("child", () => ran++);
    await kernel.invoke(
      action("keeper", (_, call) => {
        kept = call;
      }),
      {},
    );
    expect(await caught(kept.invoke(child, {}))).toMatchObject({ code: "call.parent_ended" });
    const stop = new AbortController();
    const late = action("late", async (_, call) => {
      stop.abort("gone");
      return caught(call.invoke(child, {}));
    });
    await caught(kernel.invoke(late, {}, { signal: stop.signal }));
    expect(ran).toBe(0);
  });

  test("who hears of the end of its parent cannot begin something that outlives it", async () => {
    await using kernel = await testKernel();
    let late: unknown;
    const other = action("other", () => "ran");
    const parent = action("parent", (_, call) => {
      const child = action("child", (__, childCall) => {
        childCall.signal.addEventListener("abort", () => {
          late = caught(call.invoke(other, {}));
        });
        return untilAborted(childCall);
      });
      void call.invoke(child, {});
    });
    await kernel.invoke(parent, {});
    expect(await late).toMatchObject({ code: "call.parent_ended" });
  });

  test("the signal is cancelled in whatever order siblings end", async () => {
    await using kernel = await testKernel();
    const gates = Array.from({ length: 5 }, () => gate());
    const cancelled: number[] = [];
    const child = action("child", (index: number, call) => {
      call.signal.addEventListener("abort", () => cancelled.push(index));
      return gates[index]?.passed;
    });
    const stop = new AbortController();
    const parent = action("parent", (_, call) => Promise.all(gates.map((_gate, index) => call.invoke(child, index))));
    const result = caught(kernel.invoke(parent, {}, { signal: stop.signal }));
    for (const index of [1, 3, 4]) gates[index]?.open(undefined);
    await kernel.clock.advance(0);
    stop.abort("x");
    await result;
    expect(cancelled.sort()).toEqual([0, 2]);
    for (const { open } of gates) open(undefined);
    await kernel.clock.advance(0);
  });

  test("a long-lived signal collects no listeners", async () => {
    await using kernel = await testKernel();
    const counted = countListeners();
    for (let round = 0; round < 100; round++) await kernel.invoke(echo, round, { signal: counted.signal });
    await caught(
      kernel.invoke(
        action("fails", () => Promise.reject("no")),
        1,
        { signal: counted.signal },
      ),
    );
    for await (const _ of kernel.stream(echo, 1, { signal: counted.signal }));
    const parent = action("parent", async (_, call) => {
      for (let round = 0; round < 100; round++) await call.invoke(echo, round);
      await call.sleep(0);
    });
    const work = kernel.invoke(parent, {}, { signal: counted.signal });
    await kernel.clock.advance(1);
    await work;
    expect(counted.now()).toBe(0);
  });
});

function countListeners() {
  const { signal } = new AbortController();
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener: (...given: Parameters<typeof add>) => {
      count++;
      add(...given);
    },
    removeEventListener: (...given: Parameters<typeof remove>) => {
      count--;
      remove(...given);
    },
  });
  return { signal, now: () => count };
}

test("ten thousand calls at once, each with children, all end and leave nothing", async () => {
  await using kernel = await testKernel();
  const child = action("child", async (n: number) => n * 2);
  const parent = action("parent", async (n: number, call) => {
    await call.sleep(n % 7);
    const [a, b] = await Promise.all([call.invoke(child, n), call.invoke(child, n + 1)]);
    return a + b;
  });
  const results = Promise.all(
    Array.from({ length: 10_000 }, (_, n) => kernel.invoke(parent as Action<number, number>, n)),
  );
  expect(kernel.counts().calls).toBe(10_000);
  await kernel.clock.advance(10);
  expect((await results).reduce((sum, n) => sum + n, 0)).toBe(2 * (9999 * 10_000) + 20_000);
  expect(kernel.counts().calls).toBe(0);
});

test("a sleeping call wakes on time, and at once when it is cancelled", async () => {
  await using kernel = await testKernel();
  const sleeper = action("sleeper", async (ms: number, call) => {
    await call.sleep(ms);
    return "awake";
  });
  const stop = new AbortController();
  const [one, two] = [kernel.invoke(sleeper, 100), caught(kernel.invoke(sleeper, 1000, { signal: stop.signal }))];
  await kernel.clock.advance(100);
  stop.abort("up");
  expect([await one, await two, kernel.clock.pending]).toEqual(["awake", "up", 0]);
});

test("the end of the kernel cancels what is in flight and refuses what comes after", async () => {
  const kernel = await createKernel({ clock: fakeClock() });
  const work = caught(kernel.invoke(ignoring, {}));
  const end = kernel.end();
  expect(await caught(kernel.invoke(echo, 1))).toMatchObject({ code: "kernel.closed" });
  expect(() => kernel.send({ to: "*", type: "x" })).toThrow(expect.objectContaining({ code: "kernel.closed" }));
  await end;
  expect([await work, kernel.counts().calls, kernel.signal.aborted]).toEqual([
    expect.objectContaining({ code: "kernel.closed" }),
    0,
    true,
  ]);
});
