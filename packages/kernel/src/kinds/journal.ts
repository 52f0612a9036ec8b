// The contract of what keeps runs. One worker owns a run at a time.
//
// 1. A lease says who works on a run; the epoch, raised by every claim, is what makes it safe: an append under an
//    older epoch changes nothing and is answered `fenced`.
// 2. Rows of a run have consecutive sequence numbers; an append names the number it expects.
// 3. A row, once written, is never changed. A run's status changes only together with an append, a claim or a cancel.
// 4. An append of several runs is not one transaction: each run's part stands or falls alone.
import type { Question } from "../call.ts";
import type { ErrorJson } from "../error.ts";
import type { Json } from "../json.ts";

export interface Journal {
  readonly name: string;
  /** Keeps a new run, or gives the one that already has this id. With `claim`, a created run is claimed at once. */
  create(run: NewRun, claim?: Claim): Promise<{ readonly run: RunRecord; readonly created: boolean }>;
  /** Takes runs that nobody works on: queued ones, and running or waiting ones whose lease has run out. */
  claim(claim: Claim & ClaimFilter): Promise<readonly RunRecord[]>;
  /** Writes results; one answer for each run's part, in order. */
  append(batch: readonly RunAppend[]): Promise<readonly AppendOutcome[]>;
  /** Extends leases; gives the ids of runs that are still owned under the epoch named. */
  renew(claim: Claim, runs: readonly { readonly run: string; readonly epoch: number }[]): Promise<readonly string[]>;
  /** Asks that a run be cancelled: a queued one is at once, an owned one when its worker notices. */
  cancel(run: string, reason: ErrorJson): Promise<RunRecord>;
  get(run: string): Promise<RunRecord | undefined>;
  /** All rows of a run in order. */
  rows(run: string): Promise<readonly JournalRow[]>;
  list(filter?: RunFilter): Promise<readonly RunRecord[]>;
  tasks(filter?: TaskFilter): Promise<readonly TaskRecord[]>;
  task(token: string): Promise<TaskRecord | undefined>;
  /** Answers an open task exactly once; a later answer throws `task.already_answered`. */
  answer(token: string, answer: TaskAnswer): Promise<TaskRecord>;
}

export type RunStatus = "queued" | "running" | "waiting" | "done" | "failed" | "cancelled";

/** Statuses that end a run. */
export const RUN_ENDS: readonly RunStatus[] = ["done", "failed", "cancelled"];

export interface NewRun {
  readonly id: string;
  /** The action to run, found again by kind and name after a restart. */
  readonly kind: string;
  readonly name: string;
  /** The version (or hash) of the action that started it. */
  readonly version?: string;
  readonly input: Json;
}

export interface RunRecord extends NewRun {
  readonly status: RunStatus;
  readonly output?: Json;
  readonly error?: ErrorJson;
  readonly epoch: number;
  readonly owner?: string;
  readonly leaseUntil?: number;
  /** How often a worker lost it and another took over. */
  readonly takeovers: number;
  readonly cancelRequested?: ErrorJson;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly finishedAt?: number;
  /** Why nobody works on it, where an engine knows. Never stored. */
  readonly parked?: string;
}

export interface Claim {
  /** The worker's id, unique to its process. */
  readonly worker: string;
  readonly leaseMs: number;
}

export interface ClaimFilter {
  readonly limit: number;
  /** Only these runs. */
  readonly ids?: readonly string[];
  /** Only runs of these actions: a worker takes what it can run and leaves the rest to others. */
  readonly actions?: readonly { readonly kind: string; readonly name: string }[];
  /** Workers known to be dead: what they own is free at once, whatever its lease says. */
  readonly deadWorkers?: readonly string[];
}

/** One entry of a run: what a step came to. */
export interface JournalRow {
  readonly seq: number;
  /** The identity of the step (see the workflow package). */
  readonly key: string;
  /** The key of the step that this belongs to; "" for the run itself. */
  readonly parent: string;
  /** `step`: an action's outcome. `value`: a recorded clock, random or timer value. `begin`: a step that must not be run twice was begun. */
  readonly type: "step" | "value" | "begin" | "ask";
  readonly kind: string;
  readonly name: string;
  readonly body?: Json;
  readonly error?: ErrorJson;
  readonly at: number;
}

export interface RunAppend {
  readonly run: string;
  readonly epoch: number;
  /** The sequence number of the first row; with no rows, the number of the next one. */
  readonly seq: number;
  readonly rows: readonly Omit<JournalRow, "seq">[];
  /** Tasks to open together with the rows. */
  readonly tasks?: readonly NewTask[];
  /** What becomes of the run together with the rows. An ending status gives up the lease; so does `queued`, for anybody to claim. */
  readonly update?: { readonly status: RunStatus; readonly output?: Json; readonly error?: ErrorJson };
}

export type AppendOutcome = "kept" | "fenced";

export interface RunFilter {
  readonly status?: readonly RunStatus[];
  readonly name?: string;
  /** Newest first; default 100. */
  readonly limit?: number;
}

export interface NewTask {
  readonly token: string;
  readonly run: string;
  readonly key: string;
  readonly question: Question;
  /** Epoch milliseconds at which the fallback answers. */
  readonly expiresAt?: number;
}

export interface TaskAnswer {
  readonly value: Json;
  readonly by: string;
  readonly comment?: string;
}

export interface TaskRecord extends NewTask {
  readonly status: "open" | "answered";
  readonly answer?: TaskAnswer & { readonly at: number };
  readonly createdAt: number;
}

export interface TaskFilter {
  readonly status?: TaskRecord["status"];
  readonly run?: string;
  readonly limit?: number;
}
