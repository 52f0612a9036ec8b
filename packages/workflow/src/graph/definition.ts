import type { Json, JsonObject, JsonSchema } from "@mofa/kernel";
import type { ScheduleDefinition } from "../schedules/run-schedule.ts";

/** Nodes that belong together: a workflow's own, or those inside of a node. */
export interface GraphDefinition extends JsonObject {
  readonly nodes: readonly NodeDefinition[];
  /** What it gives, with references; without it, the outputs of the nodes that nothing comes after, by id. */
  readonly output?: Json;
}

/** A workflow as data: what a file holds, a canvas draws and a run is pinned to. */
export interface WorkflowDefinition extends GraphDefinition {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** What its input must be. */
  readonly input?: JsonSchema;
  readonly timeout?: Duration;
  /** Nodes that work at a time; those that only wait, or hold other nodes, do not count. Default: all that are due. */
  readonly concurrency?: number;
  /** When it begins by itself, wherever it is on the shelf. */
  readonly schedule?: ScheduleDefinition;
}

/** Something to be done by a node kind. */
export interface StepDefinition extends JsonObject {
  /** The node kind. */
  readonly use: string;
  /** What the node kind gets, with references. */
  readonly with?: JsonObject;
  readonly retry?: RetryDefinition;
  /** For one attempt. */
  readonly timeout?: Duration;
}

export interface NodeDefinition extends StepDefinition {
  readonly id: string;
  /** For people and drawings. */
  readonly description?: string;
  /** The nodes inside, of kinds that have them: map, loop, sub. */
  readonly body?: GraphDefinition;
  /** The nodes inside by branch, of kinds that have them: parallel. */
  readonly branches?: Readonly<Record<string, GraphDefinition>>;
  /** `node` (ended, but not by failure) or `node:outcome`. */
  readonly after?: readonly string[];
  /**
   * How many edges of `after` must fire once all have ended: any (the default), all, or a number;
   * with `first`, it begins as soon as so many have fired.
   */
  readonly join?: JoinDefinition;
  /** In place of what the node kind says. */
  readonly effect?: "none" | "idempotent" | "once";
  /** The engine's queue under which it is done, as a run of its own. */
  readonly queue?: string;
  /** What undoes it when the workflow fails later; sees the node's own output too. */
  readonly compensate?: StepDefinition;
}

export type JoinDefinition = "any" | "all" | number | { readonly first: number };

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
