import type { Action } from "../action.ts";
import type { Call } from "../call.ts";
import type { Event } from "../event.ts";
import type { Json } from "../json.ts";
import type { Priority } from "../message.ts";
import type { PruneFilter, RunCount, RunFilter, TaskFilter } from "./journal.ts";
import type { JournalRow, RunRecord, RunStatus, TaskAnswer, TaskRecord } from "./journal-records.ts";

/** Keeps runs: starts them, takes over those that a dead process left, and lets decisions in. */
export interface Engine {
  readonly name: string;
  /** Starts a kept run of a registered action. Resolves once the run is kept: from then on it is never lost. */
  start<Input, Output>(action: Action<Input, Output>, input: Input, options?: StartOptions): Promise<Run<Output>>;
  /** A handle on a run, which may be another process's. */
  open(id: string): Run<unknown>;
  list(filter?: RunFilter): Promise<readonly RunRecord[]>;
  /** How many runs there are of each queue and status. */
  counts(): Promise<readonly RunCount[]>;
  /** Deletes runs that have ended, with all that belongs to them; gives how many. */
  prune(filter: PruneFilter): Promise<number>;
  /** Questions that runs have asked. */
  decisions(filter?: TaskFilter): Promise<readonly TaskRecord[]>;
  /** Answers a question, exactly once. */
  decide(token: string, answer: TaskAnswer): Promise<TaskRecord>;
}

export interface StartOptions {
  /** Starting twice with one id gives the same run. Default: a new unique id. */
  readonly id?: string;
  /** A queue of the engine's; its limits hold over all processes. Default: none, begun as soon as there is room. */
  readonly queue?: string;
  /** Default `normal`. A less urgent run goes first when it has waited long enough. */
  readonly priority?: Priority;
  /** Of the runs of one queue with one partition, one is begun at a time, oldest first. Needs a queue. */
  readonly partition?: string;
  /** While a run with this key (of this tenant and queue) is open, starting another gives that one. */
  readonly dedupe?: string;
  /** Milliseconds before it begins. With `dedupe`, each further start takes its place and begins the wait anew. */
  readonly debounce?: number;
  /** Milliseconds before it begins. */
  readonly delay?: number;
  /** Milliseconds in which it must have ended; else it fails with `run.deadline`. */
  readonly timeout?: number;
  readonly tenant?: string;
  /** Starts it as a child of the run that keeps this call: once, however often the call is replayed, and cancelled with it. */
  readonly under?: Call;
}

/** What a fork does otherwise than its run did. */
export interface ForkOptions {
  /** The key of the first step that is not taken over; absent: the first one that failed, or else what comes after the last. */
  readonly from?: string;
  /** Another input for the whole run; with it, nothing is taken over unless `from` is named. */
  readonly input?: Json;
  /** Results put in the place of steps' own, by their keys. */
  readonly results?: Readonly<Record<string, Json>>;
  /** Default: a new unique id. */
  readonly id?: string;
}

/** A call tree that is kept. */
export interface Run<Output = unknown> {
  readonly id: string;
  status(): Promise<RunStatus>;
  record(): Promise<RunRecord>;
  /** Waits for the end; throws what the run failed with. */
  result(): Promise<Output>;
  cancel(reason?: string): Promise<void>;
  /**
   * Says something to the run, which hears it when it waits for that name: as soon as it is kept, it is never lost.
   * The same `id` twice is one signal; false when it was known. Default: a new unique id.
   */
  signal(name: string, body?: unknown, options?: { readonly id?: string }): Promise<boolean>;
  /** Starts a new run that knows what this one came to, up to a step, and goes on from there. */
  fork(options?: ForkOptions): Promise<Run<Output>>;
  /** Queues a dead run again; any other stays as it is. Throws `run.duplicate` while another with its `dedupe` is open. */
  requeue(): Promise<void>;
  /** What was journalled so far. */
  steps(): Promise<readonly JournalRow[]>;
  /** The live events of this run in this process, until it ends. */
  events(): AsyncIterable<Event>;
}
