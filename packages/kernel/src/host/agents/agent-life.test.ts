import { describe, expect, test } from "vitest";
import { agent, tell, worker } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { AGENT_STATUSES, TRANSITIONS, transition } from "../../lifecycle.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";

test("every change of status is in the table, or is refused and changes nothing", () => {
  const allowed: string[] = [];
  for (const from of AGENT_STATUSES) {
    for (const to of AGENT_STATUSES) {
      if (TRANSITIONS[from].includes(to)) {
        expect(transition("ann", from, to)).toBe(to);
        allowed.push(`${from} ${to}`);
      } else {
        expect(() => transition("ann", from, to)).toThrow(
          expect.objectContaining({ code: "lifecycle.refused", data: { agent: "ann", from, to } }),
        );
      }
    }
  }
  expect(allowed.sort()).toEqual(
    [
      "created starting",
      "created stopping",
      "starting ready",
      "starting failed",
      "starting stopping",
      "ready busy",
      "ready paused",
      "ready stopping",
      "ready failed",
      "busy ready",
      "busy paused",
      "busy stopping",
      "busy failed",
      "paused ready",
      "paused busy",
      "paused stopping",
      "paused failed",
      "stopping stopped",
      "stopping failed",
      "stopped starting",
      "failed starting",
      "failed stopping",
    ].sort(),
  );
});

describe("pausing", () => {
  test("lets what is in work end and keeps the rest; resuming goes on", async () => {
    await using kernel = await testKernel();
    const { ann, state } = worker();
    kernel.provide("agent", ann);
    const results = [kernel.invoke(ann, "a"), kernel.invoke(ann, "b")];
    await kernel.clock.advance(5);
    kernel.pauseAgent("ann");
    await kernel.clock.advance(100);
    expect([state.order, kernel.agents()[0]]).toEqual([
      ["a"],
      expect.objectContaining({ name: "ann", status: "paused", queued: 1, active: 0, handled: 1, failed: 0 }),
    ]);
    kernel.resumeAgent("ann");
    await kernel.clock.advance(10);
    await Promise.all(results);
    expect(state.order).toEqual(["a", "b"]);
  });

  test("resumed while the turn still runs, it is busy", async () => {
    await using kernel = await testKernel();
    const { ann } = worker();
    kernel.provide("agent", ann);
    const result = kernel.invoke(ann, "a");
    await kernel.clock.advance(5);
    kernel.pauseAgent("ann");
    kernel.resumeAgent("ann");
    expect(kernel.agents()[0]?.status).toBe("busy");
    await kernel.clock.advance(5);
    await result;
    expect(kernel.agents()[0]?.status).toBe("ready");
  });

  test("what the table forbids is refused and changes nothing", async () => {
    await using kernel = await testKernel();
    kernel.provide(
      "agent",
      agent("ann", () => 1, {
        start: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
      }),
    );
    kernel.provide(
      "agent",
      agent("bob", () => 1),
    );
    await kernel.clock.advance(0);
    const refused = (work: () => void) => expect(work).toThrow(expect.objectContaining({ code: "lifecycle.refused" }));
    refused(() => kernel.resumeAgent("ann"));
    refused(() => kernel.pauseAgent("ann"));
    refused(() => kernel.resumeAgent("bob"));
    kernel.pauseAgent("bob");
    refused(() => kernel.pauseAgent("bob"));
    expect(kernel.agents().map(({ status }) => status)).toEqual(["starting", "paused"]);
    expect(() => kernel.pauseAgent("bop")).toThrow('Did you mean "bob"?');
  });
});

describe("starting and stopping", () => {
  test("what comes before it is ready waits for it", async () => {
    await using kernel = await testKernel();
    let ready!: () => void;
    const ann = agent("ann", (input) => input, {
      start: () =>
        new Promise<void>((resolve) => {
          ready = resolve;
        }),
    });
    kernel.provide("agent", ann);
    const results = [kernel.invoke(ann, 1), kernel.request(tell(2))];
    await kernel.clock.advance(0);
    expect(kernel.agents()[0]).toMatchObject({ status: "starting", queued: 2 });
    ready();
    expect([await Promise.all(results), await kernel.started()]).toEqual([[1, 2], undefined]);
  });

  test("one that fails to start refuses what waited and what comes, and the kernel says so", async () => {
    await using kernel = await testKernel();
    const changes: unknown[] = [];
    const stop = kernel.watch(
      { type: "agent.changed" },
      (event) => void (event.type === "agent.changed" && changes.push([event.from, event.to, event.reason])),
    );
    let stopped = false;
    const ann = agent("ann", () => 1, {
      supervision: { restart: "temporary" },
      start: () => Promise.reject(new Error("no key")),
      stop: () => {
        stopped = true;
      },
    });
    const take = kernel.provide("agent", ann);
    const waited = [caught(kernel.invoke(ann, 1)), caught(kernel.request(tell(2)))];
    expect(await caught(kernel.started())).toMatchObject({
      code: "agent.crashed",
      message: 'The agent "ann" failed: no key',
    });
    expect((await Promise.all(waited)).map((error) => (error as { code: string }).code)).toEqual([
      "agent.not_taking",
      "agent.not_taking",
    ]);
    expect(await kernel.send(tell(3))).toMatchObject({ status: "rejected", reason: { code: "agent.not_taking" } });
    take();
    await kernel.clock.advance(0);
    stop();
    expect([changes, stopped]).toEqual([
      [
        ["created", "starting", undefined],
        ["starting", "failed", "no key"],
        ["failed", "stopping", undefined],
        ["stopping", "stopped", undefined],
      ],
      false,
    ]);
  });

  test("a kernel whose agent fails to start is not made", async () => {
    const bad = agent("ann", () => 1, {
      start() {
        throw new Error("no key");
      },
    });
    const made = createKernel({
      plugins: [{ name: "p", version: "1.0.0", setup: (ctx) => void ctx.provide("agent", bad) }],
    });
    expect(await caught(made)).toMatchObject({ code: "agent.crashed" });
  });

  test("taken away, it finishes its turn and refuses what waited, then stops", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    const ann = agent("ann", (input, call) => call.sleep(10).then(() => order.push(`did ${input}`)), {
      stop: () => void order.push("stopped"),
    });
    const take = kernel.provide("agent", ann);
    const results = [kernel.invoke(ann, "a"), caught(kernel.invoke(ann, "b")), caught(kernel.request(tell("c")))];
    await kernel.clock.advance(5);
    take();
    const late = caught(kernel.invoke(ann, "d"));
    await kernel.clock.advance(5);
    expect([(await Promise.all([...results, late])).map((one) => (one as { code?: string }).code), order]).toEqual([
      [undefined, "agent.not_taking", "agent.not_taking", "agent.not_taking"],
      ["did a", "stopped"],
    ]);
    expect([await caught(kernel.invoke(ann, "e")), kernel.agents()]).toMatchObject([
      { code: "agent.not_taking", data: { status: "stopped" } },
      [],
    ]);
  });

  test("taken away while it starts, its start is told and waited for, and it never becomes ready", async () => {
    await using kernel = await testKernel();
    const seen: string[] = [];
    const stop = kernel.watch(
      { type: "agent.changed" },
      (event) => void (event.type === "agent.changed" && seen.push(event.to)),
    );
    const ann = agent("ann", () => 1, {
      start: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
    });
    kernel.provide("agent", ann)();
    await kernel.clock.advance(0);
    stop();
    expect(seen).toEqual(["starting", "stopping", "stopped"]);
  });

  test("taken away while a start that cannot be hurried goes on, it is stopped as soon as it has started", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    let started!: () => void;
    const ann = agent("ann", () => 1, {
      start: () =>
        new Promise<void>((resolve) => {
          started = resolve;
        }),
      stop: () => void order.push("stop"),
    });
    const watch = kernel.watch(
      { type: "agent.changed" },
      (event) => void (event.type === "agent.changed" && order.push(event.to)),
    );
    kernel.provide("agent", ann)();
    await kernel.clock.advance(0);
    started();
    await kernel.clock.advance(0);
    watch();
    expect([order, kernel.logged]).toEqual([["starting", "stopping", "stop", "stopped"], []]);
  });

  test("a stop that fails is a failed agent and a line in the log", async () => {
    await using kernel = await testKernel();
    kernel.provide(
      "agent",
      agent("ann", () => 1, { stop: () => Promise.reject(new Error("stuck")) }),
    )();
    await kernel.clock.advance(0);
    expect(kernel.logged).toMatchObject([{ level: "error", from: "agents", message: 'The agent "ann" failed: stuck' }]);
  });

  test("the same object brought twice is one agent until both are taken away", async () => {
    await using kernel = await testKernel();
    let stops = 0;
    const ann = agent("ann", (input) => input, { stop: () => void stops++ });
    const [one, two] = [kernel.provide("agent", ann), kernel.provide("agent", ann)];
    one();
    expect([await kernel.invoke(ann, 1), await kernel.request(tell(2)), stops, kernel.agents().length]).toEqual([
      1, 2, 0, 1,
    ]);
    two();
    await kernel.clock.advance(0);
    expect(stops).toBe(1);
    const three = kernel.provide("agent", ann);
    expect(await kernel.invoke(ann, 3)).toBe(3);
    three();
  });

  test("one that another of its name took over finishes what it had taken in", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    const version = (text: string) =>
      agent("ann", (input, call) => call.sleep(10).then(() => order.push(`${text} ${input}`)));
    const [old, young] = [version("old"), version("young")];
    const take = kernel.provide("agent", old);
    const results = [kernel.invoke(old, "a"), kernel.request(tell("b"))];
    await kernel.clock.advance(5);
    kernel.provide("agent", young);
    take();
    results.push(kernel.request(tell("c")));
    await kernel.clock.advance(50);
    await Promise.all(results);
    expect(order.sort()).toEqual(["old a", "old b", "young c"]);
  });

  test("the end of the kernel cancels turns, refuses what waited, and stops everyone", async () => {
    const kernel = await testKernel();
    let stopped = 0;
    const ann = agent("ann", (_, call) => call.sleep(1e9), { stop: () => void stopped++ });
    kernel.provide("agent", ann);
    const results = [caught(kernel.invoke(ann, 1)), caught(kernel.request(tell(2))), caught(kernel.request(tell(3)))];
    await kernel.clock.advance(0);
    await kernel.end();
    expect([(await Promise.all(results)).map((error) => (error as { code: string }).code), stopped]).toEqual([
      ["kernel.closed", "agent.not_taking", "agent.not_taking"],
      1,
    ]);
  });
});
