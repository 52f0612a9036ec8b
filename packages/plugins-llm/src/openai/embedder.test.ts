import { lexicalEmbedder } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { failure, opened } from "../../test/openai-client.ts";
import { wireServer } from "../../test/wire-server.ts";
import { serveRehearsal } from "../rehearsal/endpoint/serve.ts";
import { openai } from "./openai.ts";

const small = { model: "text-embedding-3-small", dimensions: 64 };

/** Answers each text with its length and its place in the request. */
const lengths = (input: readonly string[]) => ({
  object: "list",
  model: "m",
  data: input.map((text, index) => ({ object: "embedding", index, embedding: [text.length, index] })),
});

test("vectors come over the wire as they were made, in order, and memory finds by them", async () => {
  await using endpoint = await serveRehearsal();
  await using kernel = await testKernel(openai({ baseURL: endpoint.url, embeddings: small }));
  const embedder = kernel.get("embedder", "openai/text-embedding-3-small");
  expect(embedder.dimensions).toBe(64);
  const texts = ["an invoice", "Grüße 世界", "an invoice"];
  expect(await embedder.embed(texts)).toEqual(await lexicalEmbedder({ dimensions: 64 }).embed(texts));
  const memory = kernel.get("memory", "memory");
  await memory.remember({ id: "1", namespace: "n", text: "Invoices are paid on Mondays." });
  const before = endpoint.requests().total;
  const [found] = await memory.search({ namespace: "n", text: "the invoce", mode: "vectors" });
  expect([found?.id, endpoint.requests().total - before]).toEqual(["1", 1]);
});

test("long lists go in several requests, blank texts in none, and the server's order does not matter", async () => {
  await using server = await wireServer((response, { body }) => {
    const answer = lengths(body.input);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...answer, data: answer.data.reverse() }));
  });
  const { kernel } = await opened(server, { embeddings: { model: "m", dimensions: 2, batch: 2 } });
  await using _ = kernel;
  const vectors = await kernel.get("embedder", "openai/m").embed(["a", " ", "bb", "", "ccc"]);
  expect(vectors).toEqual([
    [1, 0],
    [0, 0],
    [2, 1],
    [0, 0],
    [3, 0],
  ]);
  expect(server.sent.map(({ body }) => body)).toEqual([
    { model: "m", input: ["a", "bb"], encoding_format: "float" },
    { model: "m", input: ["ccc"], encoding_format: "float" },
  ]);
});

test("a request that fails is repeated, and after the last time its error is ours", async () => {
  await using endpoint = await serveRehearsal({
    faults: [{ when: { contains: "flaky" }, kind: "rate_limit", retryAfter: 1, times: 2 }],
  });
  const options = { baseURL: endpoint.url, embeddings: small };
  await using patient = await testKernel(openai({ ...options, maxRetries: 2 }));
  expect((await patient.get("embedder", "openai/text-embedding-3-small").embed(["flaky"])).length).toBe(1);
  expect(endpoint.requests()).toMatchObject({ total: 3, finished: 1 });
  await using broken = await serveRehearsal({ faults: [{ kind: "error" }] });
  await using hasty = await testKernel(openai({ ...options, baseURL: broken.url, maxRetries: 0 }));
  const error = await failure(hasty.get("embedder", "openai/text-embedding-3-small").embed(["x"]));
  expect(error).toMatchObject({ code: "model.unavailable", retryable: true, data: { model: small.model } });
});

test.each<[string, unknown]>([
  ["fewer vectors than texts", { data: [] }],
  ["a vector that is none", { data: [{ index: 0, embedding: "AAAA" }, { index: 1 }] }],
  [
    "the same index twice",
    {
      data: [
        { index: 0, embedding: [1, 2] },
        { index: 0, embedding: [1, 2] },
      ],
    },
  ],
])("an answer with %s is refused", async (_name, body) => {
  await using server = await wireServer((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  const { kernel } = await opened(server, { embeddings: { model: "m", dimensions: 2 } });
  await using _ = kernel;
  expect((await failure(kernel.get("embedder", "openai/m").embed(["a", "b"]))).code).toBe("model.bad_reply");
});

test("vectors of another length than was said are refused before anything is kept", async () => {
  await using server = await wireServer((response, { body }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(lengths(body.input)));
  });
  const { kernel } = await opened(server, { embeddings: { model: "m", dimensions: 3 } });
  await using _ = kernel;
  const memory = kernel.get("memory", "memory");
  const error = await failure(memory.remember({ id: "1", namespace: "n", text: "apple" }));
  expect([error.code, await memory.recent("n")]).toEqual(["embedder.bad_vectors", []]);
});

test("a cancelled request ends with the reason of its signal", async () => {
  await using endpoint = await serveRehearsal({ faults: [{ kind: "timeout" }] });
  await using kernel = await testKernel(openai({ baseURL: endpoint.url, embeddings: small }));
  const stop = new AbortController();
  const asked = kernel.get("embedder", "openai/text-embedding-3-small").embed(["x"], { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
});

test("a model whose vectors nobody knows the length of is refused when the plugin starts", async () => {
  const error = await failure(testKernel(openai({ baseURL: "http://127.0.0.1:9/v1", embeddings: { model: "new" } })));
  expect(error.message).toContain("embeddings.dimensions");
});

test("the endpoint answers in base 64, too, and names the parameter that is wrong", async () => {
  await using endpoint = await serveRehearsal({ models: ["e"] });
  const post = async (body: unknown) => {
    const response = await fetch(`${endpoint.url}/embeddings`, { method: "POST", body: JSON.stringify(body) });
    // biome-ignore lint/suspicious/noExplicitAny: the test reads deep into a body of the public wire format.
    return { status: response.status, body: (await response.json()) as any };
  };
  const [plain, packed] = [
    await post({ model: "e", input: "apple" }),
    await post({ model: "e", input: ["apple"], encoding_format: "base64" }),
  ];
  const bytes = Buffer.from(packed.body.data[0].embedding, "base64");
  const numbers: number[] = plain.body.data[0].embedding;
  expect([...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)]).toEqual(numbers.map(Math.fround));
  const bad = [
    {},
    { model: "other", input: "x" },
    { model: "e", input: [""] },
    { model: "e", input: "x", dimensions: 0 },
  ];
  const answers = await Promise.all(bad.map(post));
  expect(answers.map(({ status, body }) => [status, body.error.param])).toEqual([
    [400, "model"],
    [404, null],
    [400, "input"],
    [400, "dimensions"],
  ]);
});
