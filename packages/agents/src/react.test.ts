import {
  type AgentReply,
  defineTool,
  defineWorkflow,
  type Json,
  type ModelMessage,
  type ModelRequest,
} from "@mofa/kernel";
import { type ScriptedReply, scriptedModel, testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { type ReactOptions, reactAgent } from "./react.ts";

const weather = defineTool({
  name: "weather",
  description: "Current sky over a city.",
  input: z.object({ city: z.string() }),
  run: ({ city }) => {
    if (city === "Atlantis") throw new RangeError("no such city");
    return { city, sky: "clear" };
  },
});

const wish = (city: unknown, id = "w1") => ({ id, name: "weather", input: city as Json });
const lastText = (request: ModelRequest | undefined) => request?.messages.at(-1)?.text;

async function desk(replies: readonly ScriptedReply[], options: Partial<ReactOptions> = {}) {
  const model = scriptedModel(replies);
  const kernel = await testKernel({ name: "desk", version: "1.0.0", setup: (ctx) => void ctx.provide("model", model) });
  const agent = reactAgent({ name: "ann", model: "scripted", tools: [weather], ...options });
  kernel.provide("agent", agent);
  return { kernel, agent, model, [Symbol.asyncDispose]: () => kernel.end() };
}

test("answers in one round when the model wishes for no tool", async () => {
  await using _ = await desk(["Hello."], { instructions: "Be brief." });
  expect(await _.kernel.invoke(_.agent, { text: "Hi" })).toEqual({
    text: "Hello.",
    rounds: 1,
    finish: "stop",
    usage: { inputTokens: 1, outputTokens: 1 },
  } satisfies AgentReply);
  expect(_.model.requests[0]?.messages).toEqual([
    { role: "system", text: "Be brief." },
    { role: "user", text: "Hi" },
  ]);
});

test("tells the model what its tools gave, in the order of its wishes", async () => {
  const toolCalls = [wish({ city: "Oslo" }, "a"), wish({ city: "Bergen" }, "b")];
  await using _ = await desk([{ toolCalls }, "Both clear."]);
  const reply = await _.kernel.invoke(_.agent, { text: "Sky?" });
  expect([reply.text, reply.rounds, reply.usage.inputTokens]).toEqual(["Both clear.", 2, 2]);
  expect(_.model.requests[1]?.messages.slice(1)).toEqual([
    { role: "assistant", text: "", toolCalls },
    { role: "tool", call: "a", name: "weather", text: '{"city":"Oslo","sky":"clear"}' },
    { role: "tool", call: "b", name: "weather", text: '{"city":"Bergen","sky":"clear"}' },
  ]);
});

test.each([
  ["a tool that throws", wish({ city: "Atlantis" }), "RangeError: no such city"],
  ["input that the schema refuses", wish({ town: "Oslo" }), "input.invalid"],
  ["broken JSON", wish('{"city": '), "agent.broken_input"],
  ["a tool that it does not have", { id: "x", name: "wether", input: {} }, "It has: weather."],
])("lets the model correct %s", async (_name, toolCall, said) => {
  await using _ = await desk([{ toolCalls: [toolCall] }, "Sorry."]);
  expect((await _.kernel.invoke(_.agent, { text: "Sky?" })).text).toBe("Sorry.");
  const told = _.model.requests[1]?.messages.at(-1);
  expect(told).toMatchObject({ role: "tool", failed: true });
  expect(told?.text).toContain(said);
});

test("ends with an answer when the rounds are used up", async () => {
  const again = () => ({ toolCalls: [wish({ city: "Oslo" })] });
  await using _ = await desk([again, again, "Enough."], { maxRounds: 3 });
  expect(await _.kernel.invoke(_.agent, { text: "Sky?" })).toMatchObject({ text: "Enough.", rounds: 3 });
  expect(_.model.requests.map((request) => request.toolChoice)).toEqual(["auto", "auto", "none"]);
});

test("remembers a session, and only that one", async () => {
  await using _ = await desk([{ toolCalls: [wish({ city: "Oslo" })] }, "Clear.", "Still clear.", "Who?"]);
  await _.kernel.invoke(_.agent, { text: "Oslo?", session: "s1" });
  await _.kernel.invoke(_.agent, { text: "And now?", session: "s1" });
  await _.kernel.invoke(_.agent, { text: "And now?", session: "s2" });
  const roles = (request: ModelRequest | undefined) => request?.messages.map((message: ModelMessage) => message.role);
  expect(roles(_.model.requests[2])).toEqual(["user", "assistant", "tool", "assistant", "user"]);
  expect(roles(_.model.requests[3])).toEqual(["user"]);
  expect(await _.kernel.find("session")?.length("s1")).toBe(6);
});

test("begins the history with what a user said, never with the answer to a forgotten wish", async () => {
  const replies: ScriptedReply[] = [{ toolCalls: [wish({ city: "Oslo" })] }, "Clear.", "Yes."];
  await using _ = await desk(replies, { history: 2 });
  await _.kernel.invoke(_.agent, { text: "Oslo?", session: "s1" });
  await _.kernel.invoke(_.agent, { text: "Sure?", session: "s1" });
  expect(_.model.requests[2]?.messages).toEqual([{ role: "user", text: "Sure?" }]);
});

test("a cancelled turn ends with the cancel and writes nothing", async () => {
  const stop = new AbortController();
  const cancel = () => {
    stop.abort("enough");
    return "Late.";
  };
  const replies: ScriptedReply[] = [{ toolCalls: [wish({ city: "Oslo" })] }, cancel];
  await using _ = await desk(replies);
  const turn = _.kernel.invoke(_.agent, { text: "Oslo?", session: "s1" }, { signal: stop.signal });
  await expect(turn).rejects.toBe("enough");
  expect(await _.kernel.find("session")?.length("s1")).toBe(0);
});

test("a turn is paid from the budget of its session, which stops it between rounds", async () => {
  const usage = { inputTokens: 30, outputTokens: 30 };
  await using _ = await desk([
    { toolCalls: [wish({ city: "Oslo" })], usage },
    { text: "Clear.", usage },
  ]);
  _.kernel.budgets.add({ name: "talk", scope: "session", limits: { tokens: 61 } });
  const turn = _.kernel.invoke(_.agent, { text: "How is Oslo?", session: "s1" });
  await expect(turn).rejects.toMatchObject({
    code: "budget.exceeded",
    data: { budget: "talk", scope: "session", of: "s1", what: "tokens", limit: 61, spent: 60 },
  });
  expect(await _.kernel.find("session")?.length("s1")).toBe(0);
});

test("gets tasks by its capabilities, and a turn that throws is its failure where its supervision says so", async () => {
  await using _ = await desk(["Done."], {
    capabilities: ["language:no"],
    supervision: { failsOn: "error", restart: "temporary" },
  });
  const task = () => _.kernel.scheduler.submit({ capabilities: ["language:no"], input: { text: "Hei" } });
  expect(await task().result).toMatchObject({ text: "Done." });
  await expect(task().result).rejects.toMatchObject({ code: "testing.script_ended" });
  await _.kernel.clock.advance(0);
  expect(_.kernel.agents()).toMatchObject([{ name: "ann", status: "failed" }]);
});

test("streams the model's words under the turn's trace", async () => {
  await using _ = await desk(["One two three."]);
  const words: string[] = [];
  for await (const event of _.kernel.stream(_.agent, { text: "Count" })) {
    if (event.type === "action.delta") words.push(event.body);
  }
  expect(words).toEqual(["One ", "two ", "three."]);
});

test("looks tools up by name in each turn, and names the missing one", async () => {
  await using _ = await desk(["Ready.", "never"], { tools: ["weather"] });
  await expect(_.kernel.invoke(_.agent, { text: "Sky?" })).rejects.toMatchObject({ code: "registry.not_found" });
  const takeBack = _.kernel.provide("tool", weather);
  await _.kernel.invoke(_.agent, { text: "Sky?" });
  expect(lastText(_.model.requests[0])).toBe("Sky?");
  expect(_.model.requests[0]?.tools?.map((tool) => tool.name)).toEqual(["weather"]);
  takeBack();
});

test("uses workflows and other agents like tools", async () => {
  const toolCalls = [
    { id: "a", name: "refund", input: { amount: 5 } },
    { id: "b", name: "bob", input: { text: "Which sky?" } },
  ];
  const refund = defineWorkflow({
    name: "refund",
    version: "1.0.0",
    description: "Pays money back.",
    input: z.object({ amount: z.number() }),
    run: ({ amount }) => ({ paid: amount }),
  });
  await using _ = await desk([{ toolCalls }, "Clear.", "Done."], { tools: ["workflow:refund", "agent:bob"] });
  _.kernel.provide("workflow", refund);
  _.kernel.provide("agent", reactAgent({ name: "bob", model: "scripted", description: "Knows the sky." }));
  expect((await _.kernel.invoke(_.agent, { text: "Money back, and the sky?" })).text).toBe("Done.");
  expect(_.model.requests[0]?.tools?.map(({ name, description }) => [name, description])).toEqual([
    ["refund", "Pays money back."],
    ["bob", "Knows the sky."],
  ]);
  const [paid, sky] = _.model.requests[2]?.messages.slice(-2).map((message) => JSON.parse(message.text)) ?? [];
  expect([paid, sky?.text]).toEqual([{ paid: 5 }, "Clear."]);
});

test("names the model that nobody serves", async () => {
  await using _ = await desk([], { model: "gpt-99" });
  await expect(_.kernel.invoke(_.agent, { text: "Hi" })).rejects.toMatchObject({
    code: "registry.not_found",
    message: expect.stringContaining('There is no model "gpt-99".'),
  });
});

test("refuses input that is not a question", async () => {
  await using _ = await desk([]);
  await expect(_.kernel.invoke(_.agent, { txt: "Hi" } as never)).rejects.toMatchObject({ code: "input.invalid" });
});
