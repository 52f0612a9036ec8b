import { expect, test } from "vitest";
import { ask, failure, hello, opened, refuses, streams, watching } from "../../test/openai-client.ts";
import { chunk, events, sendStream, wireServer } from "../../test/wire-server.ts";

const cases: readonly [string, number, unknown, string, boolean][] = [
  ["a bad key", 401, { message: "Incorrect API key provided." }, "model.auth_failed", false],
  ["a forbidden model", 403, { message: "Not for you." }, "model.auth_failed", false],
  ["an unknown model", 404, { message: "No such model.", code: "model_not_found" }, "model.unknown", false],
  ["a long context", 400, { message: "Too long.", code: "context_length_exceeded" }, "model.context_too_long", false],
  [
    "a long context in other words",
    400,
    { message: "This model's maximum context length is 8192 tokens." },
    "model.context_too_long",
    false,
  ],
  ["a bad request", 400, { message: "temperature must be a number" }, "model.bad_request", false],
  [
    "a used up account",
    429,
    { message: "You exceeded your quota.", code: "insufficient_quota" },
    "model.quota_used_up",
    false,
  ],
  ["an overloaded server", 503, { message: "Overloaded" }, "model.unavailable", true],
];
for (const [name, status, body, code, again] of cases) {
  test(`${name} becomes ${code}`, async () => {
    await using server = await wireServer(refuses(status, body));
    const { kernel, model } = await opened(server);
    await using _ = kernel;
    const error = await failure(kernel.invoke(model, ask("hi")));
    expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable: again });
    expect(error.message).toContain(code === "model.context_too_long" ? "gpt-test" : server.url);
    expect(error.cause).toBeInstanceOf(Error);
  });
}

test("a rate limit can be tried again and says after how long", async () => {
  await using server = await wireServer(refuses(429, { message: "Slow down" }, { "retry-after": "3" }));
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  const error = await failure(kernel.invoke(model, ask("hi")));
  expect(error).toMatchObject({ code: "model.rate_limited", retryable: true, data: { retryAfter: 3000 } });
});

test("the client repeats what failed before an answer began, as often as it is allowed to", async () => {
  await using server = await wireServer((response, _sent, count) =>
    count === 1 ? refuses(500, {}, { "retry-after-ms": "1" })(response) : streams(hello)(response),
  );
  const { kernel, model } = await opened(server, { maxRetries: 1 });
  await using _ = kernel;
  expect((await kernel.invoke(model, ask("hi"))).finish).toBe("stop");
  expect(server.sent).toHaveLength(2);
});

test("a server that is not there is unavailable, and named by its address", async () => {
  const { url } = await (async () => {
    await using server = await wireServer(() => {});
    return server;
  })();
  const { kernel, model } = await opened({ url: `${url}?team=desk` });
  await using _ = kernel;
  const error = await failure(kernel.invoke(model, ask("hi")));
  expect(error).toMatchObject({ code: "model.unavailable", retryable: true, data: { url } });
  expect(error.message).toMatch(/ECONNREFUSED/);
});

test("an address with a password is refused, and the password is not told on", async () => {
  const { kernel, model } = await opened({ url: "http://user:hidden@127.0.0.1:9/v1" });
  await using _ = kernel;
  const error = await failure(kernel.invoke(model, ask("hi")));
  expect(error.code).toBe("model.bad_url");
  expect(error.message).not.toContain("hidden");
});

test("a key that a server repeats is not told on", async () => {
  await using server = await wireServer(refuses(401, { message: "The key sk-test is wrong" }));
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  const error = await failure(kernel.invoke(model, ask("hi")));
  expect(JSON.stringify([error.message, error.data, String(error.cause)])).not.toContain("sk-test");
});

test("an error inside a stream is the error that it names", async () => {
  await using server = await wireServer(
    streams(
      events(chunk({ content: "so far" })),
      events({ error: { message: "Slow down", code: "rate_limit_exceeded" } }),
    ),
  );
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  expect(await failure(kernel.invoke(model, ask("hi")))).toMatchObject({ code: "model.rate_limited", retryable: true });
});

test("a stream that ends or breaks before its finish is broken and can be tried again", async () => {
  await using server = await wireServer(async (response, _sent, count) => {
    if (count === 1) return sendStream(response, [events(chunk({ content: "so far" })), 'data: {"choices":[{"del']);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events(chunk({ content: "so far" })), () => response.destroy());
  });
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  for (let round = 0; round < 2; round++) {
    expect(await failure(kernel.invoke(model, ask("hi")))).toMatchObject({
      code: "model.stream_broken",
      retryable: true,
      data: { received: 6 },
    });
  }
});

test("what is no chunk is a bad reply", async () => {
  await using server = await wireServer((response, _sent, count) =>
    count === 1 ? streams("data: <html>\n\n")(response) : streams("data: [DONE]\n\n")(response),
  );
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  expect(await failure(kernel.invoke(model, ask("hi")))).toMatchObject({ code: "model.bad_reply", retryable: false });
  expect(await failure(kernel.invoke(model, ask("hi")))).toMatchObject({ code: "model.bad_reply" });
});

test("a cancelled call ends with the reason given, and the server sees the connection close", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await wireServer((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events(chunk({ content: "so far" })));
    response.on("close", () => closed.resolve());
  });
  const { kernel, model } = await opened(server);
  await using _ = kernel;
  const stop = new AbortController();
  const reason = new Error("enough");
  using _seen = watching(kernel, { type: "action.delta" }, () => stop.abort(reason));
  await expect(kernel.invoke(model, ask("hi"), { signal: stop.signal })).rejects.toBe(reason);
  await closed.promise;
});

test("an answer that falls silent is given up", async () => {
  await using server = await wireServer((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events(chunk({ content: "so far" })));
  });
  const { kernel, model } = await opened(server, { timeout: 5000 });
  await using _ = kernel;
  const told = Promise.withResolvers<void>();
  using _seen = watching(kernel, { type: "action.delta" }, () => told.resolve());
  const failed = failure(kernel.invoke(model, ask("hi")));
  await told.promise;
  await kernel.clock.advance(10_000);
  expect(await failed).toMatchObject({ code: "model.timed_out", retryable: true });
});

test("a server that begins no answer in time has timed out", async () => {
  await using server = await wireServer(() => {});
  const { kernel, model } = await opened(server, { timeout: 50 });
  await using _ = kernel;
  expect(await failure(kernel.invoke(model, ask("hi")))).toMatchObject({ code: "model.timed_out", data: { ms: 50 } });
});
