import type { JsonObject, JsonSchema, NodeResult } from "@mofa/kernel";

/** A text that is not empty. */
export const TEXT: JsonSchema = { type: "string", minLength: 1 };

/** Milliseconds, or a text like `10m`. */
export const DURATION: JsonSchema = { type: ["number", "string"] };

/** The schema of what is in `with`: nothing but these. */
export function settingsSchema(properties: JsonObject, required: readonly string[] = []): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

/** A node that ends as most do. */
export const done = (output: unknown): NodeResult => ({ outcome: "done", output });
