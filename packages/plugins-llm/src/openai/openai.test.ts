import type { Event, Model, RunFrame } from "@mofa/kernel";
import { seededRandom, testKernel } from "@mofa/kernel/testing";
import { afterEach, expect, test, vi } from "vitest";
import { ask, failure, hello, opened, streams, watching } from "../../test/openai-client.ts";
import { chunk, events, sendStream, wireServer } from "../../test/wire-server.ts";
import { openai } from "./openai.ts";
import type { OpenaiOptions } from "./options.ts";

afterEach(() => vi.unstubAllEnvs());

test("a streamed answer is told in pieces and given whole, with its usage, cost and model", async () => {
  await using server = await wireServer(streams(hello));
  const { kernel, model } = await opened(server, {
    prices: { "gpt-test": { input: 2, output: 10, cachedInput: 0.5 } },
  });
  await using _ = kernel;
  const seen: Event[] = [];
  using _seen = watching(kernel, { kind: "model" }, (event) => seen.push(event));
  const reply = await kernel.invoke(model, ask("hi"));
  expect(reply).toEqual({
    text: "Grüße, 世界 👩‍🚀",
    toolCalls: [],
    finish: "stop",
    model: "gpt-test-2026",
    usage: {
      inputTokens: 100,
      outputTokens: 20,
      cachedInputTokens: 40,
      reasoningTokens: 5,
      cost: (60 * 2 + 40 * 0.5 + 20 * 10) / 1e6,
    },
  });
  expect(seen.filter(({ type }) => type === "action.delta").map((event) => "body" in event && event.body)).toEqual([
    "Grüße, ",
    "世界 👩‍🚀",
  ]);
  expect(seen.filter(({ type }) => type === "model.usage")).toMatchObject([
    { model: "gpt-test-2026", inputTokens: 100, outputTokens: 20, rehearsal: false },
  ]);
});

test("however the network cuts the stream, the reply is the same", async () => {
  const seed = 7;
  const random = seededRandom(seed);
  const bytes = Buffer.from(hello.replaceAll("\n", "\r\n"));
  await using server = await wireServer((response) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(random() * 90);
      parts.push(bytes.subarray(at, end));
      at = end;
    }
    return sendStream(response, parts);
  });
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  for (let round = 0; round < 25; round++) {
    const reply = await kernel.invoke(model, ask("hi"));
    expect(reply, `seed ${seed}, round ${round}`).toMatchObject({ text: "Grüße, 世界 👩‍🚀", finish: "stop" });
  }
});

test("the request is written in the words of the wire, and names that it cannot carry come back unchanged", async () => {
  const call = (index: number, name: string, ...parts: string[]) => [
    chunk({ tool_calls: [{ index, id: `c${index}`, type: "function", function: { name, arguments: "" } }] }),
    ...parts.map((part) => chunk({ tool_calls: [{ index, function: { arguments: part } }] })),
  ];
  await using server = await wireServer((response, { body }) => {
    const [get] = body.tools.map((tool: { function: { name: string } }) => tool.function.name);
    return sendStream(response, [
      events(
        ...call(0, get, '{"id":', '"a"}'),
        ...call(1, "store_get", '{"id": "b", oops'),
        chunk({}, "tool_calls"),
        "[DONE]",
      ),
    ]);
  });
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  const tool = (name: string) => ({ name, description: "Reads.", input: { type: "object" } });
  const reply = await kernel.invoke(model, {
    model: "gpt-test",
    messages: [
      { role: "system", text: "Be brief." },
      { role: "user", text: "Read a." },
      { role: "assistant", text: "", toolCalls: [{ id: "x", name: "store.get", input: '{"broken' }] },
      { role: "tool", call: "x", name: "store.get", text: "no", failed: true },
    ],
    tools: [tool("store.get"), tool("store_get")],
    toolChoice: { tool: "store.get" },
    output: {
      name: "an answer",
      schema: { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false },
    },
    temperature: 0,
    maxTokens: 50,
    stop: ["END"],
    seed: 3,
  });
  expect(reply).toMatchObject({
    finish: "tools",
    toolCalls: [
      { id: "c0", name: "store.get", input: { id: "a" } },
      { id: "c1", name: "store_get", input: '{"id": "b", oops' },
    ],
  });
  const { body, headers } = server.sent[0] ?? { body: undefined, headers: {} };
  const wireName = body.tools[0].function.name;
  expect(wireName).toMatch(/^store_get__[0-9a-f]{9}$/);
  expect(headers.authorization).toBe("Bearer sk-test");
  expect(body).toEqual({
    model: "gpt-test",
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Read a." },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "x", type: "function", function: { name: wireName, arguments: '"{\\"broken"' } }],
      },
      { role: "tool", tool_call_id: "x", content: "no" },
    ],
    tools: [
      { type: "function", function: { name: wireName, description: "Reads.", parameters: { type: "object" } } },
      { type: "function", function: { name: "store_get", description: "Reads.", parameters: { type: "object" } } },
    ],
    tool_choice: { type: "function", function: { name: wireName } },
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "an_answer",
        strict: true,
        schema: { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false },
      },
    },
    temperature: 0,
    max_tokens: 50,
    stop: ["END"],
    seed: 3,
  });
});

test("servers that leave out indexes, ids, usage or the finish are understood", async () => {
  const loose = events(
    { choices: [{ delta: { tool_calls: [{ id: "", function: { name: "a", arguments: { x: 1 } } }] } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, id: "k", function: { name: "b", arguments: "" } }] } }] },
    "[DONE]",
  );
  await using server = await wireServer(streams(loose));
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  const reply = await kernel.invoke(model, ask("hi"));
  expect(reply.toolCalls.map(({ name, input }) => ({ name, input }))).toEqual([
    { name: "a", input: { x: 1 } },
    { name: "b", input: {} },
  ]);
  expect(reply).toMatchObject({ finish: "tools", model: "gpt-test" });
  expect(reply.usage.inputTokens).toBeGreaterThan(0);
  expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(2);
});

test("an answer that comes whole although a stream was asked for is read", async () => {
  await using server = await wireServer((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ model: "m", choices: [{ message: { content: "whole" }, finish_reason: "length" }] }));
  });
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  expect(await kernel.invoke(model, ask("hi"))).toMatchObject({ text: "whole", finish: "length" });
});

test("a refusal is the text of a reply that was refused", async () => {
  await using server = await wireServer(
    streams(events(chunk({ refusal: "I can" }), chunk({ refusal: "not." }), chunk({}, "stop"), "[DONE]")),
  );
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  expect(await kernel.invoke(model, ask("hi"))).toMatchObject({ text: "I cannot.", finish: "refused" });
});

test("under a run each request carries the step's identity, in characters that a header takes", async () => {
  await using server = await wireServer(streams(hello));
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  const never = () => Promise.reject(new Error("not used"));
  const frame = (key: string): RunFrame => ({
    run: "run-1",
    key,
    attempt: 0,
    now: never,
    random: never,
    uniqueId: never,
    sleep: never,
    ask: never,
    hear: never,
    write: never,
  });
  await kernel.invoke(model, ask("hi"), { frame: frame("run-1/model:openai:=a@b#1") });
  await kernel.invoke(model, ask("hi"), { frame: frame("Bestellung für Zoë\n") });
  await kernel.invoke(model, ask("hi"));
  const keys = server.sent.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toEqual(["run-1/model:openai:=a@b#1", expect.stringMatching(/^sha256:[0-9a-f]{64}$/), undefined]);
});

test("without a key or a server the first call fails and the plugin does not", async () => {
  vi.stubEnv("OPENAI_API_KEY", "");
  vi.stubEnv("OPENAI_BASE_URL", undefined);
  await using kernel = await testKernel(openai());
  const model: Model = kernel.get("model", "openai");
  expect(await failure(kernel.invoke(model, ask("hi")))).toMatchObject({ code: "model.no_key" });
  await using server = await wireServer(streams(hello));
  vi.stubEnv("OPENAI_BASE_URL", server.url);
  expect((await kernel.invoke(model, ask("hi"))).text).toContain("Grüße");
  expect(server.sent[0]?.headers.authorization).toBe("Bearer none");
});

test("several endpoints live side by side, and each serves the names it was given", async () => {
  await using server = await wireServer(streams(hello));
  await using kernel = await testKernel(
    openai({ baseURL: server.url }),
    openai({ name: "local", baseURL: server.url, models: ["llama"], headers: { "x-team": "desk" } }),
  );
  const local = kernel.get("model", "local");
  expect([local.serves?.("llama"), local.serves?.("gpt-5"), kernel.get("model", "openai").serves?.("gpt-5")]).toEqual([
    true,
    false,
    true,
  ]);
  await kernel.invoke(local, { model: "local", messages: [{ role: "user", text: "hi" }] });
  expect(server.sent[0]).toMatchObject({ body: { model: "llama" }, headers: { "x-team": "desk" } });
  expect(
    await failure(kernel.invoke(kernel.get("model", "openai"), { messages: [{ role: "user", text: "hi" }] })),
  ).toMatchObject({ code: "model.not_named" });
});

test("misspelt options are refused by name", async () => {
  await using kernel = await testKernel();
  const misspelt = { basURL: "http://127.0.0.1:1" } as OpenaiOptions;
  const error = await failure(kernel.plug(openai(misspelt)));
  expect(JSON.stringify([error.message, String(error.cause)])).toContain("basURL");
});
