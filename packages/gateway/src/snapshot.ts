import {
  type AgentInfo,
  type BudgetState,
  type Clock,
  type DeadLetter,
  type JsonObject,
  type PluginInfo,
  type RunCount,
  type RunRecord,
  type RunStatus,
  type ScheduleInfo,
  type SupervisorInfo,
  type TaskInfo,
  type TaskRecord,
  type TaskStatus,
  toErrorJson,
} from "@mofa/kernel";
import { checkReadiness, type Readiness } from "./health.ts";
import { counts, newest } from "./letters.ts";
import { look, type Part, type Sight } from "./sight.ts";
import type { Rehearsal, Tail, TailEntry } from "./tail.ts";
import { toSchedules } from "./tasks.ts";
import { findTroubles } from "./trouble.ts";

/** A run in a list: without its input and output, which may be large. */
export interface RunSummary extends JsonObject {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly queue?: string;
  readonly priority?: string;
  readonly tenant?: string;
  /** The worker that has it. A run that waits and has none is parked. */
  readonly owner?: string;
  /** Why nobody here can work on it. */
  readonly parked?: string;
  readonly wakeAt?: number;
  /** What it failed with, or died of. */
  readonly reason?: string;
  /** The id of the run that waits for this one. */
  readonly parent?: string;
  /** The id of the run that this is a fork of. */
  readonly origin?: string;
}

/** The newest dead letters, and how many there are. */
export interface LettersSeen {
  /** How many there ever were. */
  readonly count: number;
  /** How many of them had to go, unread. */
  readonly dropped: number;
  readonly kept: number;
  readonly newest: readonly DeadLetter[];
}

/** The oldest tasks that have not ended, those first that nobody can do, and how many there are. */
export interface TasksSeen {
  readonly counts: Readonly<Record<"parked" | "queued" | "running", number>>;
  readonly oldest: readonly TaskInfo[];
}

/** All that the status page shows at one moment. */
export interface Snapshot {
  readonly at: number;
  readonly rehearsal: Rehearsal;
  readonly health: Readiness;
  readonly plugins: Part<readonly PluginInfo[]>;
  readonly agents: Part<readonly AgentInfo[]>;
  readonly supervisors: Part<readonly SupervisorInfo[]>;
  readonly letters: Part<LettersSeen>;
  readonly tasks: Part<TasksSeen>;
  readonly schedules: Part<readonly ScheduleInfo[]>;
  readonly budgets: Part<readonly BudgetState[]>;
  readonly runs: Part<readonly RunSummary[]>;
  /** How many runs are kept, of each queue and status. */
  readonly queues: Part<readonly RunCount[]>;
  readonly decisions: Part<readonly TaskRecord[]>;
  readonly events: readonly TailEntry[];
}

/** How many of each list a page shows. */
export const SHOWN = 50;

/** Looks at everything at once. */
export async function takeSnapshot(sight: Sight, tail: Tail, clock: Clock): Promise<Snapshot> {
  const [health, plugins, agents, supervisors, letters, tasks, schedules, budgets, runs, queues, decisions] =
    await Promise.all([
      checkReadiness(sight, clock),
      see(() => sight.control().plugins()),
      see(() => sight.control().agents()),
      see(() => sight.control().supervisors()),
      see(() => seeLetters(sight)),
      see(() => seeTasks(sight)),
      see(() => toSchedules(sight).list()),
      see(() => sight.control().budgets()),
      see(async () => (await sight.runs({ limit: SHOWN })).map(toSummary)),
      see(() => sight.engine().counts()),
      see(() => sight.engine().decisions({ status: "open", limit: SHOWN })),
    ]);
  const parts = { plugins, agents, supervisors, letters, tasks, schedules, budgets, runs, queues, decisions };
  return { at: clock.now(), rehearsal: tail.rehearsal(), health, ...parts, events: tail.entries() };
}

/** A part that cannot be read says so; the others are shown, and needed most then. */
async function see<T>(read: () => T | Promise<T>): Promise<Part<T>> {
  try {
    return await look(read);
  } catch (error) {
    return { missing: `This could not be read: ${toErrorJson(error).message}` };
  }
}

function seeLetters(sight: Sight): LettersSeen {
  const { deadLetters } = sight.control();
  const kept = deadLetters.list();
  return { ...counts(deadLetters), kept: kept.length, newest: newest(kept, SHOWN) };
}

const FIRST: Readonly<Record<TaskStatus, number>> = {
  parked: 0,
  queued: 1,
  running: 2,
  done: 3,
  failed: 3,
  cancelled: 3,
};

function seeTasks(sight: Sight): TasksSeen {
  const tasks = sight.control().tasks();
  const counts = { parked: 0, queued: 0, running: 0 };
  for (const { status } of tasks) if (status in counts) counts[status as keyof typeof counts]++;
  // A stable sort: the oldest of each status first.
  const oldest = tasks.toSorted((one, other) => FIRST[one.status] - FIRST[other.status]).slice(0, SHOWN);
  return { counts, oldest };
}

export function toSummary(run: RunRecord): RunSummary {
  const { id, kind, name, status, createdAt, updatedAt, finishedAt } = run;
  const { queue, priority, tenant, owner, parked, wakeAt, error, parent, origin } = run;
  return {
    ...{ id, kind, name, status, createdAt, updatedAt },
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(tenant !== undefined && { tenant }),
    ...(owner !== undefined && { owner }),
    ...(parked !== undefined && { parked }),
    ...(wakeAt !== undefined && finishedAt === undefined && { wakeAt }),
    ...(error !== undefined && { reason: error.message }),
    ...(parent !== undefined && { parent: parent.run }),
    ...(origin !== undefined && { origin: origin.run }),
  };
}

/** The snapshot as the API gives it: a part that is not to be seen is null, and `missing` says why. */
export function toStatusJson(snapshot: Snapshot): JsonObject {
  const { at, rehearsal, health, events, ...parts } = snapshot;
  const missing: Record<string, string> = {};
  const seen: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(parts)) {
    seen[name] = "is" in part ? part.is : null;
    if ("missing" in part) missing[name] = part.missing;
  }
  // What plugins keep is JSON already.
  return { at, rehearsal, troubles: findTroubles(snapshot), health, ...(seen as JsonObject), events, missing };
}
