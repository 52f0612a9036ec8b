import { createServer } from "node:http";
import type { Agent, Call, Event, Tool } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { type EventLoopOptions, runEventLoop } from "./index.ts";

/** A source that is fed by hand, and says what was asked of it. */
function feed<T>() {
  const waiting: T[] = [];
  let asked = 0;
  let returned = 0;
  let take: ((result: IteratorResult<T>) => void) | undefined;
  const source: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        asked++;
        const value = waiting.shift();
        if (value !== undefined) return Promise.resolve({ done: false, value });
        return new Promise((resolve) => {
          take = resolve;
        });
      },
      return() {
        returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  const give = (value: T) => {
    const taker = take;
    take = undefined;
    if (taker === undefined) waiting.push(value);
    else taker({ done: false, value });
  };
  return { source, give, seen: () => ({ asked, returned }) };
}

async function* from<T>(...events: readonly T[]) {
  yield* events;
}

/** Holds each call until it is let go by its input. */
function gate() {
  const open = new Map<string, PromiseWithResolvers<string>>();
  const tool: Tool<string, string> = {
    kind: "tool",
    name: "gate",
    run(input, call) {
      const held = Promise.withResolvers<string>();
      open.set(input, held);
      call.signal.addEventListener("abort", () => held.reject(call.signal.reason), { once: true });
      return held.promise;
    },
  };
  return { tool, release: (input: string) => open.get(input)?.resolve(input), begun: () => [...open.keys()] };
}

const to = (tool: Tool) => (event: string) => ({ action: tool, input: event });

describe("taking events", () => {
  test("events go to agents by address and to actions; what dispatch leaves out is skipped", async () => {
    await using kernel = await testKernel();
    const ann: Agent = { kind: "agent", name: "ann", roles: ["reader"], run: (input) => ({ ann: input }) };
    const double: Tool<number, number> = { kind: "tool", name: "double", run: (input) => input * 2 };
    kernel.provide("agent", ann);
    const heard: unknown[] = [];
    const loop = runEventLoop(kernel, {
      source: from(1, 2, 3, 4),
      dispatch(event) {
        if (event === 1) return { to: "agent:ann" };
        if (event === 2) return { to: "role:reader", type: "read", body: { page: 2 } };
        return event === 3 ? { action: double, input: event } : undefined;
      },
      handled: (event, output) => void heard.push([event, output]),
    });
    expect(await loop.done).toEqual({
      status: "ended",
      taken: 4,
      running: 0,
      handled: 3,
      failed: 0,
      interrupted: 0,
      skipped: 1,
    });
    expect(heard).toEqual([
      [1, { ann: 1 }],
      [2, { ann: { page: 2 } }],
      [3, 6],
    ]);
  });

  test("the source is asked for the next event only when there is room", async () => {
    await using kernel = await testKernel();
    const { source, give, seen } = feed<string>();
    const { tool, release, begun } = gate();
    for (const event of ["a", "b", "c", "d"]) give(event);
    const loop = runEventLoop(kernel, { source, dispatch: to(tool), concurrency: 2 });
    await kernel.clock.advance(0);
    expect([begun(), seen().asked, loop.counts.running]).toEqual([["a", "b"], 2, 2]);
    release("b");
    await kernel.clock.advance(0);
    expect([begun(), seen().asked]).toEqual([["a", "b", "c"], 3]);
    for (const event of ["a", "c"]) release(event);
    await kernel.clock.advance(0);
    release("d");
    await kernel.clock.advance(0);
    expect(loop.counts).toMatchObject({ handled: 4, running: 0 });
  });

  test("an event that fails, in dispatch, in the work or in a listener, is told and the loop goes on", async () => {
    await using kernel = await testKernel();
    const told: string[] = [];
    const unwatch = kernel.watch({ kind: "loop" }, (event: Event) => void told.push(event.type));
    const failed: unknown[] = [];
    const loop = runEventLoop(kernel, {
      name: "orders",
      source: from("no address", "throws", "listener", "well"),
      dispatch(event) {
        if (event === "no address") return { to: "agent:nobody" };
        if (event === "throws") throw new Error("dispatch is broken");
        return { action: { kind: "tool", name: "echo", run: (input: unknown) => input }, input: event };
      },
      handled(event) {
        if (event === "listener") throw new Error("listener is broken");
      },
      failed: (event, error) => void failed.push([event, (error as Error).message]),
    });
    expect(await loop.done).toMatchObject({ status: "ended", taken: 4, handled: 2, failed: 2 });
    unwatch();
    expect(failed).toEqual([
      ["no address", expect.stringContaining("agent:nobody")],
      ["throws", "dispatch is broken"],
    ]);
    expect(told.filter((type) => type !== "action.start")).toEqual([
      "action.error",
      "action.error",
      "action.end",
      "action.end",
    ]);
    expect(kernel.logged.map(({ message }) => message)).toEqual([
      expect.stringContaining("orders: an event came to nothing"),
      "orders: an event came to nothing: dispatch is broken",
      "orders: a listener threw: listener is broken",
    ]);
  });

  test("an event that takes too long is stopped, with all that an address was asked for", async () => {
    await using kernel = await testKernel();
    const aborted: string[] = [];
    const slow = (name: string, roles: readonly string[]): Agent => ({
      kind: "agent",
      name,
      roles,
      run: (_, call: Call) =>
        new Promise((_resolve, reject) => {
          call.signal.addEventListener("abort", () => {
            aborted.push(name);
            reject(call.signal.reason);
          });
        }),
    });
    kernel.provide("agent", slow("ann", []));
    kernel.provide("agent", slow("ben", ["reader"]));
    const loop = runEventLoop(kernel, {
      source: from("agent:ann", "role:reader"),
      dispatch: (event) => ({ to: event }),
      timeout: 1000,
    });
    await kernel.clock.advance(2000);
    expect(await loop.done).toMatchObject({ failed: 2, interrupted: 0 });
    expect(aborted).toEqual(["ann", "ben"]);
    expect(kernel.agents().map(({ active }) => active)).toEqual([0, 0]);
  });

  test("a source that fails ends the loop with the reason; what was in work is finished", async () => {
    await using kernel = await testKernel();
    const { tool, release } = gate();
    const loop = runEventLoop(kernel, {
      source: (async function* () {
        yield "a";
        throw new Error("the line is dead");
      })(),
      dispatch: to(tool),
      concurrency: 2,
    });
    await kernel.clock.advance(0);
    release("a");
    expect(await loop.done).toMatchObject({
      status: "failed",
      handled: 1,
      error: { code: "loop.source_failed", message: expect.stringContaining("the line is dead") },
    });
    expect(kernel.logged.map(({ level }) => level)).toEqual(["error"]);
  });

  test.each<[string, Partial<EventLoopOptions<string>>]>([
    ["no room at all", { concurrency: 0 }],
    ["half a place", { concurrency: 1.5 }],
    ["no time", { timeout: 0 }],
    ["a time that is no number", { timeout: Number.NaN }],
    ["a drain that lies in the past", { drain: -1 }],
  ])("%s is refused", async (_name, options) => {
    await using kernel = await testKernel();
    const begin = () => runEventLoop(kernel, { source: from("a"), dispatch: () => undefined, ...options });
    expect(begin).toThrow(expect.objectContaining({ code: "loop.bad_option" }));
  });
});

describe("interrupting", () => {
  test("what is in work is cancelled down to the socket of a model call, and the next event is taken", async () => {
    await using kernel = await testKernel();
    const closed = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    await using server = createServer((request, response) => {
      if (request.url === "/quick") {
        response.end("quick");
        return;
      }
      // Begins to answer and never ends, as a model does that is still talking.
      response.write("data: {}\n\n");
      response.on("close", () => closed.resolve());
      arrived.resolve();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const model: Agent<{ path: string }, string> = {
      kind: "agent",
      name: "model",
      async run({ path }, call) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: call.signal });
        return response.text();
      },
    };
    kernel.provide("agent", {
      kind: "agent",
      name: "ann",
      roles: ["talker"],
      run: (path: string, call: Call) => call.invoke(model, { path }),
    });
    const outputs: unknown[] = [];
    const failures: unknown[] = [];
    const loop = runEventLoop(kernel, {
      source: from("/slow", "/quick"),
      // By role: whoever holds it works in a call of its own.
      dispatch: (path) => ({ to: "role:talker", body: path }),
      handled: (_, output) => void outputs.push(output),
      failed: (event, error) => void failures.push([event, (error as { code: string }).code]),
    });
    await arrived.promise;
    expect(loop.interrupt("the person pressed stop")).toBe(1);
    await closed.promise;
    expect(await loop.done).toMatchObject({ status: "ended", handled: 1, interrupted: 1, failed: 0 });
    expect([outputs, failures]).toEqual([["quick"], [["/slow", "loop.interrupted"]]]);
    server.closeAllConnections();
  });

  test("an event that waits for its agent's turn never gets it once it is interrupted", async () => {
    await using kernel = await testKernel();
    const { tool, release, begun } = gate();
    kernel.provide("agent", { ...tool, kind: "agent", name: "ann" } as unknown as Agent);
    const busy = kernel.invoke(kernel.get("agent", "ann"), "mine");
    const loop = runEventLoop(kernel, { source: from("theirs"), dispatch: () => ({ to: "agent:ann" }) });
    await kernel.clock.advance(0);
    loop.interrupt();
    expect(await loop.done).toMatchObject({ interrupted: 1 });
    release("mine");
    await busy;
    expect(begun()).toEqual(["mine"]);
  });

  test("with nothing in work it does nothing, and leaves the next event alone", async () => {
    await using kernel = await testKernel();
    const { source, give } = feed<string>();
    const { tool, release } = gate();
    const loop = runEventLoop(kernel, { source, dispatch: to(tool) });
    expect(loop.interrupt()).toBe(0);
    give("a");
    await kernel.clock.advance(0);
    release("a");
    await kernel.clock.advance(0);
    expect(loop.counts).toMatchObject({ handled: 1, interrupted: 0 });
  });
});

describe("stopping", () => {
  test("no more events are taken, what is in work finishes, and the source is told to return once", async () => {
    await using kernel = await testKernel();
    const { source, give, seen } = feed<string>();
    const { tool, release, begun } = gate();
    give("a");
    give("b");
    const loop = runEventLoop(kernel, { source, dispatch: to(tool) });
    await kernel.clock.advance(0);
    const stopped = loop.stop();
    await kernel.clock.advance(4999);
    release("a");
    expect(await stopped).toMatchObject({ status: "stopped", taken: 1, handled: 1, interrupted: 0 });
    expect([begun(), seen()]).toEqual([["a"], { asked: 1, returned: 1 }]);
    expect(await loop.stop()).toBe(await loop.done);
    expect(seen().returned).toBe(1);
  });

  test("what does not finish in time is cancelled; asked again, the loop waits no longer", async () => {
    await using kernel = await testKernel();
    const { tool } = gate();
    const options = { dispatch: to(tool), concurrency: 2 };
    const first = runEventLoop(kernel, { ...options, source: from("a"), drain: 100 });
    await kernel.clock.advance(0);
    const stopped = first.stop();
    await kernel.clock.advance(99);
    expect(first.counts.running).toBe(1);
    await kernel.clock.advance(1);
    expect(await stopped).toMatchObject({ status: "stopped", interrupted: 1 });
    const second = runEventLoop(kernel, { ...options, source: from("b") });
    await kernel.clock.advance(0);
    void second.stop();
    expect(await second.stop({ drain: 0 })).toMatchObject({ status: "stopped", interrupted: 1 });
  });

  test("an event that comes after the stop is handed to failed, not lost", async () => {
    await using kernel = await testKernel();
    const { source, give } = feed<string>();
    const failed: unknown[] = [];
    const loop = runEventLoop(kernel, {
      source,
      dispatch: () => undefined,
      failed: (event, error) => void failed.push([event, (error as { code: string }).code]),
    });
    await kernel.clock.advance(0);
    expect(await loop.stop()).toMatchObject({ taken: 0 });
    give("late");
    await kernel.clock.advance(0);
    expect(failed).toEqual([["late", "loop.stopped"]]);
  });

  test("a source gets the signal to stop waiting by; one that never returns is waited for no longer than the drain", async () => {
    await using kernel = await testKernel();
    const polite = runEventLoop(kernel, {
      source: async function* (signal) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield* [] as string[];
      },
      dispatch: () => undefined,
    });
    await kernel.clock.advance(0);
    expect(await polite.stop()).toMatchObject({ status: "stopped" });
    const deaf = runEventLoop(kernel, {
      source: (async function* () {
        await new Promise(() => {});
        yield "never";
      })(),
      dispatch: () => undefined,
    });
    await kernel.clock.advance(0);
    const stopped = deaf.stop();
    await kernel.clock.advance(5000);
    expect(await stopped).toMatchObject({ status: "stopped" });
    expect(kernel.logged.at(-1)?.message).toContain("did not return within 5000 ms");
  });

  test("listeners that hang are waited for after the drain, and then no more", async () => {
    await using kernel = await testKernel();
    const hangs = () => new Promise<void>(() => {});
    const { tool } = gate();
    const done = runEventLoop(kernel, { source: from("a"), dispatch: () => undefined, handled: hangs });
    expect(await done.done).toMatchObject({ status: "ended", skipped: 1 });
    const ok: Tool<string, string> = { kind: "tool", name: "ok", run: (input) => input };
    const slow = runEventLoop(kernel, {
      source: from("a", "b"),
      dispatch: (event) => ({ action: event === "a" ? ok : tool, input: event }),
      concurrency: 2,
      drain: 100,
      handled: hangs,
      failed: hangs,
    });
    await kernel.clock.advance(0);
    let over = false;
    const stopped = slow.stop().finally(() => {
      over = true;
    });
    await kernel.clock.advance(5_099);
    expect(over).toBe(false);
    await kernel.clock.advance(1);
    expect(await stopped).toMatchObject({ status: "stopped", handled: 1, interrupted: 1, running: 0 });
    expect(kernel.logged.at(-1)?.message).toBe("events: 2 listeners hang and are no longer waited for.");
  });

  test("the end of the kernel stops it", async () => {
    const kernel = await testKernel();
    const { source, seen } = feed<string>();
    const loop = runEventLoop(kernel, { source, dispatch: () => undefined });
    await kernel.clock.advance(0);
    await kernel.end();
    expect([await loop.done, seen().returned]).toMatchObject([{ status: "stopped" }, 1]);
  });
});
