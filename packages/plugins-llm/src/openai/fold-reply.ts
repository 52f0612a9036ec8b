// Folds the chunks of one chat completion into one reply. What it does not know it passes over.
import { isMofaError, type JsonObject, type ModelReply, type ModelUsage, type ToolCall } from "@mofa/kernel";
import { fail, type Place } from "../errors.ts";
import { fromWireError } from "./to-error.ts";
import type { ToolNames } from "./tool-names.ts";

interface WireToolCall {
  readonly index?: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: unknown };
}

interface WireMessage {
  readonly content?: string | null;
  readonly refusal?: string | null;
  readonly tool_calls?: readonly WireToolCall[] | null;
}

interface WireChunk {
  readonly model?: string;
  readonly system_fingerprint?: string | null;
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly index?: number;
    readonly delta?: WireMessage | null;
    readonly message?: WireMessage | null;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: WireUsage | null;
}

interface WireUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null;
}

interface OpenCall {
  index: number | undefined;
  id: string | undefined;
  name: string;
  text: string;
}

/** What the chunks said, without what the endpoint left out. */
export interface FoldedReply extends Omit<ModelReply, "usage" | "model"> {
  readonly usage: ModelUsage | undefined;
  readonly model: string | undefined;
}

export interface ReplyFold {
  /** Takes the data of one event; gives the text that it adds. */
  add(data: string): string;
  /** Characters of text and tool input so far. */
  readonly received: number;
  /** Whether the model said that it had finished. */
  readonly finished: boolean;
  reply(idOf: (index: number) => string): FoldedReply;
}

const FINISH: Readonly<Record<string, ModelReply["finish"]>> = {
  stop: "stop",
  tool_calls: "tools",
  function_call: "tools",
  length: "length",
  content_filter: "refused",
};

/** Makes the fold of one answer. */
export function createReplyFold(names: ToolNames, place: Place): ReplyFold {
  const calls: OpenCall[] = [];
  let text = "";
  let refused = false;
  let finish: string | undefined;
  let model: string | undefined;
  let usage: ModelUsage | undefined;
  let rehearsal = false;
  let received = 0;

  function takeMessage(message: WireMessage): string {
    if (typeof message.refusal === "string" && message.refusal !== "") refused = true;
    for (const part of message.tool_calls ?? []) received += takeCall(calls, part);
    const added = (typeof message.content === "string" ? message.content : "") + (message.refusal ?? "");
    text += added;
    received += added.length;
    return added;
  }

  return {
    get received() {
      return received;
    },
    get finished() {
      return finish !== undefined;
    },
    add(data) {
      const chunk = parseChunk(data, place);
      if (chunk.error !== undefined && chunk.error !== null) throw fromWireError(chunk.error, place);
      if (typeof chunk.model === "string" && chunk.model !== "") model = chunk.model;
      if (chunk.system_fingerprint?.startsWith("mofa-rehearsal") === true) rehearsal = true;
      if (chunk.usage !== undefined && chunk.usage !== null) usage = toUsage(chunk.usage);
      const choice = chunk.choices?.[0];
      if (choice === undefined || (choice.index ?? 0) !== 0) return "";
      if (typeof choice.finish_reason === "string") finish = choice.finish_reason;
      const message = choice.delta ?? choice.message;
      return message === undefined || message === null ? "" : takeMessage(message);
    },
    reply(idOf) {
      const toolCalls = calls.map((call, index) => toToolCall(call, idOf(index), names));
      return {
        text,
        toolCalls,
        finish: toFinish(finish, { refused, tools: toolCalls.length > 0 }),
        usage,
        model,
        ...(rehearsal ? { rehearsal } : {}),
      };
    },
  };
}

function parseChunk(data: string, place: Place): WireChunk {
  try {
    const chunk: unknown = JSON.parse(data);
    if (typeof chunk === "object" && chunk !== null) return chunk;
  } catch (error) {
    if (isMofaError(error)) throw error;
  }
  throw fail("model.bad_reply", {
    ...place,
    reason: `it holds ${JSON.stringify(data.slice(0, 120))}, which is no chunk.`,
  });
}

function takeCall(calls: OpenCall[], part: WireToolCall): number {
  const call = findCall(calls, part);
  call.id ??= part.id === "" ? undefined : part.id;
  if (call.name === "") call.name = part.function?.name ?? "";
  const given = part.function?.arguments;
  // Some servers send the arguments as an object instead of its text.
  const added = typeof given === "string" ? given : given === undefined || given === null ? "" : JSON.stringify(given);
  call.text += added;
  return added.length;
}

// Servers differ: some leave out the index, some give every call the index 0 and tell them apart by id alone.
function findCall(calls: OpenCall[], { index, id }: WireToolCall): OpenCall {
  const hasId = id !== undefined && id !== "";
  const same = (call: OpenCall) =>
    index === undefined
      ? !hasId || call.id === id
      : call.index === index && (!hasId || call.id === undefined || call.id === id);
  const known = calls.findLast(same);
  if (known !== undefined) return known;
  const made: OpenCall = { index, id: undefined, name: "", text: "" };
  calls.push(made);
  return made;
}

function toToolCall(call: OpenCall, ownId: string, names: ToolNames): ToolCall {
  return { id: call.id ?? ownId, name: names.fromWire(call.name), input: toInput(call.text) };
}

function toInput(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    // The contract: broken JSON is handed on as it was written, for the caller to tell the model.
    return text;
  }
}

function toFinish(
  wire: string | undefined,
  { refused, tools }: { refused: boolean; tools: boolean },
): ModelReply["finish"] {
  if (refused) return "refused";
  const finish = wire === undefined ? "stop" : (FINISH[wire] ?? "other");
  return tools && finish === "stop" ? "tools" : finish;
}

function toUsage(wire: WireUsage): ModelUsage {
  const cached = wire.prompt_tokens_details?.cached_tokens;
  const reasoning = wire.completion_tokens_details?.reasoning_tokens;
  return {
    inputTokens: wire.prompt_tokens ?? 0,
    outputTokens: wire.completion_tokens ?? 0,
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
  };
}
