import type { Json, JsonObject, JsonSchema, ModelMessage, ModelReply } from "@mofa/kernel";

/** Which requests are meant; everything that is named must fit. Plain data, so that it can live in a file. */
export interface Matcher {
  /** What the user said last holds this, in any case. */
  readonly contains?: string;
  /** What the user said last fits this regular expression (case does not matter); its groups are `$1`, `$2` in the reply. */
  readonly matches?: string;
  /** The instructions hold this: tells agents apart. */
  readonly system?: string;
  /** A tool of this name is offered. */
  readonly tool?: string;
  /** A tool of this name has answered in this turn. */
  readonly answered?: string;
  /** The role of the last message: `user` is the first step of a turn, `tool` the one after an answer. */
  readonly last?: ModelMessage["role"];
  /** The model's name in the request. */
  readonly model?: string;
}

/** A reply with only what matters; calls are given ids. */
export interface ScriptReply {
  readonly text?: string;
  readonly tools?: readonly { readonly name: string; readonly input?: JsonObject }[];
  /** An answer that is JSON. */
  readonly output?: Json;
  readonly finish?: ModelReply["finish"];
}

/** What to answer when a request fits; without `when`, always. */
export interface Script {
  readonly when?: Matcher;
  readonly reply: ScriptReply;
}

export type FaultKind = "error" | "timeout" | "refuse" | "broken_json" | "rate_limit" | "cut_stream";

/** What goes wrong when a request fits, so often as `times` says; without it, always. */
export interface Fault {
  readonly when?: Matcher;
  readonly kind: FaultKind;
  readonly times?: number;
  /** Milliseconds that a `rate_limit` asks to wait. Default 1,000. */
  readonly retryAfter?: number;
}

/** How a rehearsal answers. */
export interface RehearsalScript {
  /** Changes the wording, never the meaning. Default 1. */
  readonly seed?: number;
  /** Tried in order, before the planner. */
  readonly replies?: readonly Script[];
  /** The day it is (`2026-11-22`): makes `tomorrow` a date and leaves this year's number out of answers. */
  readonly today?: string;
}

export interface RehearsalOptions extends RehearsalScript {
  /** The name of the model and of the plugin. Default `rehearsal`. */
  readonly name?: string;
  /** Other model names that it answers for; `*` is all of them. */
  readonly models?: readonly string[];
  readonly faults?: readonly Fault[];
  /** How fast it speaks. Default: at once. */
  readonly tokensPerSecond?: number;
}

const TEXT = { type: "string", minLength: 1 } as const;

const MATCHER: JsonSchema = {
  type: "object",
  properties: {
    contains: TEXT,
    matches: TEXT,
    system: TEXT,
    tool: TEXT,
    answered: TEXT,
    last: { enum: ["system", "user", "assistant", "tool"] },
    model: TEXT,
  },
  additionalProperties: false,
};

const REPLY: JsonSchema = {
  type: "object",
  properties: {
    text: { type: "string" },
    tools: {
      type: "array",
      items: {
        type: "object",
        properties: { name: TEXT, input: { type: "object" } },
        required: ["name"],
        additionalProperties: false,
      },
    },
    output: {},
    finish: { enum: ["stop", "tools", "length", "refused", "other"] },
  },
  additionalProperties: false,
};

const list = (properties: JsonObject, required: readonly string[]): JsonSchema => ({
  type: "array",
  items: { type: "object", properties, required, additionalProperties: false },
});

/** The checks of what plugin and endpoint share. */
export const SHARED = {
  seed: { type: "integer" },
  replies: list({ when: MATCHER, reply: REPLY }, ["reply"]),
  today: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
  models: { type: "array", items: TEXT },
  tokensPerSecond: { type: "number", exclusiveMinimum: 0 },
  faults: list(
    {
      when: MATCHER,
      kind: { enum: ["error", "timeout", "refuse", "broken_json", "rate_limit", "cut_stream"] },
      times: { type: "integer", minimum: 1 },
      retryAfter: { type: "integer", minimum: 0 },
    },
    ["kind"],
  ),
} satisfies JsonSchema;

/** The check of `RehearsalOptions`. */
export const OPTIONS: JsonSchema = {
  type: "object",
  properties: { name: TEXT, ...SHARED },
  additionalProperties: false,
};
