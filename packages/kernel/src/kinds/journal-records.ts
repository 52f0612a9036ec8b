// What a journal keeps, as plain data.
import type { Question } from "../call.ts";
import type { ErrorJson } from "../error.ts";
import type { Json } from "../json.ts";
import type { Priority } from "../message.ts";

/** `waiting`: for an answer, a time, a signal or another run; with no owner, it is parked and costs nothing. */
export type RunStatus = "queued" | "running" | "waiting" | "done" | "failed" | "cancelled" | "dead";

/** Statuses that end a run. A `dead` one has cost too many workers their lives; it may be queued again by hand. */
export const RUN_ENDS: readonly RunStatus[] = ["done", "failed", "cancelled", "dead"];

export interface NewRun {
  readonly id: string;
  /** The action to run, found again by kind and name after a restart. */
  readonly kind: string;
  readonly name: string;
  /** The version (or hash) of the action that started it. */
  readonly version?: string;
  readonly input: Json;
  /** The queue whose limits it is under; absent: none. */
  readonly queue?: string;
  /** Default `normal`. */
  readonly priority?: Priority;
  /** Of the runs of one queue with one partition, one is begun at a time, oldest first. */
  readonly partition?: string;
  /** On whose behalf. */
  readonly tenant?: string;
  /** While a run of this tenant and queue with this key is open, making another gives that one. */
  readonly dedupe?: string;
  /** Epoch milliseconds before which nobody begins it. */
  readonly wakeAt?: number;
  /** Epoch milliseconds by which it must have ended. */
  readonly deadline?: number;
  /** The run that waits for this one's end, and the step in it. */
  readonly parent?: StepPlace;
  /** The run that this is a fork of, and the step from which on it is a new one. */
  readonly origin?: StepPlace;
}

export interface StepPlace {
  readonly run: string;
  readonly key: string;
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
  /** How much has come for it from outside: signals, answers, ends of other runs, a wish to cancel. */
  readonly wakes: number;
  /** How often it began anew from a fresh input. */
  readonly turn: number;
  readonly cancelRequested?: ErrorJson;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When it was first claimed; since it was queued again, if it was dead. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Why nobody works on it, where an engine knows. Never stored. */
  readonly parked?: string;
}

/** One entry of a run: what a step came to. */
export interface JournalRow {
  readonly seq: number;
  /** The identity of the step (see the workflow package). */
  readonly key: string;
  /** The key of the step that this belongs to; "" for the run itself. */
  readonly parent: string;
  /**
   * `step`: an action's outcome. `value`: a recorded clock, random or timer value. `begin`: a step that must not be run
   * twice was begun. `ask`: a question, by the token of its task. `signal`: what came in. `child`: another run was begun.
   */
  readonly type: "step" | "value" | "begin" | "ask" | "signal" | "child";
  readonly kind: string;
  readonly name: string;
  readonly body?: Json;
  readonly error?: ErrorJson;
  readonly at: number;
}

export type NewRow = Omit<JournalRow, "seq">;

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

/** Something said to a run. */
export interface NewSignal {
  readonly run: string;
  /** Unique in the run: the same one twice is kept once, also after it was consumed. */
  readonly id: string;
  readonly name: string;
  readonly body: Json;
}

export interface SignalRecord extends NewSignal {
  readonly at: number;
}

/** A run wants to be told what is said to a topic. */
export interface Listen {
  readonly run: string;
  /** The step that listens. */
  readonly key: string;
  /** A topic or a pattern of topics, as in an address. */
  readonly topic: string;
}

/** A message to be sent once its run's rows are kept. */
export interface Letter {
  /** The message's id, the same however often it is sent. */
  readonly id: string;
  readonly run: string;
  readonly draft: Json;
  /** Why it can never be sent: somebody spoilt it where it is kept. Its draft is null then. */
  readonly error?: ErrorJson;
}

/** A change of the journal's own database that stands or falls together with the rows of its append. */
export type Write =
  /** A document of the store beside the journal; `version` as in `Store.put`. */
  | { readonly type: "put"; readonly id: string; readonly body: Json; readonly version?: number }
  | { readonly type: "delete"; readonly id: string; readonly version?: number }
  /** One statement with `:name` places; with `rows`, it must change so many rows. */
  | {
      readonly type: "sql";
      readonly text: string;
      readonly values: Readonly<Record<string, string | number | null>>;
      readonly rows?: number;
    };
