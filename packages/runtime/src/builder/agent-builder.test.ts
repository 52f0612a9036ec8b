import type { Event, Plugin } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type AgentBuilder, agentBuilder, type BlankShape } from "./index.ts";

const code = (error: unknown) => (error as { code?: string }).code;
const caught = (work: Promise<unknown>) => work.then(() => "no error", code);
const refused = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return code(error);
  }
  return "no error";
};

const weather: Plugin = {
  name: "weather",
  version: "2.1.0",
  setup: (ctx) => void ctx.provide("tool", { kind: "tool", name: "sky", run: () => "clear" }),
};

const shouting = () =>
  agentBuilder("ann")
    .input("text", z.string().min(1))
    .input("times", z.number().int().default(1))
    .output("loud", z.string().max(10))
    .run(({ text, times }) => ({ loud: text.toUpperCase().repeat(times) }));

describe("ports", () => {
  test("what goes in and comes out is checked port by port, and typed by the schemas", async () => {
    await using kernel = await testKernel();
    const ann = await shouting().build().install(kernel);
    const { loud } = await ann.invoke({ text: "hey", times: 2 });
    expectTypeOf(loud).toEqualTypeOf<string>();
    expect(loud).toBe("HEYHEY");
    // A schema with a default fills in what is not given.
    expect(await ann.invoke({ text: "hey" })).toEqual({ loud: "HEY" });
  });

  test.each<[string, unknown, string]>([
    ["a port that nobody declared", { text: "hey", volume: 3 }, "volume: is no port of this agent"],
    ["a port that is missing", {}, "text"],
    ["a value that its schema forbids", { text: "" }, "text: "],
    ["two wrong at once", { text: 1, times: 1.5 }, "times: "],
    ["no object", "hey", "must be an object with the ports text, times"],
    ["a list", [], "must be an object"],
  ])("%s is refused by its name", async (_name, input, problem) => {
    await using kernel = await testKernel();
    const built = shouting().build();
    await built.install(kernel);
    const error = await kernel.invoke(built.agent, input as never).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "input.invalid", message: expect.stringContaining(problem) });
  });

  test("an output that its port forbids, one too many, or one too few, fails the turn", async () => {
    await using kernel = await testKernel();
    const giving = async (name: string, output: unknown) => {
      const built = agentBuilder(name)
        .output("loud", z.string().max(3))
        .output("note", z.string(), { optional: true })
        .run(() => output as never)
        .build();
      const agent = await built.install(kernel);
      return agent.invoke({}).then(
        (value) => value as unknown,
        (error: Error) => `${code(error)} ${error.message}`,
      );
    };
    expect(await giving("well", { loud: "HEY" })).toEqual({ loud: "HEY" });
    expect(await giving("more", { loud: "HEY", note: "said" })).toEqual({ loud: "HEY", note: "said" });
    expect(await giving("long", { loud: "HEYHEY" })).toContain("port.bad_output");
    expect(await giving("other", { loud: "HEY", quiet: "hey" })).toContain("quiet: is no port");
    expect(await giving("none", undefined)).toContain("loud");
  });

  test("an output is transformed once", async () => {
    await using kernel = await testKernel();
    const built = agentBuilder("ann")
      .output(
        "count",
        z.number().transform((count) => count + 1),
      )
      .run(() => ({ count: 1 }))
      .build();
    expect(await (await built.install(kernel)).invoke({})).toEqual({ count: 2 });
  });

  test("messages of a topic come in by their port, as many at a time as the agent allows; outputs go on", async () => {
    await using kernel = await testKernel();
    const got: unknown[] = [];
    let most = 0;
    let now = 0;
    const held: (() => void)[] = [];
    const built = agentBuilder("ann")
      .input("order", z.object({ id: z.number() }), { from: "topic:orders.*" })
      .input("hint", z.string(), { optional: true })
      .output("done", z.number(), { to: "topic:done" })
      .output("note", z.string(), { to: "agent:ben", optional: true })
      .concurrency(2)
      .run(async ({ order, hint }) => {
        expectTypeOf(hint).toEqualTypeOf<string | undefined>();
        most = Math.max(most, ++now);
        await new Promise<void>((resolve) => held.push(resolve));
        now--;
        return order.id === 3 ? { done: order.id, note: "three" } : { done: order.id };
      })
      .build();
    await built.install(kernel);
    kernel.provide("agent", { kind: "agent", name: "ben", run: (body) => void got.push(["ben", body]) });
    kernel.provide("agent", {
      kind: "agent",
      name: "end",
      topics: ["done"],
      run: (body) => void got.push(["done", body]),
    });
    for (const id of [1, 2, 3]) await kernel.send({ to: "topic:orders.new", type: "order", body: { id } });
    await kernel.send({ to: "topic:orders.new", type: "order", body: { id: "four" } });
    await kernel.clock.advance(0);
    expect(held.length).toBe(2);
    while (held.length > 0) {
      held.shift()?.();
      await kernel.clock.advance(0);
    }
    expect(most).toBe(2);
    expect(got.toSorted()).toEqual([
      ["ben", "three"],
      ["done", 1],
      ["done", 2],
      ["done", 3],
    ]);
    // What does not fit a port is not lost silently.
    expect(kernel.agents().find(({ name }) => name === "ann")).toMatchObject({ handled: 3, failed: 1 });
  });

  test("an output that nobody can take fails the turn and says whom it was for", async () => {
    await using kernel = await testKernel();
    const agent = await agentBuilder("ann")
      .output("note", z.string(), { to: "agent:nobody" })
      .run(() => ({ note: "hey" }))
      .build()
      .install(kernel);
    const error = await agent.invoke({}).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "port.not_sent", message: expect.stringContaining('"agent:nobody"') });
  });

  test("ports are told as one schema, so that models and forms know them", () => {
    const { agent } = shouting().build();
    const schema = agent.input as unknown as { "~standard": { jsonSchema: { input(options: object): object } } };
    expect(schema["~standard"].jsonSchema.input({ target: "draft-2020-12" })).toMatchObject({
      type: "object",
      properties: { text: { type: "string" }, times: { type: "integer" } },
      additionalProperties: false,
    });
  });
});

describe("what was said is kept", () => {
  test("name, description, roles and capabilities are there for whoever looks for them", async () => {
    await using kernel = await testKernel();
    const built = agentBuilder("ann")
      .describe("Translates.")
      .capability("translate", "language:no", "translate")
      .role("editor")
      .supervision({ restart: "permanent" })
      .run(() => ({}))
      .build();
    await built.install(kernel);
    expect(kernel.get("agent", "ann")).toMatchObject({
      description: "Translates.",
      capabilities: ["translate", "language:no"],
      roles: ["editor"],
      supervision: { restart: "permanent" },
    });
    expect(await kernel.request({ to: "role:editor", type: "go", body: {} })).toEqual({});
  });

  test("a turn over its time is stopped, and its signal fires", async () => {
    await using kernel = await testKernel();
    const stopped: unknown[] = [];
    const agent = await agentBuilder("ann")
      .timeout(50)
      .run((_, call) => {
        return new Promise((_resolve, reject) =>
          call.signal.addEventListener("abort", () => {
            stopped.push(code(call.signal.reason));
            reject(call.signal.reason);
          }),
        );
      })
      .build()
      .install(kernel);
    const asked = caught(agent.invoke({}));
    await kernel.clock.advance(50);
    expect([await asked, stopped]).toEqual(["call.timed_out", ["call.timed_out"]]);
  });

  test("a full mailbox refuses", async () => {
    await using kernel = await testKernel();
    const held = Promise.withResolvers<object>();
    const built = agentBuilder("ann")
      .mailbox({ maxMessages: 1 })
      .run(() => held.promise)
      .build();
    await built.install(kernel);
    const draft = { to: "agent:ann", type: "go", body: {} };
    const statuses: string[] = [];
    for (let index = 0; index < 3; index++) {
      statuses.push((await kernel.send(draft)).status);
      await kernel.clock.advance(0);
    }
    expect(statuses).toEqual(["accepted", "queued", "rejected"]);
    held.resolve({});
    await kernel.clock.advance(0);
  });

  test("the configuration is checked while building, with its defaults, and given to the work", async () => {
    await using kernel = await testKernel();
    const schema = z.object({ voice: z.string(), volume: z.number().default(3) });
    const agent = await agentBuilder("ann")
      .config(schema, { voice: "low" })
      .output("said", z.string())
      .run((_, _call, { voice, volume }) => ({ said: `${voice} ${volume.toFixed(0)}` }))
      .build()
      .install(kernel);
    expect(await agent.invoke({})).toEqual({ said: "low 3" });
    const bad = agentBuilder("ann").config(schema, { voice: 1 } as never);
    expect(refused(() => bad.run(() => ({})).build())).toBe("builder.bad_config");
    const slow = agentBuilder("ann").config(
      z.string().refine(async () => true),
      "low",
    );
    expect(refused(() => slow.run(() => ({})).build())).toBe("builder.config_waits");
  });

  test("a budget refuses turns when it is used up, and is gone with the agent", async () => {
    await using kernel = await testKernel();
    const agent = await agentBuilder("ann")
      .budget({ calls: 2 }, { per: "day" })
      .run(() => ({}))
      .build()
      .install(kernel);
    const codes = [await caught(agent.invoke({})), await caught(agent.invoke({})), await caught(agent.invoke({}))];
    expect(codes).toEqual(["no error", "no error", "budget.exceeded"]);
    const names = () =>
      kernel
        .find("budgets")
        ?.list()
        .map(({ name }) => name);
    expect(names()).toEqual(["agent:ann@1.0.0"]);
    await agent.uninstall();
    expect(names()).toEqual([]);
  });
});

describe("installing", () => {
  const needing = () =>
    agentBuilder("ann")
      .plugin(weather)
      .needs("tool:sky")
      .output("sky", z.string())
      .run(async (_, call) => ({ sky: String(await call.invoke(call.get("tool", "sky"), {})) }))
      .build();

  test("what comes along is plugged first and taken away last; what was there stays", async () => {
    await using kernel = await testKernel();
    const changes: string[] = [];
    const unwatch = kernel.watch({ type: "plugin.changed" }, (event: Event) => {
      if (event.type === "plugin.changed" && event.status === "active") changes.push(event.name);
    });
    const ann = await needing().install(kernel);
    expect([await ann.invoke({}), changes]).toEqual([{ sky: "clear" }, ["weather", "agent-ann"]]);
    await ann.uninstall();
    unwatch();
    expect(kernel.plugins().map(({ name }) => name)).toEqual(["in-memory"]);
    await kernel.plug(weather);
    const again = await needing().install(kernel);
    await again.uninstall();
    expect(kernel.plugins().map(({ name }) => name)).toEqual(["in-memory", "weather"]);
  });

  test("when one fails nothing stays; another version of what is there is refused", async () => {
    await using kernel = await testKernel();
    const broken: Plugin = { name: "broken", version: "1.0.0", setup: () => Promise.reject(new Error("no key")) };
    const built = agentBuilder("ann")
      .plugin(weather)
      .plugin(broken)
      .run(() => ({}))
      .build();
    expect(await caught(built.install(kernel))).toBe("plugin.setup_failed");
    expect(kernel.plugins().map(({ name }) => name)).toEqual(["in-memory"]);
    await kernel.plug({ ...weather, version: "1.0.0" });
    expect(await caught(needing().install(kernel))).toBe("plugin.twice");
    expect(kernel.plugins().map(({ name }) => name)).toEqual(["in-memory", "weather"]);
  });

  test("it is a plugin: it can be plugged, and replaced by another version while its turn goes on", async () => {
    await using kernel = await testKernel();
    const held = Promise.withResolvers<void>();
    const version = (number: string, wait?: Promise<void>) =>
      agentBuilder("ann")
        .version(number)
        .output("by", z.string())
        .run(async () => {
          await wait;
          return { by: number };
        })
        .build();
    await kernel.plug(version("1.0.0", held.promise));
    const first = kernel.request({ to: "agent:ann", type: "go", body: {} });
    await kernel.clock.advance(0);
    const replaced = kernel.replace(version("2.0.0"));
    await kernel.clock.advance(0);
    expect(await kernel.request({ to: "agent:ann", type: "go", body: {} })).toEqual({ by: "2.0.0" });
    held.resolve();
    expect([await first, (await replaced).version]).toEqual([{ by: "1.0.0" }, "2.0.0"]);
  });
});

describe("what cannot be kept is refused", () => {
  const ann = () => agentBuilder("ann");
  test.each<[string, (builder: AgentBuilder<BlankShape>) => unknown, string]>([
    ["no work", (it) => it.build(), "builder.no_run"],
    ["no time", (it) => it.timeout(0), "builder.bad_value"],
    ["endless time", (it) => it.timeout(Number.POSITIVE_INFINITY), "builder.bad_value"],
    ["no turn at all", (it) => it.concurrency(0), "builder.bad_value"],
    ["half a turn", (it) => it.concurrency(1.5), "builder.bad_value"],
    ["a mailbox without room", (it) => it.mailbox({ maxMessages: 0 }), "builder.bad_value"],
    ["a factory where a plugin should be", (it) => it.plugin((() => weather) as never), "builder.bad_value"],
    ["no plugin", (it) => it.plugin(undefined as never), "builder.bad_value"],
    ["a capability without a name", (it) => it.capability(""), "builder.bad_value"],
    ["a role with a space", (it) => it.role("chief editor"), "builder.bad_value"],
    ["a port that is no name", (it) => it.input("two words", z.string()), "builder.bad_value"],
    ["a port without a schema", (it) => it.output("text", undefined as never), "builder.bad_value"],
    ["a port fed by an agent", (it) => it.input("text", z.string(), { from: "agent:ben" }), "builder.bad_value"],
    ["a port that leads nowhere", (it) => it.output("text", z.string(), { to: "ben" }), "builder.bad_value"],
    ["two ports of one name", (it) => it.input("text", z.string()).input("text", z.number()), "builder.port_taken"],
    [
      "a port that a topic's messages never fill",
      (it) =>
        it
          .input("order", z.string(), { from: "topic:orders" })
          .input("customer", z.string())
          .run(() => ({}))
          .build(),
      "builder.port_never_filled",
    ],
  ])("%s", (_name, build, expected) => {
    expect(refused(() => build(ann()))).toBe(expected);
  });

  test("a name that nobody could be reached by", () => {
    for (const name of ["", "two words", "x".repeat(129)])
      expect(refused(() => agentBuilder(name))).toBe("builder.bad_value");
  });

  test("building twice; a builder that was gone on from stays as it was", () => {
    const base = ann().run(() => ({}));
    const named = base.describe("Another.");
    expect(named.build().agent.description).toBe("Another.");
    expect(base.build().agent.description).toBeUndefined();
    expect(refused(() => base.build())).toBe("builder.built");
  });
});
