import type { AgentInfo, JsonObject, PluginInfo, RunRecord, RunStatus, TaskRecord } from "@mofa/kernel";
import { look, type Part, type Sight } from "./sight.ts";
import type { Rehearsal, Tail, TailEntry } from "./tail.ts";

/** A run in a list: without its input and output, which may be large. */
export interface RunSummary extends JsonObject {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** All that the status page shows at one moment. */
export interface Snapshot {
  readonly at: number;
  readonly rehearsal: Rehearsal;
  readonly plugins: Part<readonly PluginInfo[]>;
  readonly agents: Part<readonly AgentInfo[]>;
  readonly runs: Part<readonly RunSummary[]>;
  readonly decisions: Part<readonly TaskRecord[]>;
  readonly events: readonly TailEntry[];
}

/** How many runs and decisions a page shows. */
export const SHOWN = 50;

/** Looks at everything at once. */
export async function takeSnapshot(sight: Sight, tail: Tail, at: number): Promise<Snapshot> {
  const [plugins, agents, runs, decisions] = await Promise.all([
    look(() => sight.control().plugins()),
    look(() => sight.control().agents()),
    look(async () => (await sight.runs({ limit: SHOWN })).map(toSummary)),
    look(() => sight.engine().decisions({ status: "open", limit: SHOWN })),
  ]);
  return { at, rehearsal: tail.rehearsal(), plugins, agents, runs, decisions, events: tail.entries() };
}

export function toSummary({ id, kind, name, status, createdAt, updatedAt }: RunRecord): RunSummary {
  return { id, kind, name, status, createdAt, updatedAt };
}

/** The snapshot as the API gives it: a part that is not to be seen is null, and `missing` says why. */
export function toStatusJson(snapshot: Snapshot): JsonObject {
  const { at, rehearsal, events, ...parts } = snapshot;
  const missing: Record<string, string> = {};
  const seen: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(parts)) {
    seen[name] = "is" in part ? part.is : null;
    if ("missing" in part) missing[name] = part.missing;
  }
  // What plugins keep is JSON already.
  return { at, rehearsal, ...(seen as JsonObject), events, missing };
}
