import type { JsonSchema, ModelMessage, ModelRequest, ToolCall, ToolDescription } from "@mofa/kernel";
import { fail } from "../../errors.ts";

/** A request as the wire has it, read: what is asked, and how it is to be answered. */
export interface WireRequest {
  readonly request: ModelRequest;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the body of a chat completion, or throws `rehearsal.bad_request` naming the parameter. */
export function fromWire(body: unknown): WireRequest {
  if (!isFields(body)) throw bad("body", "must be a JSON object.");
  if (typeof body["model"] !== "string" || body["model"] === "") throw bad("model", "must name a model.");
  if (!Array.isArray(body["messages"]) || body["messages"].length === 0)
    throw bad("messages", "must be a list that is not empty.");
  const tools = listOf(body["tools"], "tools").map(toTool);
  const output = toOutput(body["response_format"]);
  const maxTokens = numberIn(body, "max_completion_tokens") ?? numberIn(body, "max_tokens");
  const temperature = numberIn(body, "temperature");
  const seed = numberIn(body, "seed");
  const stop = typeof body["stop"] === "string" ? [body["stop"]] : listOf(body["stop"], "stop").map(String);
  const choice = toChoice(body["tool_choice"]);
  const options = body["stream_options"];
  return {
    stream: body["stream"] === true,
    includeUsage: isFields(options) && options["include_usage"] === true,
    request: {
      model: body["model"],
      messages: toMessages(body["messages"]),
      ...(tools.length === 0 ? {} : { tools }),
      ...(choice === undefined ? {} : { toolChoice: choice }),
      ...(output === undefined ? {} : { output }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(seed === undefined ? {} : { seed }),
      ...(stop.length === 0 ? {} : { stop }),
    },
  };
}

function toMessages(list: readonly unknown[]): readonly ModelMessage[] {
  const names = new Map<string, string>();
  return list.map((message, index) => {
    const place = `messages[${index}]`;
    if (!isFields(message)) throw bad(place, "must be an object.");
    const text = toText(message["content"], `${place}.content`);
    switch (message["role"]) {
      case "system":
      case "developer":
        return { role: "system", text };
      case "user":
        return { role: "user", text };
      case "assistant": {
        const toolCalls = listOf(message["tool_calls"], `${place}.tool_calls`).map((call, at) =>
          toToolCall(call, `${place}.tool_calls[${at}]`),
        );
        for (const { id, name } of toolCalls) names.set(id, name);
        return toolCalls.length === 0 ? { role: "assistant", text } : { role: "assistant", text, toolCalls };
      }
      case "tool": {
        const call = message["tool_call_id"];
        if (typeof call !== "string" || !names.has(call))
          throw bad(`${place}.tool_call_id`, "must be the id of a tool call in a message before it.");
        return { role: "tool", call, name: names.get(call) ?? "", text, ...(isFailure(text) ? { failed: true } : {}) };
      }
      default:
        throw bad(`${place}.role`, 'must be "system", "developer", "user", "assistant" or "tool".');
    }
  });
}

function toText(content: unknown, place: string): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content)) throw bad(place, "must be a text or a list of parts.");
  return content.map((part) => (isFields(part) && typeof part["text"] === "string" ? part["text"] : "")).join("\n");
}

// The wire has no field for a tool that failed: its text is the error.
function isFailure(text: string): boolean {
  return /^\s*\{\s*"error"\s*:/.test(text);
}

function toToolCall(call: unknown, place: string): ToolCall {
  const made = isFields(call) ? call["function"] : undefined;
  if (!isFields(call) || typeof call["id"] !== "string" || !isFields(made) || typeof made["name"] !== "string") {
    throw bad(place, "must have an id and a function with a name.");
  }
  return { id: call["id"], name: made["name"], input: parse(String(made["arguments"] ?? "")) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return text;
  }
}

function toTool(tool: unknown, index: number): ToolDescription {
  const made = isFields(tool) ? tool["function"] : undefined;
  const name = isFields(made) ? made["name"] : undefined;
  if (!isFields(made) || typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw bad(`tools[${index}].function.name`, "must be 1 to 64 letters, digits, underscores or dashes.");
  }
  const input = isFields(made["parameters"]) ? (made["parameters"] as JsonSchema) : { type: "object" };
  return { name, description: typeof made["description"] === "string" ? made["description"] : "", input };
}

function toChoice(choice: unknown): ModelRequest["toolChoice"] {
  if (choice === undefined || choice === null) return undefined;
  if (choice === "auto" || choice === "none" || choice === "required") return choice;
  const made = isFields(choice) ? choice["function"] : undefined;
  if (isFields(made) && typeof made["name"] === "string") return { tool: made["name"] };
  throw bad("tool_choice", 'must be "auto", "none", "required" or name a function.');
}

function toOutput(format: unknown): ModelRequest["output"] {
  if (!isFields(format) || format["type"] === "text") return undefined;
  if (format["type"] === "json_object") {
    return {
      name: "object",
      schema: { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] },
    };
  }
  const asked = format["json_schema"];
  if (format["type"] !== "json_schema" || !isFields(asked) || !isFields(asked["schema"])) {
    throw bad("response_format", 'must be of type "text", "json_object" or "json_schema" with a schema.');
  }
  return { name: String(asked["name"] ?? "output"), schema: asked["schema"] as JsonSchema };
}

function listOf(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(place, "must be a list.");
  return value;
}

function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw bad(name, "must be a number.");
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(param: string, reason: string) {
  return fail("rehearsal.bad_request", { param, reason }, { stack: false });
}
