import { describe, expect, test } from "vitest";
import { agent } from "../../test/agents.ts";
import { caught } from "../../test/caught.ts";
import { plugin, tool } from "../../test/plugins.ts";
import type { RunFrame } from "../call.ts";
import type { PluginContext } from "../plugin.ts";
import { fakeClock } from "../testing/clock.ts";
import { createKernel } from "./kernel.ts";

const slow = (ms: number) => tool("slow", (_, call) => call.sleep(ms).then(() => "done"));
const closed = { code: "kernel.closed" };

async function start() {
  const clock = fakeClock();
  const order: string[] = [];
  let ctx!: PluginContext;
  const kernel = await createKernel({
    clock,
    plugins: [
      plugin("p", (given) => {
        ctx = given;
        ctx.own(() => void order.push("plugin ended"));
        ctx.receive("topic:slow", async (_, call) => {
          await call.sleep(20);
          order.push("message handled");
        });
      }),
    ],
  });
  kernel.provide(
    "agent",
    agent("ann", (input, call) => call.sleep(10).then(() => void order.push(`turn ${input}`))),
  );
  return { clock, kernel, order, ctx };
}

describe("with grace", () => {
  test("a run that only waits for a person or for tomorrow gets no grace: it waits on in the next process", async () => {
    const { clock, kernel } = await start();
    const never = () => new Promise<never>(() => {});
    const frame: RunFrame = {
      run: "r",
      key: "",
      attempt: 0,
      now: async () => 0,
      random: async () => 0,
      uniqueId: async () => "u",
      sleep: never,
      ask: never,
      hear: never,
      write: never,
    };
    const asking = tool("asking", (_, call) => call.ask({ title: "Well?" }));
    const flow = tool("flow", (_, call) => Promise.all([call.invoke(asking, {}), call.sleep(86_400_000)]));
    const run = caught(kernel.invoke(flow, {}, { frame }));
    const short = kernel.invoke(slow(120), {});
    const ended = kernel.end({ grace: 60_000 });
    await clock.advance(200);
    await ended;
    expect([await short, await run, clock.pending]).toEqual(["done", expect.objectContaining(closed), 0]);
  });

  test("calls, agents with what waits for them, and receivers finish; then all ends", async () => {
    const { clock, kernel, order } = await start();
    const call = kernel.invoke(slow(15), {}).finally(() => order.push("call ended"));
    for (const body of [1, 2, 3]) await kernel.send({ to: "agent:ann", type: "x", body });
    await kernel.send({ to: "topic:slow", type: "x" });
    const ended = kernel.end({ grace: 1000 });
    await clock.advance(50);
    await ended;
    expect([await call, order, clock.pending]).toEqual([
      "done",
      ["turn 1", "call ended", "message handled", "turn 2", "turn 3", "plugin ended"],
      0,
    ]);
  });

  test("what those at work call and say is not refused; new work is, at every door", async () => {
    const { clock, kernel, ctx } = await start();
    const calling = tool("calling", async (_, call) => {
      await call.sleep(5);
      return [await call.invoke(slow(5), {}), (await call.send({ to: "agent:ann", type: "x" })).status];
    });
    const call = kernel.invoke(calling, {});
    const ended = kernel.end({ grace: 1000 });
    const draft = { to: "agent:ann", type: "x" };
    const doors = [
      () => kernel.invoke(slow(1), {}),
      () => kernel.request(draft),
      async () => kernel.send(draft),
      async () => kernel.stream(slow(1), {}),
      () => ctx.invoke(slow(1), {}),
      async () => ctx.send(draft),
      () => kernel.plug(plugin("late")),
      async () => kernel.scheduler.submit({ agent: "ann", input: "late" }),
    ];
    expect(await Promise.all(doors.map((door) => caught(door())))).toMatchObject(doors.map(() => closed));
    expect(kernel.signal.aborted).toBe(true);
    await clock.advance(100);
    await ended;
    expect(await call).toEqual(["done", "accepted"]);
  });

  test("tasks that wait have their turn as messages have", async () => {
    const { clock, kernel, order } = await start();
    const results = [1, 2].map((input) => kernel.scheduler.submit({ agent: "ann", input }).result);
    const ended = kernel.end({ grace: 1000 });
    await clock.advance(50);
    await Promise.all([ended, ...results]);
    expect(order).toEqual(["turn 1", "turn 2", "plugin ended"]);
  });

  test("what is not done when it is over is cancelled", async () => {
    const { clock, kernel } = await start();
    const call = caught(kernel.invoke(slow(1000), {}));
    const ended = kernel.end({ grace: 100 });
    await clock.advance(99);
    const before = kernel.counts().calls;
    await clock.advance(1);
    await ended;
    expect([before, await call, clock.pending]).toMatchObject([1, closed, 0]);
  });

  test.each([
    ["at once by a second end", {}, 10],
    ["by a shorter grace", { grace: 5 }, 15],
    ["not by a longer one", { grace: 5000 }, 100],
  ])("it is cut short %s", async (_, options, at) => {
    const { clock, kernel } = await start();
    let cancelled = -1;
    const begun = clock.now();
    void kernel.invoke(slow(1000), {}).catch(() => {
      cancelled = clock.now() - begun;
    });
    const ended = kernel.end({ grace: 100 });
    await clock.advance(10);
    const again = kernel.end(options);
    await clock.advance(100);
    await Promise.all([ended, again]);
    expect([cancelled, again === ended]).toEqual([at, true]);
  });

  test("asked again when it is over, it leaves no timer", async () => {
    const { clock, kernel } = await start();
    const ended = kernel.end({ grace: 10_000 });
    await clock.advance(1);
    await ended;
    await kernel.end({ grace: 50 });
    expect(clock.pending).toBe(0);
  });

  test("a paused agent with waiting messages does not hold it longer than it lasts", async () => {
    const { clock, kernel } = await start();
    kernel.pauseAgent("ann");
    await kernel.send({ to: "agent:ann", type: "x" });
    const ended = kernel.end({ grace: 100 });
    await clock.advance(100);
    await ended;
    expect(clock.pending).toBe(0);
  });
});

test("without grace everything is cancelled at once", async () => {
  const { kernel, clock } = await start();
  const call = caught(kernel.invoke(slow(1000), {}));
  await kernel.end();
  expect([await call, clock.pending]).toMatchObject([closed, 0]);
});
