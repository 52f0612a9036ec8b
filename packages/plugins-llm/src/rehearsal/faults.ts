// Chooses what goes wrong. Owns how often each fault has struck; one with `times` strikes so often and is over.
import type { ModelReply, ModelRequest } from "@mofa/kernel";
import { toConversation } from "./conversation.ts";
import { matchRequest } from "./match.ts";
import type { Fault } from "./options.ts";
import type { Rehearsed } from "./rehearse.ts";

/** Gives the fault that strikes a request, if one does, and counts it. */
export type Faults = (request: ModelRequest) => Fault | undefined;

/** Makes the faults of one model or endpoint. */
export function createFaults(faults: readonly Fault[]): Faults {
  const struck = faults.map(() => 0);
  return (request) => {
    if (faults.length === 0) return undefined;
    const conversation = toConversation(request.messages);
    for (const [index, fault] of faults.entries()) {
      const count = struck[index] ?? 0;
      if (
        count >= (fault.times ?? Number.POSITIVE_INFINITY) ||
        matchRequest(fault.when, request, conversation) === undefined
      )
        continue;
      struck[index] = count + 1;
      return fault;
    }
    return undefined;
  };
}

const REFUSAL = "I cannot help with that.";

/** What a model says that refuses. */
export function refusing({ reply }: Rehearsed): Rehearsed {
  const refused: ModelReply = { ...reply, text: REFUSAL, toolCalls: [], finish: "refused" };
  return { reply: refused, pieces: [REFUSAL], by: "script" };
}

/** What a model says that breaks off its JSON: the input of its calls, or else its text. */
export function breakingJson({ reply, pieces, by }: Rehearsed): Rehearsed {
  if (reply.toolCalls.length === 0) {
    const kept = pieces.slice(0, Math.ceil(pieces.length / 2));
    return {
      reply: { ...reply, text: `{"broken": "${kept.join("").replaceAll(/["{}]/g, "")}` },
      pieces: [`{"broken": "`, ...kept.map((piece) => piece.replaceAll(/["{}]/g, ""))],
      by,
    };
  }
  const toolCalls = reply.toolCalls.map((wish) => ({ ...wish, input: `${JSON.stringify(wish.input).slice(0, -1)},` }));
  return { reply: { ...reply, toolCalls }, pieces, by };
}
