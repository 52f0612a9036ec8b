import type { Json, JsonObject, JsonSchema } from "@mofa/kernel";

/** A workflow as data: what a file holds, a canvas draws and a run is pinned to. */
export interface WorkflowDefinition extends JsonObject {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** What its input must be. */
  readonly input?: JsonSchema;
  readonly timeout?: Duration;
  readonly nodes: readonly NodeDefinition[];
  /** What it gives, with references; without it, the outputs of the nodes that nothing comes after, by id. */
  readonly output?: Json;
}

export interface NodeDefinition extends JsonObject {
  readonly id: string;
  /** The node kind. */
  readonly use: string;
  /** What the node kind gets, with references. */
  readonly with?: JsonObject;
  /** `node` (ended, but not by failure) or `node:outcome`. */
  readonly after?: readonly string[];
  /** Whether one edge of `after` must fire, or all. Default `any`. */
  readonly join?: "any" | "all";
  readonly retry?: RetryDefinition;
  /** For one attempt. */
  readonly timeout?: Duration;
}

export interface RetryDefinition extends JsonObject {
  /** How often it is tried again. */
  readonly times: number;
  /** The pause before the first new attempt, doubled before each further one. Default 1 s. */
  readonly backoff?: Duration;
}

/** Milliseconds, or a number with a unit: `500ms`, `2s`, `10m`, `1h`, `7d`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds of a duration; undefined when it is none. */
export function toMilliseconds(duration: unknown): number | undefined {
  if (typeof duration === "number") return Number.isFinite(duration) && duration >= 0 ? duration : undefined;
  const match = typeof duration === "string" ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(duration.trim()) : null;
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
}

/** What stands in `after`: a node, and the outcome that is waited for (undefined: any but failure). */
export interface Edge {
  readonly from: string;
  readonly outcome: string | undefined;
}

/** Reads one entry of `after`. */
export function toEdge(text: string): Edge {
  const colon = text.indexOf(":");
  return colon < 0
    ? { from: text, outcome: undefined }
    : { from: text.slice(0, colon), outcome: text.slice(colon + 1) };
}
