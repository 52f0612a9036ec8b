import { describe, expect, test } from "vitest";
import type { AnyAction } from "../../action.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Delivery, Draft, Priority } from "../../message.ts";
import type { Plugin, PluginContext } from "../../plugin.ts";
import { type TestKernel, testKernel } from "../../testing/kernel.ts";

const plugin = (name: string, setup: (ctx: PluginContext) => void): Plugin => ({ name, version: "1.0.0", setup });
const agent = (name: string, more: Partial<Agent> = {}): Agent => ({
  kind: "agent",
  name,
  run: (input) => `${name}: ${String(input)}`,
  ...more,
});
const caught = async (work: () => unknown) => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

/** Agents that note what they are told. */
function listening(kernel: TestKernel, agents: Readonly<Record<string, Partial<Agent>>>): string[] {
  const heard: string[] = [];
  for (const [name, more] of Object.entries(agents)) {
    kernel.provide("agent", agent(name, { ...more, run: (input) => void heard.push(`${name} ${String(input)}`) }));
  }
  return heard;
}

/** Says something from within a call of an agent that has this name. */
function saidBy(kernel: TestKernel, name: string, to: string): Promise<Delivery> {
  const speaker: AnyAction = {
    kind: "agent",
    name,
    run: (_, call) => call.send({ to, type: "say", body: `by ${name}` }),
  };
  return kernel.invoke(speaker, {}) as Promise<Delivery>;
}

describe("addresses", () => {
  const team = {
    ann: { roles: ["critic"], topics: ["news.*"] },
    bob: { roles: ["critic"] },
    cid: { topics: ["news.>"] },
  };

  test.each<[string, number, string[]]>([
    ["agent:ann", 1, ["ann hi"]],
    ["role:critic", 2, ["ann hi", "bob hi"]],
    ["topic:news.today", 2, ["ann hi", "cid hi"]],
    ["topic:news.today.late", 1, ["cid hi"]],
    ["topic:weather", 0, []],
    ["*", 3, ["ann hi", "bob hi", "cid hi"]],
  ])("%s reaches %i", async (to, receivers, expected) => {
    await using kernel = await testKernel();
    const heard = listening(kernel, team);
    const delivery = await kernel.send({ to, type: "say", body: "hi" });
    await kernel.clock.advance(0);
    expect([delivery.receivers, heard.sort()]).toEqual([receivers, expected]);
  });

  test("role:NAME?one takes turns, each role its own", async () => {
    await using kernel = await testKernel();
    const heard = listening(kernel, {
      ann: { roles: ["critic"] },
      bob: { roles: ["critic"] },
      cid: { roles: ["poet"] },
      dan: { roles: ["poet"] },
    });
    for (let n = 0; n < 3; n++)
      for (const role of ["critic", "poet"]) await kernel.send({ to: `role:${role}?one`, type: "say", body: n });
    await kernel.clock.advance(0);
    expect(heard.sort()).toEqual(["ann 0", "ann 2", "bob 1", "cid 0", "cid 2", "dan 1"]);
  });

  test("role:NAME?one passes over who is stopped while another holds the role", async () => {
    await using kernel = await testKernel();
    for (const name of ["ann", "bob", "cy"]) kernel.provide("agent", agent(name, { roles: ["critic"] }));
    const ask = () => caught(() => kernel.request({ to: "role:critic", type: "ask", body: "?" }));
    await kernel.stopAgent("ann");
    expect([await ask(), await ask(), await ask()]).toEqual(["bob: ?", "cy: ?", "bob: ?"]);
    await kernel.stopAgent("bob");
    await kernel.stopAgent("cy");
    expect(await ask()).toMatchObject({ code: "message.not_delivered" });
    await kernel.restartAgent("ann");
    expect([await ask(), await ask()]).toEqual(["ann: ?", "ann: ?"]);
  });

  test("the sender hears nothing of what it says to all, to a topic, or to another one of its role", async () => {
    await using kernel = await testKernel();
    const heard = listening(kernel, team);
    for (const to of ["*", "topic:news.x", "role:critic?one"]) await saidBy(kernel, "ann", to);
    await kernel.clock.advance(0);
    expect(heard.sort()).toEqual(["bob by ann", "bob by ann", "cid by ann", "cid by ann"]);
  });

  test("nobody there is an error that names the nearest; nonsense is told how addresses look", async () => {
    await using kernel = await testKernel();
    listening(kernel, team);
    const said = async (to: string) => ((await caught(() => kernel.send({ to, type: "x" }))) as Error).message;
    expect([
      await said("agent:anne"),
      await said("role:critics"),
      await said("agent:nobody-of-that-sort"),
      await said("ann"),
    ]).toEqual([
      'Nobody is reachable at "agent:anne". Did you mean "agent:ann"?',
      'Nobody is reachable at "role:critics". Did you mean "role:critic"?',
      'Nobody is reachable at "agent:nobody-of-that-sort".',
      '"ann" is no address. Use agent:NAME, role:NAME, role:NAME?one, topic:NAME or *.',
    ]);
  });

  test("a message of a priority that there is not, or to what is no text, is refused and harms nobody", async () => {
    await using kernel = await testKernel();
    const heard = listening(kernel, { ann: {} });
    const said = (draft: object) => caught(() => kernel.send({ to: "agent:ann", type: "x", ...draft } as Draft));
    const asked = caught(() => kernel.request({ to: "agent:ann", type: "x", priority: "urgent" as Priority }));
    expect([await said({ priority: "urgent" }), await said({ priority: "toString" }), await asked]).toMatchObject([
      { code: "message.malformed", message: expect.stringContaining('"urgent" and not one of critical, high,') },
      { code: "message.malformed" },
      { code: "message.malformed" },
    ]);
    expect([await said({ to: undefined }), await said({ to: 5 })]).toMatchObject([
      { code: "address.malformed" },
      { code: "address.malformed", data: { address: "5" } },
    ]);
    expect(await said({ body: "well" })).toMatchObject({ status: "accepted" });
    await kernel.clock.advance(0);
    expect([heard, kernel.agents()[0]?.queued]).toEqual([["ann well"], 0]);
  });

  test("of two agents of a name only the newest is reached, by every address; the other one is again when it goes", async () => {
    await using kernel = await testKernel();
    const heard: string[] = [];
    const version = (text: string) =>
      agent("ann", { roles: ["critic"], topics: ["news"], run: () => void heard.push(text) });
    const take = [kernel.provide("agent", version("old")), kernel.provide("agent", version("new"))];
    const tellAll = async () => {
      for (const to of ["agent:ann", "role:critic", "topic:news", "*"]) await kernel.send({ to, type: "x" });
      await kernel.clock.advance(0);
      return heard.splice(0);
    };
    const first = await tellAll();
    take[1]?.();
    const second = await tellAll();
    take[0]?.();
    expect([first, second]).toEqual([Array(4).fill("new"), Array(4).fill("old")]);
    expect(await caught(() => kernel.send({ to: "agent:ann", type: "x" }))).toMatchObject({ code: "address.unknown" });
  });
});

describe("receivers of plugins", () => {
  test("get the message as plain data and a call of the same trace", async () => {
    const got: unknown[] = [];
    const listener = plugin("listener", (ctx) =>
      ctx.receive(
        "topic:orders.*",
        (message, call) => void got.push([JSON.parse(JSON.stringify(message)), Object.keys(message), call.trace]),
      ),
    );
    await using kernel = await testKernel(listener);
    await kernel.send({ to: "topic:orders.new", type: "order", body: { n: 1 }, from: "shop", priority: "high" });
    await kernel.clock.advance(0);
    expect(got).toEqual([
      [
        {
          id: "c1",
          from: "shop",
          to: "topic:orders.new",
          type: "order",
          body: { n: 1 },
          at: kernel.clock.now(),
          trace: "",
          priority: "high",
        },
        ["from", "to", "type", "body", "at", "trace", "priority"],
        "c2",
      ],
    ]);
  });

  test("one that throws, now or later, or gives a thenable, is told of like any other", async () => {
    const events: unknown[] = [];
    const listener = plugin("listener", (ctx) => {
      ctx.receive("topic:now", () => {
        throw new Error("now");
      });
      ctx.receive("topic:late", async () => Promise.reject(new Error("late")));
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested.
      ctx.receive("agent:lazy", () => ({ then: (resolve: (value: string) => void) => resolve("done") }));
    });
    await using kernel = await testKernel(listener);
    const stop = kernel.watch({ kind: "message" }, (event) => void events.push([event.type, event.name]));
    for (const name of ["now", "late"]) await kernel.send({ to: `topic:${name}`, type: name });
    const answer = kernel.request({ to: "agent:lazy", type: "ask" });
    await kernel.clock.advance(0);
    stop();
    expect(await answer).toBe("done");
    expect(events.sort()).toEqual([
      ["message.dead", "late"],
      ["message.dead", "now"],
      ["message.failed", "late"],
      ["message.failed", "now"],
      ["message.handled", "ask"],
      ["message.received", "ask"],
      ["message.received", "late"],
      ["message.received", "now"],
      ["message.sent", "ask"],
      ["message.sent", "late"],
      ["message.sent", "now"],
    ]);
    expect(kernel.logged.map((entry) => entry.message).sort()).toEqual([
      'A message of type "late" to topic:late failed: late',
      'A message of type "now" to topic:now failed: now',
    ]);
  });

  test("a slow one keeps nobody waiting", async () => {
    const heard: string[] = [];
    const listener = plugin("listener", (ctx) => {
      ctx.receive("topic:x", (_, call) => call.sleep(1000).then(() => void heard.push("slow")));
      ctx.receive("topic:x", () => void heard.push("fast"));
    });
    await using kernel = await testKernel(listener);
    for (let n = 0; n < 3; n++) await kernel.send({ to: "topic:x", type: "x" });
    await kernel.clock.advance(0);
    expect(heard).toEqual(["fast", "fast", "fast"]);
    await kernel.clock.advance(3000);
    expect(heard.filter((who) => who === "slow")).toHaveLength(3);
  });

  test("thousands of messages at once are handled in order", async () => {
    const heard: number[] = [];
    await using kernel = await testKernel(
      plugin("counter", (ctx) =>
        ctx.receive("topic:n", ({ body }) => void heard.push(body as number), { maxMessages: 5000 }),
      ),
    );
    for (let n = 0; n < 3500; n++) void kernel.send({ to: "topic:n", type: "n", body: n });
    for (let turn = 0; turn < 5; turn++) await kernel.clock.advance(0);
    expect(heard).toEqual(Array.from({ length: 3500 }, (_, n) => n));
  });
});

describe("when a mailbox is full", () => {
  const slow = (mailbox: Agent["mailbox"], heard: unknown[]) =>
    agent("ann", { mailbox: mailbox ?? {}, run: (input, call) => call.sleep(10).then(() => void heard.push(input)) });
  const fill = (kernel: TestKernel, bodies: readonly unknown[]) =>
    bodies.map(async (body) => {
      const { status, reason } = await kernel.send({ to: "agent:ann", type: "x", body });
      return reason === undefined ? status : `${status} ${reason.code}`;
    });

  test.each<["wait" | "reject" | "drop-oldest" | "drop-newest", string[], string[]]>([
    ["reject", ["accepted", "queued", "rejected mailbox.full"], ["a", "b"]],
    ["drop-newest", ["accepted", "queued", "rejected message.dropped"], ["a", "b"]],
    ["drop-oldest", ["accepted", "queued", "queued"], ["a", "c"]],
    ["wait", ["accepted", "queued", "queued"], ["a", "b", "c"]],
  ])("%s", async (full, deliveries, handled) => {
    await using kernel = await testKernel();
    const heard: unknown[] = [];
    kernel.provide("agent", slow({ maxMessages: 1, full }, heard));
    await kernel.started();
    const first = fill(kernel, ["a"]);
    await kernel.clock.advance(0);
    const others = fill(kernel, ["b", "c"]);
    await kernel.clock.advance(40);
    expect([await Promise.all([...first, ...others]), heard]).toEqual([deliveries, handled]);
  });

  test("a bound in bytes counts the body", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", slow({ maxBytes: 20 }, []));
    await kernel.started();
    await Promise.all(fill(kernel, ["x"]));
    await kernel.clock.advance(0);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const sent = fill(kernel, ["12345", "12345", cycle]);
    expect(await Promise.all(sent)).toEqual(["queued", "rejected mailbox.full", "rejected message.too_large"]);
    expect((await kernel.send({ to: "agent:ann", type: "x", body: "1234567890" })).reason).toMatchObject({
      code: "message.too_large",
      message: expect.stringContaining("too large (24 bytes): its mailbox holds at most 20 bytes"),
    });
    await kernel.clock.advance(30);
  });

  test("who waits for room is refused when the agent goes", async () => {
    await using kernel = await testKernel();
    const take = kernel.provide("agent", slow({ maxMessages: 1, full: "wait" }, []));
    await kernel.started();
    const first = fill(kernel, ["a"]);
    await kernel.clock.advance(0);
    const others = fill(kernel, ["b", "c"]);
    take();
    await kernel.clock.advance(10);
    expect(await Promise.all([...first, ...others])).toEqual(["accepted", "queued", "rejected agent.not_taking"]);
  });
});

test("a full receiver that makes senders wait keeps the others of a fan-out from nothing", async () => {
  await using kernel = await testKernel();
  const heard: string[] = [];
  const listener = (name: string, ms: number) =>
    agent(name, {
      topics: ["news"],
      mailbox: { maxMessages: 1, full: "wait" },
      run: async (input, call) => {
        if (ms > 0) await call.sleep(ms);
        heard.push(`${name} ${String(input)}`);
      },
    });
  kernel.provide("agent", listener("slow", 1000));
  kernel.provide("agent", listener("fast", 0));
  await kernel.started();
  const sent: Promise<Delivery>[] = [];
  for (const body of [1, 2, 3]) {
    sent.push(Promise.resolve(kernel.send({ to: "topic:news", type: "x", body })));
    await kernel.clock.advance(0);
  }
  expect(heard).toEqual(["fast 1", "fast 2", "fast 3"]);
  await kernel.clock.advance(3000);
  expect((await Promise.all(sent)).map(({ receivers }) => receivers)).toEqual([2, 2, 2]);
  expect(heard.filter((line) => line.startsWith("slow"))).toEqual(["slow 1", "slow 2", "slow 3"]);
});
