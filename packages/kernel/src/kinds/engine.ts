import type { Action } from "../action.ts";
import type { Event } from "../event.ts";
import type { JournalRow, RunFilter, RunRecord, RunStatus, TaskAnswer, TaskFilter, TaskRecord } from "./journal.ts";

/** Keeps runs: starts them, takes over those that a dead process left, and lets decisions in. */
export interface Engine {
  readonly name: string;
  /** Starts a kept run of a registered action. Resolves once the run is kept: from then on it is never lost. */
  start<Input, Output>(action: Action<Input, Output>, input: Input, options?: StartOptions): Promise<Run<Output>>;
  /** A handle on a run, which may be another process's. */
  open(id: string): Run<unknown>;
  list(filter?: RunFilter): Promise<readonly RunRecord[]>;
  /** Questions that runs have asked. */
  decisions(filter?: TaskFilter): Promise<readonly TaskRecord[]>;
  /** Answers a question, exactly once. */
  decide(token: string, answer: TaskAnswer): Promise<TaskRecord>;
}

export interface StartOptions {
  /** Starting twice with one id gives the same run. Default: a new unique id. */
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
  /** What was journalled so far. */
  steps(): Promise<readonly JournalRow[]>;
  /** The live events of this run in this process, until it ends. */
  events(): AsyncIterable<Event>;
}
