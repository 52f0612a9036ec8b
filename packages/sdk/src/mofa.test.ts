import { defineTool, type Engine, type Model } from "@mofa/kernel";
import { leakGuard, scriptedModel } from "@mofa/kernel/testing";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { createMofa } from "./mofa.ts";

const weather = defineTool({
  name: "weather",
  description: "Current sky over a city.",
  input: z.object({ city: z.string().default("Oslo") }),
  run: ({ city }) => ({ city, sky: "clear" }),
});

const bring = (model: Model) => ({
  name: "model",
  version: "1.0.0",
  setup: (ctx: { provide(kind: "model", thing: Model): unknown }) => void ctx.provide("model", model),
});

test("an agent answers, streams and remembers", async () => {
  const model = scriptedModel([
    { toolCalls: [{ id: "1", name: "weather", input: {} }] },
    "Clear over Oslo.",
    "Clear over Bergen.",
  ]);
  await using mofa = await createMofa({ plugins: [bring(model)] });
  const ann = mofa.agent({ name: "ann", model: "scripted", instructions: "Answer briefly.", tools: [weather] });
  expect((await ann.ask("Oslo?", { session: "s" })).text).toBe("Clear over Oslo.");
  let streamed = "";
  for await (const event of ann.stream("And Bergen?", { session: "s" })) {
    if (event.type === "action.delta") streamed += event.body;
  }
  expect(streamed).toBe("Clear over Bergen.");
  expect(model.requests[2]?.messages.map(({ role }) => role)).toEqual([
    "system",
    "user",
    "assistant",
    "tool",
    "assistant",
    "user",
  ]);
});

test("types are inferred from the schema, with nothing written twice", () => {
  expectTypeOf(weather.run).returns.toEqualTypeOf<
    { city: string; sky: string } | Promise<{ city: string; sky: string }>
  >();
  expectTypeOf(weather.run).parameter(0).toEqualTypeOf<{ city?: string | undefined }>();
});

test("leaves nothing behind when it ends", async () => {
  const check = leakGuard(() => process.getActiveResourcesInfo());
  {
    await using mofa = await createMofa({ plugins: [bring(scriptedModel(["Hi."]))] });
    const ann = mofa.agent({ name: "ann", model: "scripted" });
    await ann.ask("Hi", { timeout: 60_000 });
    expect(mofa.counts()).toEqual({ calls: 0, watchers: 0 });
  }
  check();
});

test("names what is missing when runs are asked for without an engine", async () => {
  await using mofa = await createMofa();
  await expect(mofa.start(weather, {})).rejects.toMatchObject({ code: "mofa.no_engine" });
  expectTypeOf(mofa.engine).returns.toEqualTypeOf<Engine>();
});

test("a plugin that nobody's plugin satisfies is named", async () => {
  const lonely = { name: "lonely", version: "1.0.0", needs: ["plugin:friend@^2"], setup: () => {} };
  await expect(createMofa({ plugins: [lonely] })).rejects.toMatchObject({
    code: "plugin.needs_missing",
    message: 'The plugin "lonely" waits for plugin:friend@^2. Add the plugin that brings it, or remove "lonely".',
  });
});

test("after the end, everything is refused in words", async () => {
  const mofa = await createMofa({ plugins: [bring(scriptedModel([]))] });
  const ann = mofa.agent({ name: "ann", model: "scripted" });
  await mofa.end();
  await expect(ann.ask("Hi")).rejects.toMatchObject({ code: "kernel.closed" });
});

test("what the kernel bounds, mofa bounds: budgets, tasks that wait, letters that are kept", async () => {
  await using mofa = await createMofa({
    budgets: [{ name: "all", scope: "kernel", limits: { calls: 100 } }],
    scheduler: { maxWaiting: 1 },
    deadLetters: { max: 1 },
    log: () => {},
  });
  expect(mofa.budgets.list().map(({ name }) => name)).toEqual(["all"]);
  const parked = () => mofa.scheduler.submit({ role: "nobody", input: {}, unmatched: "park" });
  parked().result.catch(() => {});
  expect(parked).toThrow(expect.objectContaining({ code: "scheduler.full" }));
  mofa.agent({ name: "ann", model: "nobody serves it" });
  for (const text of ["one", "two"]) await mofa.send({ to: "agent:ann", type: "chat", body: { text } });
  await expect.poll(() => mofa.deadLetters.dropped, { interval: 1 }).toBe(1);
  expect(mofa.deadLetters.list().map(({ message }) => message.body)).toEqual([{ text: "two" }]);
});

test("a talk is charged to its session and its tenant, and may have a budget of its own", async () => {
  await using mofa = await createMofa({
    plugins: [bring(scriptedModel(["One.", "Two.", "Three."]))],
    budgets: [
      { name: "talk", scope: "session", limits: { calls: 10 } },
      { name: "payer", scope: "tenant", limits: { calls: 10 } },
    ],
  });
  const ann = mofa.agent({ name: "ann", model: "scripted" });
  await ann.ask("Hi", { session: "s1", tenant: "acme" });
  for await (const _ of ann.stream("Hi", { tenant: "acme" }));
  const spent = mofa.budgets.list().map(({ name, of, spent: { calls } }) => [name, of, calls > 0]);
  expect(spent).toEqual([
    ["talk", "s1", true],
    ["payer", "acme", true],
  ]);
  await expect(ann.ask("Hi", { budget: { calls: 1 } })).rejects.toMatchObject({ code: "budget.exceeded" });
});
