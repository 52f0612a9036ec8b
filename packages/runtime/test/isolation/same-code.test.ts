import { type Event, isMofaError, type RunFrame } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import type { Isolation } from "../../src/isolation/isolated.ts";
import { fixture, until } from "./open.ts";

const ISOLATIONS: readonly Isolation[] = ["inline", "worker", "process"];

const sky = {
  kind: "tool",
  name: "sky",
  description: "Tells the sky.",
  input: { type: "object", properties: { city: { type: "string" } } },
  run: ({ city }: { readonly city: string }) => `clear over ${city}`,
} as const;

describe.each(ISOLATIONS)("an agent that runs as %s", (isolation) => {
  test("gets plain JSON and gives plain JSON", async () => {
    await using kernel = await testKernel();
    const echo = fixture("echo", isolation);
    kernel.provide("agent", echo);
    await kernel.started();
    const said = { text: 'a "word", ∀ \u2028 \n', list: [1, null, { deep: [true] }], none: undefined };
    const { none, ...rest } = said;
    expect(none).toBeUndefined();
    expect(await kernel.invoke(echo, said)).toMatchObject(rest);
    expect(await kernel.invoke(echo, undefined)).toBeUndefined();
  });

  test("answers at its address, by message and by role", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", fixture("echo", isolation, { roles: ["parrot"] }));
    await kernel.started();
    expect(await kernel.request({ to: "agent:echo", type: "say", body: [1] })).toEqual([1]);
    expect(await kernel.request({ to: "role:parrot?one", type: "say", body: "again" })).toBe("again");
  });

  test("calls other things as a part of its own call", async () => {
    await using kernel = await testKernel();
    const talking = fixture("talking", isolation);
    kernel.provide("agent", talking);
    kernel.provide("tool", sky);
    await kernel.started();
    const events: Event[] = [];
    const unwatch = kernel.watch({ trace: "t-1" }, (event) => void events.push(event));
    const options = { trace: "t-1", tenant: "acme", session: "s-7" };
    const reply = await kernel.invoke(talking, { city: "Oslo" }, options);
    unwatch();

    expect(reply).toEqual({ sky: "clear over Oslo", trace: "some", tenant: "acme", session: "s-7" });
    const deltas = events.flatMap((event) => (event.type === "action.delta" ? [event] : []));
    expect(deltas.map(({ body }) => body).join("")).toBe("looking up");
    const agent = events.find((event) => event.type === "action.start" && event.name === "talking");
    const tool = events.find((event) => event.type === "action.start" && event.name === "sky");
    expect(tool).toMatchObject({ kind: "tool", parent: agent?.call, input: { city: "Oslo" } });
    expect(deltas.every(({ call }) => call === agent?.call)).toBe(true);
    const line = kernel.logged.find(({ message }) => message === "asking");
    expect(line).toMatchObject({ level: "info", from: "agent:talking", data: { city: "Oslo" } });
  });

  test("asks the kernel for time, chance, ids and answers", async () => {
    await using kernel = await testKernel();
    const asking = fixture("asking", isolation);
    kernel.provide("agent", asking);
    kernel.provide("agent", { kind: "agent", name: "other", run: (n: number) => n * 2 + 2 });
    await kernel.started();
    expect(await kernel.invoke(asking, {})).toEqual({
      now: kernel.clock.now(),
      random: "number",
      id: "string",
      answer: 42,
      sent: expect.stringMatching(/accepted|queued|rejected/),
    });
  });

  test("is kept by the run it is in", async () => {
    await using kernel = await testKernel();
    const kept = fixture("kept", isolation);
    kernel.provide("agent", kept);
    await kernel.started();
    const slept: number[] = [];
    const frame: RunFrame = {
      run: "r-1",
      key: "k-1",
      attempt: 2,
      now: async () => 7,
      random: async () => 0.5,
      uniqueId: async () => "u-1",
      sleep: async (ms) => void slept.push(ms),
      ask: async ({ title }) => ({ value: title, by: "ann", at: 1 }),
      hear: async () => undefined,
      write: async () => {},
    };
    expect(await kernel.invoke(kept, {}, { frame })).toEqual({
      run: "r-1",
      key: "k-1",
      attempt: 2,
      now: 7,
      random: 0.5,
      id: "u-1",
      answer: "Go on?",
    });
    expect(slept).toEqual([5]);
  });

  test("sleeps on the kernel's clock", async () => {
    await using kernel = await testKernel();
    const sleeping = fixture("sleeping", isolation);
    kernel.provide("agent", sleeping);
    await kernel.started();
    const before = kernel.clock.pending;
    const answer = kernel.invoke(sleeping, { ms: 5_000 });
    await until(() => kernel.clock.pending > before);
    await kernel.clock.advance(5_000);
    expect(await answer).toBe("slept");
  });

  test("runs actions of its own under the kernel's eyes", async () => {
    await using kernel = await testKernel();
    const local = fixture("local", isolation);
    kernel.provide("agent", local);
    await kernel.started();
    const seen: string[] = [];
    const unwatch = kernel.watch({ kind: "tool" }, ({ type, name }) => void seen.push(`${type} ${name}`));
    expect(await kernel.invoke(local, 21)).toEqual({ n: 42, parent: true });
    unwatch();
    expect(seen).toEqual(["action.start double", "action.end double"]);
  });

  test("sees the shelves it may look at, as they are at each turn", async () => {
    await using kernel = await testKernel();
    const looking = fixture("looking", isolation, { shelves: ["tool"] });
    kernel.provide("agent", looking);
    await kernel.started();
    expect(await kernel.invoke(looking, {})).toEqual({ tools: [], none: null });
    const takeBack = kernel.provide("tool", sky);
    const there = { tools: [{ name: "sky", input: sky.input }], found: "sky", none: null };
    expect(await kernel.invoke(looking, {})).toEqual(there);
    takeBack();
    expect(await kernel.invoke(looking, {})).toEqual({ tools: [], none: null });
  });

  test("uses the kernel's stores", async () => {
    await using kernel = await testKernel();
    const keeping = fixture("keeping", isolation);
    kernel.provide("agent", keeping);
    await kernel.started();
    expect(await kernel.invoke(keeping, {})).toEqual({ kept: { n: 1 }, none: null });
  });

  test("is made by a function of its options, and checks its input by its own schema", async () => {
    await using kernel = await testKernel();
    const made = fixture("made", isolation, { options: { greeting: "Hei" } });
    kernel.provide("agent", made);
    await kernel.started();
    expect(await kernel.invoke(made, { name: "Ann" })).toBe("Hei, Ann");
    await expect(kernel.invoke(made, {})).rejects.toMatchObject({
      code: "input.invalid",
      data: { issues: [{ path: "name", message: "is missing" }] },
    });
  });

  test("fails with the error that it threw, and lives on", async () => {
    await using kernel = await testKernel();
    const failing = fixture("failing", isolation);
    kernel.provide("agent", failing);
    await kernel.started();
    for (const _ of [1, 2]) await expect(kernel.invoke(failing, {})).rejects.toThrow("no luck");
  });

  test("is told what to do when its module has no such agent", async () => {
    await using kernel = await testKernel();
    const agent = fixture("nobody", isolation, { supervision: { restart: "temporary" } });
    const start = agent.start?.({ signal: kernel.signal, failed: () => {}, done: () => {} });
    const error = await Promise.resolve(start).catch((thrown: unknown) => thrown);
    expect(isMofaError(error, "isolation.not_loaded") && error.message).toContain('exports no agent called "nobody"');
  });
});

describe.each(["worker", "process"] as const)("what crosses to a %s", (isolation) => {
  test("is refused with its path when it is not JSON", async () => {
    await using kernel = await testKernel();
    const notJson = fixture("notJson", isolation);
    const polluting = fixture("polluting", isolation);
    kernel.provide("agent", notJson);
    kernel.provide("agent", polluting);
    await kernel.started();
    await expect(kernel.invoke(notJson, {})).rejects.toMatchObject({
      code: "json.not_json",
      data: { path: "$.rows[0].when" },
    });
    await expect(kernel.invoke(notJson, { given: () => 1 })).rejects.toMatchObject({
      code: "json.not_json",
      data: { path: "$.given" },
    });
    await expect(kernel.invoke(polluting, {})).rejects.toMatchObject({ code: "json.not_json" });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("is refused when it is too large, in both directions, and the agent lives on", async () => {
    await using kernel = await testKernel();
    const huge = fixture("huge", isolation, { maxMessageMb: 0.5 });
    kernel.provide("agent", huge);
    await kernel.started();
    await expect(kernel.invoke(huge, { characters: 1_000_000 })).rejects.toMatchObject({ code: "isolation.too_large" });
    const given = { characters: 1, more: "x".repeat(1_000_000) };
    await expect(kernel.invoke(huge, given)).rejects.toMatchObject({ code: "isolation.too_large" });
    expect(await kernel.invoke(huge, { characters: 3 })).toBe("xxx");
  });

  test("holds nothing of the environment but what was allowed", async () => {
    await using kernel = await testKernel();
    process.env["ISOLATION_TEST"] = "yes";
    const whereabouts = fixture("whereabouts", isolation, { env: ["ISOLATION_TEST", "ISOLATION_TEST_ABSENT"] });
    kernel.provide("agent", whereabouts);
    await kernel.started();
    const found = await kernel.invoke(whereabouts, {});
    delete process.env["ISOLATION_TEST"];
    expect(found).toMatchObject({ env: ["ISOLATION_TEST"], thread: isolation === "worker" });
    expect(found.pid === process.pid).toBe(isolation === "worker");
  });
});
