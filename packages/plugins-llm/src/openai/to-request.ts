import type { JsonSchema, ModelMessage, ModelRequest } from "@mofa/kernel";
import type OpenAI from "openai";
import { clean, type ToolNames } from "./tool-names.ts";

type Body = OpenAI.ChatCompletionCreateParamsStreaming;

/** What differs between OpenAI itself and servers that only speak its protocol. */
export interface Dialect {
  readonly model: string;
  readonly names: ToolNames;
  /** OpenAI itself: it has retired `max_tokens` and pads streams unless told not to; others know neither. */
  readonly native: boolean;
}

/** Turns a request into the body of a streamed chat completion. */
export function toRequest(request: ModelRequest, { model, names, native }: Dialect): Body {
  const body: Body = {
    model,
    messages: request.messages.map((message) => toMessage(message, names)),
    stream: true,
    stream_options: native ? { include_usage: true, include_obfuscation: false } : { include_usage: true },
  };
  if (request.tools !== undefined && request.tools.length > 0) {
    body.tools = request.tools.map((tool) => ({
      type: "function",
      function: { name: names.toWire(tool.name), description: tool.description, parameters: tool.input },
    }));
    if (request.toolChoice !== undefined) body.tool_choice = toToolChoice(request.toolChoice, names);
  }
  if (request.output !== undefined) body.response_format = toFormat(request.output);
  if (request.temperature !== undefined) body.temperature = request.temperature;
  if (request.maxTokens !== undefined) body[native ? "max_completion_tokens" : "max_tokens"] = request.maxTokens;
  if (request.stop !== undefined && request.stop.length > 0) body.stop = [...request.stop];
  if (request.seed !== undefined) body.seed = request.seed;
  return body;
}

function toMessage(message: ModelMessage, names: ToolNames): OpenAI.ChatCompletionMessageParam {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.text };
    case "tool":
      return { role: "tool", tool_call_id: message.call, content: message.text };
    case "assistant": {
      if (message.toolCalls === undefined || message.toolCalls.length === 0) {
        return { role: "assistant", content: message.text };
      }
      return {
        role: "assistant",
        content: message.text === "" ? null : message.text,
        tool_calls: message.toolCalls.map((wish) => ({
          id: wish.id,
          type: "function",
          // Broken input travels as a JSON text: servers that read the arguments of past calls refuse broken JSON.
          function: { name: names.toWire(wish.name), arguments: JSON.stringify(wish.input ?? {}) },
        })),
      };
    }
  }
}

function toToolChoice(
  choice: NonNullable<ModelRequest["toolChoice"]>,
  names: ToolNames,
): OpenAI.ChatCompletionToolChoiceOption {
  return typeof choice === "string" ? choice : { type: "function", function: { name: names.toWire(choice.tool) } };
}

function toFormat({ name, schema }: NonNullable<ModelRequest["output"]>): OpenAI.ResponseFormatJSONSchema {
  const strict = isClosed(schema) ? { strict: true } : {};
  return { type: "json_schema", json_schema: { name: clean(name), schema, ...strict } };
}

// Strict mode takes only schemas whose objects require every property and allow no other.
function isClosed(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isClosed);
  if (typeof schema !== "object" || schema === null) return true;
  const { type, properties, required, additionalProperties } = schema as JsonSchema;
  if (type === "object" || properties !== undefined) {
    const names = Object.keys(properties ?? {});
    const asked = Array.isArray(required) ? required : [];
    if (additionalProperties !== false || names.some((name) => !asked.includes(name))) return false;
  }
  return Object.values(schema).every(isClosed);
}
