import { describe, expect, test } from "vitest";
import { agent } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import type { Event } from "../../event.ts";
import type { Agent } from "../../kinds/agent.ts";
import { fakeClock } from "../../testing/clock.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";

/** An agent whose turns take 10 ms, noting in what order they began. */
function worker(name: string, order: unknown[], more: Partial<Agent> = {}): Agent {
  return agent(
    name,
    async (input, call) => {
      order.push(input);
      await call.sleep(10);
      return `${name}: ${input}`;
    },
    more,
  );
}

describe("who gets a task", () => {
  test("the agent it names, or one that holds the role and has every capability", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order, { roles: ["critic"], capabilities: ["en"] }));
    kernel.provide("agent", worker("bob", order, { roles: ["critic"], capabilities: ["en", "no"] }));
    await kernel.started();
    const tasks = [
      kernel.scheduler.submit({ agent: "ann", input: 1 }),
      kernel.scheduler.submit({ role: "critic", capabilities: ["no", "en"], input: 2 }),
      kernel.scheduler.submit({ capabilities: ["no"], input: 3 }),
    ];
    await kernel.clock.advance(20);
    expect(await Promise.all(tasks.map((task) => task.result))).toEqual(["ann: 1", "bob: 2", "bob: 3"]);
    expect(tasks.map((task) => task.status)).toEqual(["done", "done", "done"]);
    expect(kernel.scheduler.list()).toEqual([]);
  });

  test("of several with room, the one with the least to do, messages counted", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    for (const name of ["ann", "bob"]) kernel.provide("agent", worker(name, order, { roles: ["r"], concurrency: 2 }));
    await kernel.started();
    void kernel.send({ to: "agent:bob", type: "x", body: "told" });
    await Promise.resolve();
    const tasks = [1, 2, 3].map((input) => kernel.scheduler.submit({ role: "r", input }));
    expect(kernel.scheduler.list().map(({ agent }) => agent)).toEqual(["ann", "bob", "ann"]);
    await kernel.clock.advance(20);
    await Promise.all(tasks.map((task) => task.result));
  });

  test("messages and tasks share the agent's turns: never more at a time than it does", async () => {
    await using kernel = await testKernel();
    let now = 0;
    let most = 0;
    const ann = agent("ann", async (input, call) => {
      most = Math.max(most, ++now);
      await call.sleep(5);
      now--;
      return input;
    });
    kernel.provide("agent", ann);
    await kernel.started();
    const work: Promise<unknown>[] = [];
    for (let n = 0; n < 5; n++) {
      work.push(kernel.scheduler.submit({ agent: "ann", input: n }).result);
      work.push(kernel.request({ to: "agent:ann", type: "x", body: n }));
    }
    await kernel.clock.advance(100);
    expect([await Promise.all(work), most]).toEqual([[0, 0, 1, 1, 2, 2, 3, 3, 4, 4], 1]);
  });

  test("an agent that is paused or not up yet gets nothing; its task waits and says why", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order));
    await kernel.started();
    kernel.pauseAgent("ann");
    const task = kernel.scheduler.submit({ agent: "ann", input: 1 });
    await kernel.clock.advance(50);
    expect(kernel.scheduler.list()).toMatchObject([
      { status: "queued", reason: expect.stringContaining('"ann" is paused') },
    ]);
    kernel.resumeAgent("ann");
    await kernel.clock.advance(20);
    expect(await task.result).toBe("ann: 1");
  });

  test("an agent that goes on while one of its turns lasts has room for what waited meanwhile", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    const ann = worker("ann", order, { concurrency: 2 });
    kernel.provide("agent", ann);
    const long = kernel.invoke(ann, "long");
    await kernel.clock.advance(5);
    kernel.pauseAgent("ann");
    const task = kernel.scheduler.submit({ agent: "ann", input: "task" });
    kernel.resumeAgent("ann");
    await kernel.clock.advance(0);
    expect([task.status, order]).toEqual(["running", ["long", "task"]]);
    await kernel.clock.advance(10);
    await Promise.all([long, task.result]);
  });

  test("a task keeps its priority among the messages that wait for its agent", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order));
    kernel.provide("agent", worker("bob", order));
    for (const to of ["agent:ann", "agent:bob"])
      for (const body of ["in work", "told"]) void kernel.send({ to, type: "x", body: `${to} ${body}` });
    await kernel.clock.advance(0);
    const urgent = kernel.scheduler.submit({ agent: "ann", input: "urgent", priority: "critical" });
    const idle = kernel.scheduler.submit({ agent: "bob", input: "idle", priority: "low" });
    void kernel.send({ to: "agent:bob", type: "x", body: "agent:bob told later" });
    await kernel.clock.advance(50);
    await Promise.all([urgent.result, idle.result]);
    expect(order.filter((one) => String(one).includes("ann") || one === "urgent")).toEqual([
      "agent:ann in work",
      "urgent",
      "agent:ann told",
    ]);
    expect(order.at(-1)).toBe("idle");
  });

  test("a full mailbox is no failure: the task waits until the agent can take it", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order, { mailbox: { maxMessages: 1 } }));
    await kernel.started();
    for (const body of ["told 1", "told 2"]) {
      void kernel.send({ to: "agent:ann", type: "x", body });
      await kernel.clock.advance(0);
    }
    const task = kernel.scheduler.submit({ agent: "ann", input: "task" });
    await kernel.clock.advance(50);
    expect([await task.result, order]).toEqual(["ann: task", ["told 1", "told 2", "task"]]);
  });
});

describe("nobody can do it", () => {
  const crew = () => [
    agent("ann", async () => 1, { roles: ["critic"], capabilities: ["en"] }),
    agent("bob", async () => 2, { roles: ["writer"] }),
  ];

  test.each([
    [{ agent: "anm" }, 'the agent "anm"', 'Did you mean "ann"?'],
    [{ role: "critik" }, 'the role "critik"', 'Did you mean "critic"?'],
    [
      { role: "critic", capabilities: ["en", "no"] },
      'the role "critic" and the capabilities "en", "no"',
      '"ann" comes nearest: it lacks "no".',
    ],
    [
      { agent: "bob", role: "critic" },
      'the agent "bob" and the role "critic"',
      '"bob" comes nearest: it lacks the role "critic".',
    ],
    [{ capabilities: ["fly"] }, 'the capabilities "fly"', "No agent comes near."],
  ])("%j is refused, and who comes nearest is named", async (wants, wanted, nearest) => {
    await using kernel = await testKernel();
    for (const one of crew()) kernel.provide("agent", one);
    await kernel.started();
    const task = kernel.scheduler.submit({ ...wants, name: "t", input: 1 });
    expect([task.status, await caught(task.result)]).toMatchObject([
      "failed",
      { code: "task.unmatched", data: { wanted, nearest } },
    ]);
  });

  test("parked, it is to be seen with the reason, and wakes when somebody comes", async () => {
    await using kernel = await testKernel();
    const seen: unknown[] = [];
    using _ = {
      [Symbol.dispose]: kernel.watch({ type: "task.changed" }, (event: Event) => {
        if (event.type === "task.changed") seen.push(event.status);
      }),
    };
    const task = kernel.scheduler.submit({ role: "critic", input: 1, unmatched: "park" });
    expect(kernel.scheduler.list()).toMatchObject([
      { status: "parked", reason: expect.stringContaining('the role "critic"') },
    ]);
    kernel.provide(
      "agent",
      agent("bob", async () => 2, { roles: ["writer"] }),
    );
    await kernel.clock.advance(5);
    expect(task.status).toBe("parked");
    kernel.provide(
      "agent",
      agent("ann", async (input) => input, { roles: ["critic"] }),
    );
    await kernel.clock.advance(5);
    expect([await task.result, seen]).toEqual([1, ["parked", "queued", "running", "done"]]);
  });

  test("an agent that goes while its tasks wait: others take them over, else they are parked or refused", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    const goes = kernel.provide("agent", worker("ann", order, { roles: ["r"] }));
    await kernel.started();
    const first = kernel.scheduler.submit({ role: "r", input: 1 });
    const parks = kernel.scheduler.submit({ role: "r", input: 2, unmatched: "park" });
    const refused = kernel.scheduler.submit({ role: "r", input: 3 });
    goes();
    expect([first.status, parks.status, refused.status]).toEqual(["running", "parked", "failed"]);
    expect(await caught(refused.result)).toMatchObject({ code: "task.unmatched" });
    await kernel.clock.advance(20);
    expect(await first.result).toBe("ann: 1");
    kernel.provide("agent", worker("bob", order, { roles: ["r"] }));
    await kernel.clock.advance(20);
    expect(await parks.result).toBe("bob: 2");
  });

  test("a turn that was refused because the agent went before it began is given to another", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    const goes = kernel.provide("agent", worker("ann", order, { roles: ["r"] }));
    await kernel.started();
    void kernel.send({ to: "agent:ann", type: "x", body: "told" });
    await Promise.resolve();
    const task = kernel.scheduler.submit({ role: "r", input: 1 });
    expect(task.status).toBe("running");
    kernel.provide("agent", worker("bob", order, { roles: ["r"] }));
    goes();
    await kernel.clock.advance(30);
    expect([await task.result, order]).toEqual(["bob: 1", ["told", 1]]);
  });

  test.each([
    [{ input: 1 }, "neither an agent nor a role nor capabilities"],
    [{ agent: "ann", input: 1, priority: "urgent" as never }, 'its priority is "urgent"'],
    [{ agent: "ann", input: 1, deadline: Number.NaN }, "its deadline is NaN"],
    [{ agent: 5 as never, input: 1 }, "must be texts"],
    [{ role: ["critic"] as never, input: 1 }, "must be texts"],
    [{ agent: "ann", input: 1, tenant: {} as never }, "must be texts"],
    [{ agent: "ann", input: 1, capabilities: "en" as never }, "must be a list of texts"],
    [{ capabilities: [5] as never, input: 1 }, "must be a list of texts"],
  ])("%j is malformed, and leaves nothing behind", async (draft, problem) => {
    await using kernel = await testKernel();
    kernel.provide("agent", worker("ann", []));
    expect(() => kernel.scheduler.submit(draft)).toThrowError(
      expect.objectContaining({ code: "task.malformed", message: expect.stringContaining(problem) }),
    );
    expect(kernel.scheduler.list()).toEqual([]);
  });
});

describe("order", () => {
  test("urgent before less urgent, tenants by turns, low served all the same", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order));
    await kernel.started();
    const { scheduler } = kernel;
    const tasks = [scheduler.submit({ agent: "ann", input: "first" })];
    for (const [input, tenant] of [
      ["a1", "a"],
      ["a2", "a"],
      ["a3", "a"],
      ["b1", "b"],
      ["c1", "c"],
    ] as const)
      tasks.push(scheduler.submit({ agent: "ann", input, tenant }));
    tasks.push(scheduler.submit({ agent: "ann", input: "high", priority: "high" }));
    await kernel.clock.advance(100);
    await Promise.all(tasks.map((task) => task.result));
    expect(order).toEqual(["first", "high", "a1", "b1", "c1", "a2", "a3"]);
  });

  test("tenants take turns also when one spreads its tasks over different wants", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    kernel.provide("agent", worker("ann", order, { capabilities: ["x", "y", "z"] }));
    await kernel.started();
    const tasks = [kernel.scheduler.submit({ agent: "ann", input: "first" })];
    for (let n = 0; n < 3; n++)
      for (const capability of ["x", "y", "z"])
        tasks.push(kernel.scheduler.submit({ capabilities: [capability], input: "a", tenant: "a" }));
    for (let n = 0; n < 3; n++) tasks.push(kernel.scheduler.submit({ agent: "ann", input: "b", tenant: "b" }));
    await kernel.clock.advance(200);
    await Promise.all(tasks.map((task) => task.result));
    expect(order.slice(1).join("")).toBe("ababab" + "aaaaaa");
  });

  test("low is served one time in sixteen, though high never runs out", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order));
    await kernel.started();
    const { scheduler } = kernel;
    const low = scheduler.submit({ agent: "ann", input: "busy" });
    const tasks = [scheduler.submit({ agent: "ann", input: "low", priority: "low" })];
    for (let n = 0; n < 40; n++) tasks.push(scheduler.submit({ agent: "ann", input: "high", priority: "high" }));
    await kernel.clock.advance(500);
    await Promise.all([low, ...tasks].map((task) => task.result));
    expect(order.indexOf("low")).toBe(16);
  });
});

describe("limits", () => {
  test("a role has a limit over all its agents; lifting it lets the rest go on", async () => {
    const clock = fakeClock();
    await using kernel = await createKernel({ clock, scheduler: { roles: { r: 1 } } });
    const order: unknown[] = [];
    for (const name of ["ann", "bob"]) kernel.provide("agent", worker(name, order, { roles: ["r"] }));
    await kernel.started();
    const tasks = [1, 2, 3].map((input) => kernel.scheduler.submit({ role: "r", input }));
    const running = () => kernel.scheduler.list().filter(({ status }) => status === "running").length;
    expect(running()).toBe(1);
    await clock.advance(15);
    expect([running(), order]).toEqual([1, [1, 2]]);
    kernel.scheduler.limit("r", undefined);
    expect(running()).toBe(2);
    await clock.advance(15);
    await Promise.all(tasks.map((task) => task.result));
    expect(() => kernel.scheduler.limit("r", -1)).toThrowError(
      expect.objectContaining({ code: "scheduler.bad_limit" }),
    );
  });

  test("a limit that is set while tasks run counts those", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    for (const name of ["ann", "bob", "cid"]) kernel.provide("agent", worker(name, order, { roles: ["r"] }));
    await kernel.started();
    const tasks = [1, 2].map((input) => kernel.scheduler.submit({ role: "r", input }));
    kernel.scheduler.limit("r", 2);
    tasks.push(kernel.scheduler.submit({ role: "r", input: 3 }));
    expect(tasks[2]?.status).toBe("queued");
    await kernel.clock.advance(15);
    expect(order).toEqual([1, 2, 3]);
    await kernel.clock.advance(15);
    await Promise.all(tasks.map((task) => task.result));
  });

  test("what waits is bounded", async () => {
    const clock = fakeClock();
    await using kernel = await createKernel({ clock, scheduler: { maxWaiting: 2 } });
    kernel.provide("agent", worker("ann", []));
    await kernel.started();
    const tasks = [1, 2, 3].map((input) => kernel.scheduler.submit({ agent: "ann", input }));
    expect(() => kernel.scheduler.submit({ agent: "ann", input: 4 })).toThrowError(
      expect.objectContaining({ code: "scheduler.full", retryable: true }),
    );
    await clock.advance(50);
    await Promise.all(tasks.map((task) => task.result));
  });
});

describe("deadlines and cancelling", () => {
  test("past its deadline a task fails, whether it waits or runs; one timer serves all", async () => {
    await using kernel = await testKernel();
    const order: unknown[] = [];
    kernel.provide("agent", worker("ann", order));
    await kernel.started();
    const now = kernel.clock.now();
    const before = kernel.clock.pending;
    const submit = (input: string, ms: number) => kernel.scheduler.submit({ agent: "ann", input, deadline: now + ms });
    const tasks = [submit("runs", 5), submit("waits", 3), submit("in time", 40), submit("long ago", -1)];
    const results = tasks.map((task) => caught(task.result));
    // The turn sleeps, and one timer keeps the deadlines.
    expect(kernel.clock.pending - before).toBe(2);
    await kernel.clock.advance(50);
    expect(await Promise.all(results)).toMatchObject([
      { code: "task.deadline", data: { status: "running" } },
      { code: "task.deadline", data: { status: "queued" } },
      "ann: in time",
      { code: "task.deadline" },
    ]);
    expect([order, kernel.clock.pending]).toEqual([["runs", "in time"], before]);
  });

  test("cancelling works in every state, once, and tells the action", async () => {
    await using kernel = await testKernel();
    const told: unknown[] = [];
    kernel.provide(
      "agent",
      agent("ann", (_, call) => call.sleep(10).catch((error) => told.push(error.code))),
    );
    await kernel.started();
    const { scheduler } = kernel;
    const running = scheduler.submit({ agent: "ann", input: 1 });
    const queued = scheduler.submit({ agent: "ann", input: 2 });
    const parked = scheduler.submit({ agent: "bob", input: 3, unmatched: "park" });
    const tasks = [running, queued, parked];
    const results = tasks.map((task) => caught(task.result));
    expect(tasks.map((task) => task.status)).toEqual(["running", "queued", "parked"]);
    expect(tasks.map((task) => task.cancel("enough"))).toEqual([true, true, true]);
    expect(tasks.map((task) => [task.status, task.cancel()])).toEqual(tasks.map(() => ["cancelled", false]));
    expect(await Promise.all(results)).toMatchObject(
      tasks.map(() => ({ code: "task.cancelled", data: { reason: expect.stringContaining("enough") } })),
    );
    await kernel.clock.advance(5);
    expect(told).toEqual(["task.cancelled"]);
  });

  test("an action that ignores its cancel keeps its place until it has really ended", async () => {
    await using kernel = await testKernel();
    const end = Promise.withResolvers<void>();
    const begun: unknown[] = [];
    kernel.provide(
      "agent",
      agent("ann", async (input) => {
        begun.push(input);
        if (input === "deaf") await end.promise;
      }),
    );
    await kernel.started();
    const deaf = kernel.scheduler.submit({ agent: "ann", input: "deaf" });
    const next = kernel.scheduler.submit({ agent: "ann", input: "next" });
    deaf.cancel();
    await kernel.clock.advance(5);
    expect([deaf.status, next.status, begun]).toEqual(["cancelled", "queued", ["deaf"]]);
    end.resolve();
    await kernel.clock.advance(5);
    expect([next.status, begun]).toEqual(["done", ["deaf", "next"]]);
  });
});

test("what an agent throws fails its task; nobody has to read that", async () => {
  await using kernel = await testKernel();
  const boom = new Error("boom");
  kernel.provide(
    "agent",
    agent("ann", () => Promise.reject(boom), { input: { type: "string" } }),
  );
  await kernel.started();
  const tasks = ["x", 7].map((input) => kernel.scheduler.submit({ agent: "ann", input }));
  await kernel.clock.advance(5);
  expect(tasks.map((task) => task.status)).toEqual(["failed", "failed"]);
  expect(await Promise.all(tasks.map((task) => caught(task.result)))).toMatchObject([boom, { code: "input.invalid" }]);
});

test("at the end of the kernel everything that waits or runs is rejected, and nothing more is taken", async () => {
  const kernel = await testKernel();
  kernel.provide("agent", worker("ann", []));
  await kernel.started();
  const { scheduler, clock } = kernel;
  const drafts = [
    { agent: "ann" },
    { agent: "ann", deadline: clock.now() + 1000 },
    { agent: "bob", unmatched: "park" },
  ] as const;
  const results = drafts.map((draft) => caught(scheduler.submit({ ...draft, input: 1 }).result));
  await kernel.end();
  expect(await Promise.all(results)).toMatchObject(drafts.map(() => ({ code: "kernel.closed" })));
  expect(() => scheduler.submit({ agent: "ann", input: 1 })).toThrowError(
    expect.objectContaining({ code: "kernel.closed" }),
  );
});

test("the shelf, the control and the events show what becomes of a task", async () => {
  const shown: unknown[] = [];
  await using kernel = await testKernel({
    name: "dash",
    version: "1.0.0",
    setup(ctx) {
      ctx.watch({ type: "task.changed" }, (event) => {
        if (event.type === "task.changed")
          shown.push([event.name, event.status, event.agent, event.priority, event.trace]);
      });
    },
  });
  kernel.provide("agent", worker("ann", []));
  await kernel.started();
  const task = kernel
    .get("scheduler", "kernel")
    .submit({ agent: "ann", name: "t", input: 1, priority: "high", trace: "tr" });
  expect(kernel.scheduler.find(task.id)).toBe(task);
  expect(kernel.scheduler.list()).toEqual([
    { id: task.id, name: "t", status: "running", priority: "high", agent: "ann", at: kernel.clock.now(), preempted: 0 },
  ]);
  await kernel.clock.advance(20);
  await task.result;
  expect(shown).toEqual([
    ["t", "running", "ann", "high", "tr"],
    ["t", "done", "ann", "high", "tr"],
  ]);
});
