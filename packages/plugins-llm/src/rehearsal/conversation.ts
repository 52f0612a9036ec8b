import { isDeepStrictEqual } from "node:util";
import type { ModelMessage } from "@mofa/kernel";

/** What a tool answered in this turn, and to what. */
export interface ToolAnswer {
  readonly name: string;
  readonly input: unknown;
  /** Parsed where it is JSON, otherwise the text. */
  readonly value: unknown;
  readonly failed: boolean;
}

/** A conversation as the planner sees it. A turn begins with what the user said last. */
export interface Conversation {
  readonly system: string;
  /** What the user said last. */
  readonly text: string;
  /** What the user said before, newest first. */
  readonly earlier: readonly string[];
  /** What tools answered in this turn, oldest first. */
  readonly answers: readonly ToolAnswer[];
  /** What tools answered in earlier turns, newest first. */
  readonly known: readonly ToolAnswer[];
  /** Whether the assistant asked something just before the user spoke. */
  readonly asked: boolean;
  /** Calls that were wished for in this turn, answered or not. */
  readonly wished: readonly { readonly name: string; readonly input: unknown }[];
}

// A rehearsal reads so much of each message; nobody needs an answer by rule to a whole book.
const LONGEST = 20_000;

/** Reads the messages of a request. */
export function toConversation(messages: readonly ModelMessage[]): Conversation {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const inputs = inputsById(messages);
  const turn = messages.slice(last + 1);
  const before = messages.slice(0, Math.max(0, last));
  const spoken = before.findLast(({ role }) => role === "assistant");
  return {
    system: textsOf(messages, "system").join("\n"),
    text: last < 0 ? "" : (messages[last]?.text ?? "").slice(0, LONGEST),
    earlier: textsOf(before, "user").reverse(),
    answers: answersIn(turn, inputs),
    known: answersIn(before, inputs).reverse(),
    asked: spoken?.text.trim().endsWith("?") === true,
    wished: turn.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : [])),
  };
}

/** Says whether the same was already wished for in this turn. */
export function wasWished({ wished }: Conversation, name: string, input: unknown): boolean {
  return wished.some((wish) => wish.name === name && isDeepStrictEqual(wish.input, input));
}

function inputsById(messages: readonly ModelMessage[]): ReadonlyMap<string, unknown> {
  const wishes = messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  return new Map(wishes.map(({ id, input }) => [id, input]));
}

function textsOf(messages: readonly ModelMessage[], role: ModelMessage["role"]): string[] {
  return messages.filter((message) => message.role === role).map(({ text }) => text.slice(0, LONGEST));
}

function answersIn(messages: readonly ModelMessage[], inputs: ReadonlyMap<string, unknown>): ToolAnswer[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? [
          {
            name: message.name,
            input: inputs.get(message.call),
            value: toValue(message.text),
            failed: message.failed === true,
          },
        ]
      : [],
  );
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
