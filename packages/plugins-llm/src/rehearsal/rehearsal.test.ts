import { isMofaError, type ModelRequest } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import type { Fault, RehearsalOptions } from "./options.ts";
import { rehearsal } from "./rehearsal.ts";

const ask = (text: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: "user", text }],
  ...more,
});

async function answered(fault: Fault, request = ask("Tell me a lot of things.")) {
  await using kernel = await testKernel(rehearsal({ faults: [fault] }));
  const told: string[] = [];
  const stop = kernel.watch(
    { type: "action.delta" },
    (event) => void ("body" in event && told.push(String(event.body))),
  );
  try {
    return { reply: await kernel.invoke(kernel.get("model", "rehearsal"), request), told: told.join("") };
  } catch (error) {
    if (!isMofaError(error)) throw error;
    return { code: error.code, retryable: error.retryable, data: error.data, told: told.join("") };
  } finally {
    stop();
  }
}

test("it answers under its name, in pieces, marked and counted as a rehearsal", async () => {
  await using kernel = await testKernel(rehearsal({ replies: [{ reply: { text: "one two three" } }] }));
  const types: string[] = [];
  const stop = kernel.watch({ kind: "model" }, ({ type }) => void types.push(type));
  const reply = await kernel.invoke(kernel.get("model", "rehearsal"), ask("hi"));
  stop();
  expect(reply).toMatchObject({ text: "one two three", model: "rehearsal", rehearsal: true, finish: "stop" });
  expect(types).toEqual(["action.start", "action.delta", "action.delta", "action.delta", "model.usage", "action.end"]);
});

test("it answers for the model names it is given", async () => {
  await using kernel = await testKernel(rehearsal({ models: ["gpt-5"] }), rehearsal({ name: "all", models: ["*"] }));
  const serves = (name: string, model: string) => kernel.get("model", name).serves?.(model);
  expect([serves("rehearsal", "gpt-5"), serves("rehearsal", "other"), serves("all", "other")]).toEqual([
    true,
    false,
    true,
  ]);
  expect((await kernel.invoke(kernel.get("model", "all"), ask("hi", { model: "other" }))).model).toBe("other");
});

test("it speaks at the rate it is told to, and stops when the call is cancelled", async () => {
  await using kernel = await testKernel(
    rehearsal({ tokensPerSecond: 10, replies: [{ reply: { text: "one two three" } }] }),
  );
  const model = kernel.get("model", "rehearsal");
  let pieces = 0;
  const stopWatching = kernel.watch({ type: "action.delta" }, () => void pieces++);
  const whole = kernel.invoke(model, ask("hi"));
  await kernel.clock.advance(250);
  expect(pieces).toBe(2);
  await kernel.clock.advance(50);
  await whole;
  const stop = new AbortController();
  const cancelled = kernel.invoke(model, ask("hi"), { signal: stop.signal });
  await kernel.clock.advance(150);
  const reason = new Error("enough");
  stop.abort(reason);
  await expect(cancelled).rejects.toBe(reason);
  await kernel.clock.advance(1000);
  expect(pieces).toBe(4);
  stopWatching();
});

test("each fault is the error or reply that a real endpoint would give", async () => {
  expect(await answered({ kind: "error" })).toMatchObject({ code: "model.unavailable", retryable: true });
  expect(await answered({ kind: "rate_limit", retryAfter: 2500 })).toMatchObject({
    code: "model.rate_limited",
    retryable: true,
    data: { retryAfter: 2500 },
  });
  expect(await answered({ kind: "refuse" })).toMatchObject({
    reply: { finish: "refused", toolCalls: [] },
    told: "I cannot help with that.",
  });
  const cut = await answered({ kind: "cut_stream" });
  expect(cut).toMatchObject({ code: "model.stream_broken", retryable: true, data: { received: cut.told.length } });
  const tools = [
    {
      name: "find",
      description: "Finds an order.",
      input: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
    },
  ];
  const broken = await answered({ kind: "broken_json" }, ask("find order A-1001", { tools }));
  expect(broken.reply?.toolCalls).toMatchObject([{ name: "find", input: '{"id":"A-1001",' }]);
  const text = await answered(
    { kind: "broken_json" },
    ask("hi", { output: { name: "o", schema: { type: "object" } } }),
  );
  expect(() => JSON.parse(text.reply?.text ?? "{}")).toThrow();
  expect(text.told).toBe(text.reply?.text);
});

test("a timeout never answers, and ends with its call", async () => {
  await using kernel = await testKernel(rehearsal({ faults: [{ kind: "timeout" }] }));
  const call = kernel.invoke(kernel.get("model", "rehearsal"), ask("hi"), { timeout: 1000 });
  const failed = expect(call).rejects.toMatchObject({ code: "call.timed_out" });
  await kernel.clock.advance(1000);
  await failed;
});

test("a fault strikes only what it is for, and only so often", async () => {
  const faults: Fault[] = [{ when: { contains: "storm" }, kind: "error", times: 2 }];
  await using kernel = await testKernel(rehearsal({ faults }));
  const outcomes: string[] = [];
  for (const text of ["calm", "storm", "storm", "storm"]) {
    const reply = kernel.invoke(kernel.get("model", "rehearsal"), ask(text));
    outcomes.push(
      await reply.then(
        ({ finish }) => finish,
        (error) => error.code,
      ),
    );
  }
  expect(outcomes).toEqual(["stop", "model.unavailable", "model.unavailable", "stop"]);
});

test("options that cannot be used are refused when the plugin is set up", async () => {
  await using kernel = await testKernel();
  const refusal = async (options: RehearsalOptions) => {
    const error: unknown = await kernel.plug(rehearsal(options)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const { message, cause } = (error ?? {}) as Error;
    return `${message} ${(cause as Error | undefined)?.message}`;
  };
  expect(await refusal({ replies: [{ when: { matches: "(" }, reply: { text: "x" } }] })).toContain(
    "no regular expression",
  );
  expect(await refusal({ name: "b", faults: [{ kind: "explode" as "error" }] })).toContain("faults[0].kind");
});

test("a request without messages is refused as bad input", async () => {
  await using kernel = await testKernel(rehearsal());
  await expect(kernel.invoke(kernel.get("model", "rehearsal"), { messages: [] })).rejects.toMatchObject({
    code: "input.invalid",
  });
});
