// Answers a request by rule: the same seed and request give the same reply, whatever was asked before.
import { canonicalJson, type Json, type ModelReply, type ModelRequest, type ToolCall, toJson } from "@mofa/kernel";
import { estimateRequestTokens, estimateTokens } from "../estimate-tokens.ts";
import { composeAnswer, composeQuestion } from "./answer.ts";
import { type Conversation, toConversation } from "./conversation.ts";
import { toSource } from "./fill.ts";
import { toInstance } from "./instance.ts";
import { findScript } from "./match.ts";
import type { RehearsalScript, ScriptReply } from "./options.ts";
import { planTool } from "./plan-tool.ts";
import { createRandom, hash, type Random } from "./random.ts";

/** What a rehearsal says, and why. */
export interface Rehearsed {
  readonly reply: ModelReply;
  /** The text in the pieces in which it is told. */
  readonly pieces: readonly string[];
  /** Which rule answered. */
  readonly by: "script" | "tool" | "question" | "output" | "answer";
}

interface Draft {
  readonly text: string;
  readonly wishes: readonly { readonly name: string; readonly input: unknown }[];
  readonly finish?: ModelReply["finish"];
  readonly by: Rehearsed["by"];
}

/** Answers one request. Pure: reads nothing but what it is given. */
export function rehearse(request: ModelRequest, script: RehearsalScript = {}): Rehearsed {
  const conversation = toConversation(request.messages);
  const identity = hash(`${script.seed ?? 1}/${request.seed ?? 0}/${canonicalJson(toJson(request))}`);
  const random = createRandom(identity);
  const scripted = findScript(script.replies ?? [], request, conversation);
  const draft =
    scripted === undefined ? plan(request, { conversation, random, today: script.today }) : fromScript(scripted);
  return finish(draft, request, identity);
}

interface Planning {
  readonly conversation: Conversation;
  readonly random: Random;
  readonly today: string | undefined;
}

function plan(request: ModelRequest, { conversation, random, today }: Planning): Draft {
  const next = planTool(request, conversation, today);
  if (next !== undefined && "call" in next) return { text: "", wishes: [next.call], by: "tool" };
  if (request.output !== undefined) {
    const answer = composeAnswer(conversation, random, today);
    const source = toSource(conversation, today);
    const value = toInstance({ root: request.output.schema, source, random, answer });
    return { text: JSON.stringify(value), wishes: [], by: "output" };
  }
  if (next !== undefined) {
    const question = composeQuestion(next.question.wanted, random);
    const known = conversation.answers.length === 0 ? "" : `${composeAnswer(conversation, random, today)} `;
    return { text: known + question, wishes: [], by: "question" };
  }
  return { text: composeAnswer(conversation, random, today), wishes: [], by: "answer" };
}

function fromScript({ text, tools = [], output, finish: ending }: ScriptReply): Draft {
  return {
    text: text ?? (output === undefined ? "" : JSON.stringify(output)),
    wishes: tools.map(({ name, input }) => ({ name, input: input ?? {} })),
    ...(ending === undefined ? {} : { finish: ending }),
    by: "script",
  };
}

function finish(draft: Draft, request: ModelRequest, identity: number): Rehearsed {
  const { text, cut } = limit(draft.text, request);
  const toolCalls: ToolCall[] = draft.wishes.map((wish, index) => ({
    id: `call_${identity.toString(36)}_${index}`,
    ...wish,
  }));
  const wished =
    toolCalls.length === 0 ? "" : JSON.stringify(toolCalls.map(({ name, input }) => [name, input as Json]));
  const reply: ModelReply = {
    text,
    toolCalls,
    finish: cut ? "length" : (draft.finish ?? (toolCalls.length > 0 ? "tools" : "stop")),
    usage: { inputTokens: estimateRequestTokens(request), outputTokens: estimateTokens(text + wished) },
    model: request.model ?? "rehearsal",
    rehearsal: true,
  };
  return { reply, pieces: toPieces(text), by: draft.by };
}

function limit(text: string, { maxTokens, stop = [] }: ModelRequest): { readonly text: string; readonly cut: boolean } {
  const ends = stop.map((word) => text.indexOf(word)).filter((at) => at >= 0);
  const ended = ends.length === 0 ? text : text.slice(0, Math.min(...ends));
  if (maxTokens === undefined || estimateTokens(ended) <= maxTokens) return { text: ended, cut: false };
  return {
    text: ended
      .slice(0, maxTokens * 4)
      .toWellFormed()
      .replace(/\uFFFD$/, ""),
    cut: true,
  };
}

// About a token each: short words with the space behind them, long ones (JSON) in parts, never half a character.
function toPieces(text: string): readonly string[] {
  return text.match(/[^\s]{1,12}\s*|\s+/gu) ?? [];
}
