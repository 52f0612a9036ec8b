// Secrets do not leave by HTTP: whatever text is answered is looked through last of all, wherever it came from.
import type { PluginContext } from "@mofa/kernel";
import type { MiddlewareHandler } from "hono";

export type Redact = PluginContext["redact"];

const JSON_TYPE = /^application\/json\b/;
const TEXT_TYPE = /^(text\/(html|plain)|application\/openmetrics-text)\b/;

/** Answers without secrets. To be put in front of everything else. */
export function redactAnswers(redact: Redact): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const answer = context.res;
    const type = answer.headers.get("content-type") ?? "";
    const isJson = JSON_TYPE.test(type);
    if (answer.body === null || !(isJson || TEXT_TYPE.test(type))) return;
    const text = await answer.text();
    // Taken away first: setting an answer over another one joins their headers.
    context.res = undefined;
    context.res = new Response(isJson ? redactJson(text, redact) : redact(text), answer);
  };
}

/** JSON text without secrets, and still JSON: what stands in it is looked into, not the text as such. */
export function redactJson(text: string, redact: Redact): string {
  return redact(text) === text ? text : JSON.stringify(redact(JSON.parse(text)));
}
