import type { JsonSchema } from "@mofa/kernel";

/** What every model here takes: enough of the request's shape that a mistake is told as one, and cheap to check. */
export const MODEL_INPUT: JsonSchema = {
  type: "object",
  properties: {
    model: { type: "string", minLength: 1 },
    messages: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: { role: { enum: ["system", "user", "assistant", "tool"] }, text: { type: "string" } },
        required: ["role", "text"],
      },
    },
  },
  required: ["messages"],
};
