import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMofaError, type ModelRequest } from "@mofa/kernel";
import { leakGuard, testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { openai } from "../../openai/openai.ts";
import type { OpenaiOptions } from "../../openai/options.ts";
import type { Fault } from "../options.ts";
import { rehearse } from "../rehearse.ts";
import { type ServeOptions, serveRehearsal } from "./serve.ts";

const ask = (text: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: "gpt-test",
  messages: [{ role: "user", text }],
  ...more,
});
const find = {
  name: "store.find",
  description: "Finds an order.",
  input: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
};

async function opened(options: ServeOptions = {}, client: OpenaiOptions = {}) {
  const endpoint = await serveRehearsal(options);
  const kernel = await testKernel(openai({ baseURL: endpoint.url, maxRetries: 0, ...client }));
  const model = kernel.get("model", "openai");
  const close = async () => {
    await kernel.end();
    await endpoint.close();
  };
  return { endpoint, kernel, model, [Symbol.asyncDispose]: close };
}

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${url}/chat/completions`, {
    method: "POST",
    body: text,
    headers: { "content-type": "application/json", ...headers },
  });
}

test("over the wire the rehearsal says what it says without one, and is marked", async () => {
  await using server = await opened({ seed: 5, today: "2026-11-22" });
  const requests: ModelRequest[] = [
    ask("Hello, Grüße 👩‍🚀!"),
    ask("A longer text with several sentences. It speaks of this. And of that, as well."),
    ask("x", {
      output: {
        name: "out",
        schema: { type: "object", properties: { days: { type: "integer" } }, required: ["days"] },
      },
    }),
  ];
  for (const request of requests) {
    const { text, usage, finish } = rehearse(request, { seed: 5, today: "2026-11-22" }).reply;
    const { inputTokens, outputTokens } = usage;
    expect(await server.kernel.invoke(server.model, request)).toMatchObject({
      text,
      finish,
      model: "gpt-test",
      rehearsal: true,
      usage: { inputTokens, outputTokens },
    });
  }
});

test("tools are used over the wire, with their own names, until there is an answer", async () => {
  await using server = await opened();
  const first = await server.kernel.invoke(server.model, ask("Where is order A-1001?", { tools: [find] }));
  expect(first).toMatchObject({ finish: "tools", toolCalls: [{ name: "store.find", input: { id: "A-1001" } }] });
  const wish = first.toolCalls[0] ?? { id: "" };
  const messages: ModelRequest["messages"] = [
    { role: "user", text: "Where is order A-1001?" },
    { role: "assistant", text: "", toolCalls: first.toolCalls },
    { role: "tool", call: wish.id, name: "store.find", text: '{"id":"A-1001","status":"sent"}' },
  ];
  const second = await server.kernel.invoke(server.model, { model: "gpt-test", messages, tools: [find] });
  expect(second).toMatchObject({ finish: "stop", toolCalls: [], text: expect.stringContaining("A-1001 is sent") });
});

test("scripts name tools as they are called at home", async () => {
  await using server = await opened({
    replies: [
      { when: { tool: "store.find", last: "user" }, reply: { tools: [{ name: "store.find", input: { id: "X" } }] } },
    ],
  });
  const reply = await server.kernel.invoke(server.model, ask("go", { tools: [find] }));
  expect(reply.toolCalls).toMatchObject([{ name: "store.find", input: { id: "X" } }]);
});

const faults: readonly [Fault, object][] = [
  [{ kind: "error" }, { code: "model.unavailable", retryable: true }],
  [
    { kind: "rate_limit", retryAfter: 1500 },
    { code: "model.rate_limited", retryable: true, data: { retryAfter: 1500 } },
  ],
  [{ kind: "cut_stream" }, { code: "model.stream_broken", retryable: true }],
  [{ kind: "timeout" }, { code: "model.timed_out", retryable: true }],
];
for (const [fault, expected] of faults) {
  test(`the fault ${fault.kind} is the right error at the client, and gone after its times`, async () => {
    await using server = await opened({ faults: [{ ...fault, times: 1 }] }, { timeout: 300 });
    const error: unknown = await server.kernel.invoke(server.model, ask("Say something long enough to be cut.")).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(isMofaError(error)).toBe(true);
    expect(error).toMatchObject(expected);
    expect((await server.kernel.invoke(server.model, ask("again"))).finish).toBe("stop");
    expect(server.endpoint.requests()).toMatchObject({ total: 2, finished: 1 });
  });
}

test("refusals and broken JSON come through as what they are", async () => {
  await using server = await opened({
    faults: [{ when: { contains: "bad" }, kind: "refuse" }, { kind: "broken_json" }],
  });
  expect(await server.kernel.invoke(server.model, ask("bad"))).toMatchObject({
    finish: "refused",
    text: "I cannot help with that.",
  });
  const broken = await server.kernel.invoke(server.model, ask("Find order A-1001", { tools: [find] }));
  expect(broken.toolCalls).toMatchObject([{ name: "store.find", input: '{"id":"A-1001",' }]);
});

test("a client that goes away ends the stream, and its request is not finished", async () => {
  await using server = await opened({ tokensPerSecond: 20, replies: [{ reply: { text: "word ".repeat(1000) } }] });
  const stop = new AbortController();
  const unwatch = server.kernel.watch({ type: "action.delta" }, () => stop.abort(new Error("enough")));
  await expect(server.kernel.invoke(server.model, ask("hi"), { signal: stop.signal })).rejects.toThrow("enough");
  unwatch();
  expect(server.endpoint.requests()).toMatchObject({
    total: 1,
    finished: 0,
    records: [{ model: "gpt-test", finished: false }],
  });
});

test("requests are counted by their Idempotency-Key, told of, and written to the log when finished", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-"));
  const log = join(folder, "requests.ndjson");
  const heard: string[] = [];
  const clock = { now: () => 1000, monotonic: () => 0, epochOf: () => 1000, after: () => () => {} };
  const endpoint = await serveRehearsal({
    log,
    clock,
    onRequest: ({ key }) => void heard.push(key),
    faults: [{ when: { contains: "fail" }, kind: "error" }],
  });
  const body = (text: string) => ({ model: "m", messages: [{ role: "user", content: text }] });
  for (const [text, key] of [
    ["a", "run/1"],
    ["b", "run/1"],
    ["fail", "run/2"],
  ] as const)
    await (await post(endpoint.url, body(text), { "idempotency-key": key })).text();
  await (await post(endpoint.url, body("c"))).text();
  const counts = await (await fetch(new URL("/rehearsal/requests", endpoint.url))).json();
  await endpoint.close();
  expect(counts).toEqual(endpoint.requests());
  expect(counts).toMatchObject({ total: 4, finished: 3, byKey: { "run/1": 2, "run/2": 1 } });
  expect(heard).toEqual(["run/1", "run/1", "run/2", ""]);
  const lines = (await readFile(log, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual(["run/1", "run/1", ""].map((key) => ({ key, at: 1000, model: "m", finished: true })));
  await rm(folder, { recursive: true });
});

test("without a stream the answer is one body in the shape of the protocol", async () => {
  await using endpoint = await serveRehearsal({ models: ["m"] });
  const response = await post(endpoint.url, {
    model: "m",
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Hello" }] },
    ],
  });
  expect(response.headers.get("x-mofa-rehearsal")).toBe("true");
  expect(await response.json()).toMatchObject({
    object: "chat.completion",
    model: "m",
    system_fingerprint: "mofa-rehearsal",
    choices: [
      { index: 0, finish_reason: "stop", message: { role: "assistant", content: expect.stringContaining("Hello") } },
    ],
    usage: { total_tokens: expect.any(Number) },
  });
  const models = await (await fetch(`${endpoint.url}/models`)).json();
  expect(models).toMatchObject({ object: "list", data: [{ id: "rehearsal", object: "model" }, { id: "m" }] });
});

test("what cannot be answered is refused with its status, its parameter and a sentence", async () => {
  await using endpoint = await serveRehearsal({ models: ["m"] });
  const user = { role: "user", content: "x" };
  const refused = async (body: unknown) => {
    const response = await post(endpoint.url, body);
    const { error } = (await response.json()) as {
      error: { message: string; param: string | null; code: string | null };
    };
    return [response.status, error.param ?? error.code, error.message] as const;
  };
  expect(await refused("{oops")).toEqual([400, null, expect.stringContaining("not JSON")]);
  expect(await refused([])).toEqual([400, "body", expect.any(String)]);
  expect(await refused({ messages: [user] })).toEqual([400, "model", expect.any(String)]);
  expect(await refused({ model: "m", messages: [] })).toEqual([400, "messages", expect.any(String)]);
  expect(await refused({ model: "m", messages: [{ role: "ghost" }] })).toEqual([
    400,
    "messages[0].role",
    expect.any(String),
  ]);
  expect(await refused({ model: "m", messages: [{ role: "tool", tool_call_id: "x", content: "" }] })).toEqual([
    400,
    "messages[0].tool_call_id",
    expect.any(String),
  ]);
  expect(
    await refused({ model: "m", messages: [user], tools: [{ type: "function", function: { name: "a.b" } }] }),
  ).toEqual([400, "tools[0].function.name", expect.any(String)]);
  expect(await refused({ model: "m", messages: [user], temperature: "hot" })).toEqual([
    400,
    "temperature",
    expect.any(String),
  ]);
  expect(await refused({ model: "m", messages: [user], response_format: { type: "xml" } })).toEqual([
    400,
    "response_format",
    expect.any(String),
  ]);
  expect(await refused({ model: "other", messages: [user] })).toEqual([
    404,
    "model_not_found",
    expect.stringContaining("other"),
  ]);
  expect(await refused("x".repeat(10 * 1024 * 1024 + 1))).toEqual([413, null, expect.stringContaining("10 MB")]);
  expect((await fetch(`${endpoint.url}/embeddings`)).status).toBe(404);
  expect(endpoint.requests().total).toBe(0);
});

test("an unknown model and a long list of them reach the client as errors of ours", async () => {
  await using server = await opened({ models: ["m"] });
  await expect(server.kernel.invoke(server.model, ask("hi"))).rejects.toMatchObject({ code: "model.unknown" });
});

test("closing leaves nothing open: no server, no connection, no answer half sent", async () => {
  const check = leakGuard(() => process.getActiveResourcesInfo().filter((name) => /server|tcp/i.test(name)));
  const endpoint = await serveRehearsal({ tokensPerSecond: 1, replies: [{ reply: { text: "a b c d" } }] });
  const streaming = await post(endpoint.url, { model: "m", stream: true, messages: [{ role: "user", content: "x" }] });
  const idle = connect(endpoint.port, "127.0.0.1");
  const gone = new Promise<void>((resolve) => {
    idle.on("close", () => resolve());
    idle.on("error", () => {});
  });
  await Promise.all([endpoint.close(), endpoint.close()]);
  await expect(streaming.text()).rejects.toThrow();
  await gone;
  await expect(fetch(`${endpoint.url}/models`)).rejects.toThrow();
  check();
});

test("a port that is taken and options that cannot be used are told", async () => {
  await using endpoint = await serveRehearsal();
  await expect(serveRehearsal({ port: endpoint.port })).rejects.toMatchObject({ code: "rehearsal.cannot_listen" });
  await expect(serveRehearsal({ replies: [{ when: { matches: "[" }, reply: {} }] })).rejects.toMatchObject({
    code: "rehearsal.bad_script",
  });
  await expect(serveRehearsal({ seed: "x" as unknown as number })).rejects.toMatchObject({
    code: "rehearsal.bad_script",
  });
});
