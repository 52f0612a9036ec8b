import type { ModelReply, ModelUsage, ToolCall } from "@mofa/kernel";

/** What every part of one answer carries. */
export interface WireHead {
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly model: string;
}

const FINGERPRINT = "mofa-rehearsal";
const FINISH: Readonly<Record<ModelReply["finish"], string>> = {
  stop: "stop",
  tools: "tool_calls",
  length: "length",
  refused: "content_filter",
  other: "stop",
};

/** The whole answer in one body. */
export function toCompletion(head: WireHead, reply: ModelReply): unknown {
  const { text, toolCalls, finish } = reply;
  const refused = finish === "refused";
  const message = {
    role: "assistant",
    content: refused || (text === "" && toolCalls.length > 0) ? null : text,
    refusal: refused ? text : null,
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map((call) => toWireCall(call)) }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: FINISH[finish] };
  return {
    ...head,
    object: "chat.completion",
    choices: [choice],
    usage: toWireUsage(reply.usage),
    system_fingerprint: FINGERPRINT,
  };
}

/** The first chunk of a stream. */
export function toFirstChunk(head: WireHead): unknown {
  return chunk(head, { role: "assistant", content: "" });
}

/** A chunk that adds text: of an answer, or of a refusal. */
export function toTextChunk(head: WireHead, text: string, refused: boolean): unknown {
  return chunk(head, refused ? { refusal: text } : { content: text });
}

/** The chunks of one tool call: its name, then its arguments in two parts, as streams have them. */
export function toCallChunks(head: WireHead, call: ToolCall, index: number): readonly unknown[] {
  const { id, function: made } = toWireCall(call);
  const middle = Math.ceil(made.arguments.length / 2);
  const parts = [made.arguments.slice(0, middle), made.arguments.slice(middle)].filter((part) => part !== "");
  return [
    chunk(head, { tool_calls: [{ index, id, type: "function", function: { name: made.name, arguments: "" } }] }),
    ...parts.map((part) => chunk(head, { tool_calls: [{ index, function: { arguments: part } }] })),
  ];
}

/** The chunk that says that the answer is whole, and why it ended. */
export function toLastChunk(head: WireHead, finish: ModelReply["finish"]): unknown {
  return chunk(head, {}, FINISH[finish]);
}

/** The chunk of the token counts, for who asked for it. */
export function toUsageChunk(head: WireHead, usage: ModelUsage): unknown {
  return {
    ...head,
    object: "chat.completion.chunk",
    choices: [],
    usage: toWireUsage(usage),
    system_fingerprint: FINGERPRINT,
  };
}

/** An error body. */
export function toWireError(
  message: string,
  type: string,
  details: { readonly param?: string; readonly code?: string } = {},
): unknown {
  return { error: { message, type, param: details.param ?? null, code: details.code ?? null } };
}

/** The vectors of a list of texts. */
export function toEmbeddings({ model, vectors, tokens, base64 }: EmbeddingsToSend): unknown {
  const data = vectors.map((numbers, index) => ({
    object: "embedding",
    index,
    embedding: base64 ? Buffer.from(Float32Array.from(numbers).buffer).toString("base64") : numbers,
  }));
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { object: "list", data, model, usage, system_fingerprint: FINGERPRINT };
}

interface EmbeddingsToSend {
  readonly model: string;
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number;
  /** Whether numbers travel as 32-bit floats in base 64, the lowest byte first. */
  readonly base64: boolean;
}

/** The list of models. */
export function toModelList(models: readonly string[]): unknown {
  return { object: "list", data: models.map((id) => ({ id, object: "model", created: 0, owned_by: FINGERPRINT })) };
}

function chunk(head: WireHead, delta: unknown, finish: string | null = null): unknown {
  const choice = { index: 0, delta, logprobs: null, finish_reason: finish };
  return { ...head, object: "chat.completion.chunk", choices: [choice], system_fingerprint: FINGERPRINT };
}

function toWireCall({ id, name, input }: ToolCall) {
  return {
    id,
    type: "function",
    function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
  } as const;
}

function toWireUsage({ inputTokens, outputTokens }: ModelUsage): unknown {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}
