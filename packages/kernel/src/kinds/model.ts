import type { Action } from "../action.ts";
import { fail } from "../errors.ts";
import type { JsonSchema } from "../schema.ts";
import type { ToolDescription } from "./tool.ts";

/** A language model: a request in, a whole reply out; while it answers it emits `action.delta`. */
export interface Model extends Action<ModelRequest, ModelReply> {
  readonly kind: "model";
  /** Whether it answers for a model name other than its own: a provider serves many. */
  serves?(model: string): boolean;
  /** What it charges for the model that a request names, where that is known: so a budget of money is kept beforehand. */
  price?(model: string | undefined): ModelPrice | undefined;
}

/** US dollars per million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
}

export interface ModelRequest {
  /** The provider's name of the model; left out where the thing called is itself one model. */
  readonly model?: string;
  readonly messages: readonly ModelMessage[];
  readonly tools?: readonly ToolDescription[];
  readonly toolChoice?: "auto" | "none" | "required" | { readonly tool: string };
  /** Asks for an answer that is JSON of this shape. */
  readonly output?: { readonly name: string; readonly schema: JsonSchema };
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

export type ModelMessage =
  | { readonly role: "system"; readonly text: string }
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly toolCalls?: readonly ToolCall[] }
  /** The answer to one tool call; `failed` when the tool threw and `text` is its error. */
  | {
      readonly role: "tool";
      readonly call: string;
      readonly name: string;
      readonly text: string;
      readonly failed?: boolean;
    };

/** A model's wish to use a tool. `input` is parsed JSON, or the raw text where the model wrote broken JSON. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export interface ModelReply {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finish: "stop" | "tools" | "length" | "refused" | "other";
  readonly usage: ModelUsage;
  /** The name of the model that answered, as the provider gave it. */
  readonly model: string;
  /** True when no real model answered. */
  readonly rehearsal?: boolean;
}

export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens?: number;
  readonly reasoningTokens?: number;
  /** US dollars, where a price is known. */
  readonly cost?: number;
}

/**
 * Finds who answers for a model name: a model registered under it, or the newest provider that serves it
 * (`provider/model` names the provider). Gives the model and the name to put in the request.
 */
export function resolveModel(models: readonly Model[], name: string): { readonly model: Model; readonly as: string } {
  const slash = name.indexOf("/");
  const own = models.find((model) => model.name === name);
  if (own !== undefined) return { model: own, as: name };
  if (slash > 0) {
    const provider = models.find((model) => model.name === name.slice(0, slash));
    if (provider !== undefined) return { model: provider, as: name.slice(slash + 1) };
  }
  const serving = models.find((model) => model.serves?.(name) === true);
  if (serving !== undefined) return { model: serving, as: name };
  throw fail("registry.not_found", { kind: "model", name, known: models.map((model) => model.name).join(", ") });
}
