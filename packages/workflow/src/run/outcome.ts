import { type ErrorJson, fromErrorJson, isMofaError, type Json, toErrorJson, toJson } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** Copies a step's output into JSON; `undefined` stays absent. Throws `step.output_not_json` with the path. */
export function outputJson(step: string, output: unknown): Json | undefined {
  return output === undefined
    ? undefined
    : toJsonOr(output, (found) => fail("step.output_not_json", { step, ...found }));
}

/** Copies a step's input into JSON, or throws `step.input_not_json` with the path. */
export function inputJson(step: string, input: unknown): Json {
  return input === undefined ? null : toJsonOr(input, (found) => fail("step.input_not_json", { step, ...found }));
}

/** A failure as data that any journal takes: what is not JSON in its data is left out, the sentence stays. */
export function failureJson(thrown: unknown): ErrorJson {
  const error = toErrorJson(thrown);
  try {
    return toJson(error) as unknown as ErrorJson;
  } catch {
    return withoutData(error);
  }
}

/** A failure as every later life will throw it, with the place where it was thrown in this one. */
export function toKept(thrown: unknown, kept: ErrorJson): unknown {
  const error = fromErrorJson(kept);
  if (thrown instanceof Error) Object.defineProperty(error, "stack", { configurable: true, get: () => thrown.stack });
  return error;
}

function withoutData({ code, message, retryable, because }: ErrorJson): ErrorJson {
  const own = { code, message, retryable };
  return because === undefined ? own : { ...own, because: withoutData(because) };
}

function toJsonOr(value: unknown, failure: (found: { path: string; what: string }) => unknown): Json {
  try {
    return toJson(value);
  } catch (error) {
    if (!isMofaError(error, "json.not_json")) throw error;
    throw failure({ path: String(error.data["path"]), what: String(error.data["what"]) });
  }
}
