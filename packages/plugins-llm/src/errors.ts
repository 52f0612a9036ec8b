import { defineErrors, type MofaError } from "@mofa/kernel";

const wait = (ms: number | undefined) => (ms === undefined ? "Wait a little" : `Wait ${Math.ceil(ms / 1000)} s`);

/** The errors of language models: what happened, with which endpoint or model, and what to do now. */
export const fail = defineErrors({
  "model.no_key": (d: { provider: string }) =>
    `The model provider "${d.provider}" has no key. Set OPENAI_API_KEY, give the option apiKey, or name a server that needs none with OPENAI_BASE_URL or the option baseURL.`,
  "model.bad_url": (d: { provider: string; url: string }) =>
    `"${d.url}" is not the address of a model server, which "${d.provider}" needs. Give a whole URL without user and password, like http://127.0.0.1:8080/v1, in OPENAI_BASE_URL or the option baseURL; secrets go into the options apiKey or headers.`,
  "model.not_named": (d: { provider: string }) =>
    `The provider "${d.provider}" serves many models and none was named. Name one in the request (like "gpt-5-mini") or list models in the plugin's options.`,
  "model.no_dimensions": (d: { provider: string; model: string }) =>
    `Nobody knows how many numbers the embeddings of "${d.model}" have, which "${d.provider}" is to ask for. Give embeddings.dimensions in the plugin's options.`,
  "model.auth_failed": (d: { url: string; status: number; reason: string }) =>
    `${d.url} refused the key (${d.status}): ${d.reason} Check the key and what it may do.`,
  "model.rate_limited": (d: { url: string; model: string; reason: string; retryAfter?: number | undefined }) =>
    `${d.url} takes no more requests for "${d.model}" now: ${d.reason} ${wait(d.retryAfter)} and try again, or send less.`,
  "model.quota_used_up": (d: { url: string; model: string; reason: string }) =>
    `The account at ${d.url} has nothing left to spend on "${d.model}": ${d.reason} Raise its limit; trying again does not help.`,
  "model.unavailable": (d: { url: string; model: string; reason: string; status?: number | undefined }) =>
    `${d.url} did not answer for "${d.model}": ${d.reason} Check that it runs and can be reached, or try again later.`,
  "model.timed_out": (d: { url: string; model: string; ms: number }) =>
    `${d.url} was silent for ${d.ms} ms while "${d.model}" should have answered. Try again or raise the option timeout.`,
  "model.bad_request": (d: { url: string; model: string; status: number; reason: string }) =>
    `${d.url} refused the request to "${d.model}" (${d.status}): ${d.reason} Correct the request; sending it again does not help.`,
  "model.unknown": (d: { url: string; model: string; reason: string }) =>
    `${d.url} does not know the model "${d.model}": ${d.reason} Check the model's name and the base URL.`,
  "model.context_too_long": (d: { url: string; model: string; reason: string }) =>
    `The request is longer than "${d.model}" can read: ${d.reason} Shorten the conversation, send fewer tools, or use a model with a larger context.`,
  "model.stream_broken": (d: { url: string; model: string; received: number }) =>
    `The answer of "${d.model}" from ${d.url} broke off after ${d.received} characters, before its end. Try again.`,
  "model.bad_reply": (d: { url: string; model: string; reason: string }) =>
    `What ${d.url} sent as the answer of "${d.model}" cannot be read: ${d.reason} Check that it is an OpenAI-compatible endpoint.`,
  "rehearsal.bad_script": (d: { place: string; reason: string }) =>
    `The rehearsal's ${d.place} cannot be used: ${d.reason} Correct it in the options.`,
  "rehearsal.cannot_listen": (d: { host: string; port: number; reason: string }) =>
    `The rehearsal endpoint cannot listen on ${d.host}:${d.port}: ${d.reason} Use another port, or 0 for any free one.`,
  "rehearsal.bad_request": (d: { param: string; reason: string }) => `${d.param} ${d.reason}`,
});

/** Which endpoint and model an error speaks of. */
export interface Place {
  readonly url: string;
  readonly model: string;
}

/** What is thrown where one attempt failed and another may succeed. */
export function retryable(
  code: "model.rate_limited" | "model.unavailable",
  data: Place & { readonly reason: string; readonly retryAfter?: number; readonly status?: number },
  cause?: unknown,
): MofaError {
  return fail(code, data, { cause, retryable: true });
}
