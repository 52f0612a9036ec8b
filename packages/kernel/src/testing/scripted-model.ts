import { fail } from "../errors.ts";
import type { Model, ModelReply, ModelRequest } from "../kinds/model.ts";

/** A reply with only what matters to the test; the rest is filled in. */
export type ScriptedReply = string | Partial<ModelReply> | ((request: ModelRequest) => string | Partial<ModelReply>);

export interface ScriptedModel extends Model {
  /** The requests it got. */
  readonly requests: readonly ModelRequest[];
}

/** A model that gives the replies it was told, in order, and fails when none is left. The only model double. */
export function scriptedModel(replies: readonly ScriptedReply[], name = "scripted"): ScriptedModel {
  const requests: ModelRequest[] = [];
  return {
    kind: "model",
    name,
    requests,
    run(request, call) {
      const scripted = replies[requests.length];
      requests.push(request);
      if (scripted === undefined) throw fail("testing.script_ended", { model: name, calls: requests.length });
      const reply = toReply(typeof scripted === "function" ? scripted(request) : scripted, name);
      for (const word of reply.text.match(/\S+\s*/gu) ?? []) call.emit("action.delta", { body: word });
      return reply;
    },
  };
}

function toReply(scripted: string | Partial<ModelReply>, name: string): ModelReply {
  const given = typeof scripted === "string" ? { text: scripted } : scripted;
  const toolCalls = given.toolCalls ?? [];
  return {
    text: "",
    toolCalls,
    finish: toolCalls.length > 0 ? "tools" : "stop",
    usage: { inputTokens: 1, outputTokens: 1 },
    model: name,
    ...given,
  };
}
