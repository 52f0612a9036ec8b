import { describe, expect, test } from "vitest";
import { agent, tell, worker } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { tool } from "../../../test/plugins.ts";
import type { AnyAction } from "../../action.ts";
import type { Agent } from "../../kinds/agent.ts";
import { testKernel } from "../../testing/kernel.ts";

describe("turns", () => {
  test("one at a time, by message and by invoke alike, in the order they came", async () => {
    await using kernel = await testKernel();
    const { ann, state } = worker();
    kernel.provide("agent", ann);
    const results: unknown[] = [];
    for (let n = 0; n < 4; n++) {
      results.push(kernel.invoke(ann, `invoke ${n}`), kernel.request(tell(`ask ${n}`)), kernel.send(tell(`tell ${n}`)));
    }
    await kernel.clock.advance(200);
    await Promise.all(results);
    const order = [0, 1, 2, 3].flatMap((n) => [`invoke ${n}`, `ask ${n}`, `tell ${n}`]);
    expect([state.most, state.order]).toEqual([1, order]);
    expect(kernel.agents()).toEqual([
      {
        name: "ann",
        status: "ready",
        queued: 0,
        active: 0,
        handled: 12,
        failed: 0,
        restarts: 0,
        supervisor: "kernel",
      },
    ]);
  });

  test("as many at a time as it declares, and ready again when all have ended together", async () => {
    await using kernel = await testKernel();
    const { ann, state } = worker({ concurrency: 3 });
    kernel.provide("agent", ann);
    for (let n = 0; n < 4; n++) void kernel.send(tell(n));
    const asked = [4, 5, 6].map((n) => kernel.invoke(ann, n));
    await kernel.clock.advance(5);
    expect(kernel.agents()).toMatchObject([{ status: "busy", active: 3, queued: 4 }]);
    await kernel.clock.advance(100);
    await Promise.all(asked);
    expect([state.most, kernel.agents()[0]]).toEqual([
      3,
      expect.objectContaining({ status: "ready", queued: 0, active: 0, handled: 7, failed: 0 }),
    ]);
  });

  test("what a turn does first cannot slip past its own turn", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    let second: Promise<unknown> | undefined;
    const ann: Agent = agent("ann", async (input, call) => {
      order.push(`begin ${input}`);
      // From outside of any call, so it is a turn like any other, not a call of itself.
      if (input === "one") second = kernel.invoke(ann, "two");
      await call.sleep(1);
      order.push(`end ${input}`);
    });
    kernel.provide("agent", ann);
    await kernel.started();
    await kernel.send(tell("one"));
    await kernel.clock.advance(5);
    await second;
    expect(order).toEqual(["begin one", "end one", "begin two", "end two"]);
  });

  test("urgent messages go first", async () => {
    await using kernel = await testKernel();
    const { ann, state } = worker();
    kernel.provide("agent", ann);
    for (const priority of ["low", "normal", "critical", "high"] as const)
      void kernel.send({ ...tell(priority), priority });
    await kernel.clock.advance(50);
    expect(state.order).toEqual(["critical", "high", "normal", "low"]);
  });

  test("a turn that waits ends when its call is cancelled, and is skipped", async () => {
    await using kernel = await testKernel();
    const { ann, state } = worker();
    kernel.provide("agent", ann);
    const stop = new AbortController();
    const waiting: AnyAction = {
      kind: "tool",
      name: "t",
      run: (_, call) => call.invoke(ann, "inner").catch((error) => state.order.push(`told ${error}`)),
    };
    const first = kernel.invoke(ann, "first");
    const results = [
      caught(kernel.invoke(ann, "second", { signal: stop.signal })),
      caught(kernel.invoke(waiting, {}, { signal: stop.signal })),
    ];
    await kernel.clock.advance(5);
    stop.abort("no more");
    expect(await Promise.all(results)).toEqual(["no more", "no more"]);
    await kernel.clock.advance(20);
    await first;
    expect([state.order, kernel.agents()[0]]).toEqual([
      ["told no more", "first"],
      expect.objectContaining({ status: "ready", queued: 0, active: 0, handled: 1, failed: 0 }),
    ]);
  });

  test("a call that was cancelled on its way to a busy agent waits for no turn", async () => {
    await using kernel = await testKernel();
    const { ann, state } = worker();
    kernel.provide("agent", ann);
    const approved = Promise.withResolvers<void>();
    kernel.wrap(async (step, next) => {
      if (step.input === "late") await approved.promise;
      return next(step);
    });
    const stop = new AbortController();
    let below: Promise<unknown> | undefined;
    const outer = tool("outer", (_, call) => {
      below = caught(call.invoke(ann, "late"));
      return below;
    });
    const work = [kernel.invoke(ann, "a"), caught(kernel.invoke(outer, {}, { signal: stop.signal }))];
    await kernel.clock.advance(5);
    stop.abort("enough");
    approved.resolve();
    await kernel.clock.advance(20);
    expect([await Promise.all(work), await below, state.order, kernel.counts().calls]).toEqual([
      ["a", "enough"],
      "enough",
      ["a"],
      0,
    ]);
  });

  test("an action that ignores its cancel keeps its turn until it really ends", async () => {
    await using kernel = await testKernel();
    const releases: (() => void)[] = [];
    let most = 0;
    let now = 0;
    const ann = agent(
      "ann",
      () => {
        most = Math.max(most, ++now);
        return new Promise<void>((resolve) => releases.push(resolve)).finally(() => now--);
      },
      { timeout: 10 },
    );
    kernel.provide("agent", ann);
    const results = [caught(kernel.request(tell(1))), caught(kernel.invoke(ann, 2)), caught(kernel.request(tell(3)))];
    await kernel.clock.advance(50);
    expect([releases.length, kernel.agents()[0]?.status]).toEqual([1, "busy"]);
    releases[0]?.();
    await kernel.clock.advance(10);
    releases[1]?.();
    expect([most, (await Promise.all(results)).map((error) => (error as { code: string }).code)]).toEqual([
      1,
      Array(3).fill("call.timed_out"),
    ]);
  });

  test("failures are counted and told, bad input too", async () => {
    await using kernel = await testKernel();
    const failing = agent("ann", () => Promise.reject(new Error("no")), { input: { type: "string" } });
    kernel.provide("agent", failing);
    const results = [kernel.request(tell("a")), kernel.request(tell(1)), kernel.invoke(failing, "b")];
    expect((await Promise.all(results.map(caught))).map((error) => (error as Error).message)).toEqual([
      "no",
      'The agent "ann" was given bad input: expected string. Correct it and call again.',
      "no",
    ]);
    expect(kernel.agents()[0]).toMatchObject({ handled: 0, failed: 3 });
  });
});

describe("an agent that would wait for itself", () => {
  test("is refused: called from within its turn, directly or through another", async () => {
    await using kernel = await testKernel();
    const ann: Agent = agent("ann", (input, call) =>
      input === "direct" ? call.invoke(ann, "again") : call.invoke(bob, "x"),
    );
    const bob: Agent = agent("bob", (_, call) => call.invoke(ann, "again"));
    for (const one of [ann, bob]) kernel.provide("agent", one);
    for (const input of ["direct", "through bob"]) {
      expect(await caught(kernel.invoke(ann, input))).toMatchObject({
        code: "agent.reentrant",
        data: { agent: "ann" },
      });
    }
  });

  test("is refused: asked by message, directly or through another, on whatever way", async () => {
    await using kernel = await testKernel();
    const ask = (to: string) => ({ to: `agent:${to}`, type: "ask", body: "again" });
    const ann: Agent = agent("ann", (input, call) =>
      input === "direct" ? call.request(ask("ann")) : call.request(ask("bob")),
    );
    const bob: Agent = agent("bob", (_, call) => call.request(ask("cid")));
    const cid: Agent = agent("cid", (_, call) => call.invoke(ann, "again"));
    for (const one of [ann, bob, cid]) kernel.provide("agent", one);
    expect(await caught(kernel.invoke(ann, "direct"))).toMatchObject({
      code: "message.not_delivered",
      cause: { code: "agent.reentrant" },
    });
    expect(await caught(kernel.request({ ...ask("ann"), body: "through others" }))).toMatchObject({
      code: "agent.reentrant",
    });
  });

  test("may tell itself something for later", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    const ann = agent("ann", async (n: number, call) => {
      if (n > 0) await call.send(tell(n - 1));
      order.push(n);
    });
    kernel.provide("agent", ann);
    await kernel.invoke(ann, 2);
    await kernel.clock.advance(0);
    expect(order).toEqual([2, 1, 0]);
  });
});
