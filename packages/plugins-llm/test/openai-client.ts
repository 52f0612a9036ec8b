import type { ServerResponse } from "node:http";
import { type Event, type EventFilter, isMofaError, type ModelRequest } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { testKernel } from "@mofa/kernel/testing";
import { openai } from "../src/openai/openai.ts";
import type { OpenaiOptions } from "../src/openai/options.ts";
import { chunk, events, sendStream, type WireServer } from "./wire-server.ts";

/** A request of one sentence. */
export const ask = (text: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: "gpt-test",
  messages: [{ role: "user", text }],
  ...more,
});
const usage = {
  choices: [],
  usage: {
    prompt_tokens: 100,
    completion_tokens: 20,
    prompt_tokens_details: { cached_tokens: 40 },
    completion_tokens_details: { reasoning_tokens: 5 },
  },
};
/** A whole answer with everything that a stream may hold. */
export const hello = events(
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "Grüße, " }),
  chunk({ content: "世界 👩‍🚀" }),
  chunk({}, "stop"),
  usage,
  "[DONE]",
);

/** A kernel with the plugin pointed at a server. */
export async function opened(server: Pick<WireServer, "url">, options: OpenaiOptions = {}) {
  const kernel = await testKernel(openai({ baseURL: server.url, apiKey: "sk-test", maxRetries: 0, ...options }));
  return { kernel, model: kernel.get("model", options.name ?? "openai") };
}

/** What a promise fails with; it must be one of our errors. */
export async function failure(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isMofaError(error)) throw error ?? new Error("It did not fail.");
  return error;
}

/** Watches until the end of the test. */
export function watching(kernel: Kernel, filter: EventFilter, watcher: (event: Event) => void): Disposable {
  const stop = kernel.watch(filter, watcher);
  return { [Symbol.dispose]: stop };
}

/** Answers with a stream. */
export const streams =
  (...parts: readonly string[]) =>
  (response: ServerResponse) =>
    void sendStream(response, parts);

/** Answers with an error body. */
export function refuses(status: number, error: unknown, headers: Record<string, string> = {}) {
  return (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ error }));
  };
}
