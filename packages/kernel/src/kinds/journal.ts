// The contract of what keeps runs. One worker owns a run at a time.
//
// 1. A lease says who works on a run; the epoch, raised by every claim, is what makes it safe: an append under an
//    older epoch changes nothing and is answered `fenced`.
// 2. Rows of a run have consecutive sequence numbers; an append names the number it expects.
// 3. A row, once written, is never changed. A run's status changes only together with an append, a claim or a cancel.
// 4. An append of several runs is not one transaction: each run's part stands or falls alone, and is one.
// 5. A run that parks is woken by whatever came for it since its worker last looked: nothing falls in between.
import type { ErrorJson } from "../error.ts";
import type { Json } from "../json.ts";
import type {
  JournalRow,
  Letter,
  Listen,
  NewRow,
  NewRun,
  NewSignal,
  NewTask,
  RunRecord,
  RunStatus,
  SignalRecord,
  TaskAnswer,
  TaskRecord,
  Write,
} from "./journal-records.ts";

export interface Journal {
  readonly name: string;
  /** Whether an append may carry `writes`. Default no. */
  readonly transactional?: boolean;
  /**
   * Keeps a new run, or gives the one that already has this id, or the open one that has its `dedupe`. With `claim`, a
   * created run is claimed at once if it is due and under no queue.
   */
  create(
    run: NewRun,
    claim?: Claim,
    options?: CreateOptions,
  ): Promise<{ readonly run: RunRecord; readonly created: boolean }>;
  /**
   * Takes runs that nobody works on and that are due, the most urgent first: queued ones, parked ones that were woken,
   * and those whose lease has run out. A run that has been taken over too often is given as `dead`, and owned by nobody.
   */
  claim(claim: Claim & ClaimFilter): Promise<readonly RunRecord[]>;
  /** Writes results; one answer for each run's part, in order. */
  append(batch: readonly RunAppend[]): Promise<readonly AppendOutcome[]>;
  /**
   * Extends leases; gives the ids of runs that are still owned under the epoch named. A lease of 0 ms gives them up in
   * good order: anybody may take them at once, and that is no takeover.
   */
  renew(claim: Claim, runs: readonly { readonly run: string; readonly epoch: number }[]): Promise<readonly string[]>;
  /** Asks that a run be cancelled: a queued one is at once, an owned one when its worker notices, a parked one is woken. */
  cancel(run: string, reason: ErrorJson): Promise<RunRecord>;
  /**
   * Queues a dead run again as if it had not begun, its takeovers forgotten; any other is given as it is. Throws
   * `run.duplicate` where another run has its `dedupe` by now and is open.
   */
  requeue(run: string): Promise<RunRecord>;
  get(run: string): Promise<RunRecord | undefined>;
  /** All rows of a run in order. */
  rows(run: string): Promise<readonly JournalRow[]>;
  list(filter?: RunFilter): Promise<readonly RunRecord[]>;
  /** How many runs there are of each queue ("" is none) and status. */
  counts(): Promise<readonly RunCount[]>;
  /** Deletes runs that have ended, with all that belongs to them, oldest first; gives how many. */
  prune(filter: PruneFilter): Promise<number>;

  tasks(filter?: TaskFilter): Promise<readonly TaskRecord[]>;
  task(token: string): Promise<TaskRecord | undefined>;
  /** Answers an open task exactly once and wakes its run; a later answer throws `task.already_answered`. */
  answer(token: string, answer: TaskAnswer): Promise<TaskRecord>;

  /** Keeps a signal for an open run and wakes it; false when its id is known. Throws `run.not_found`, `run.ended`. */
  signal(signal: NewSignal): Promise<boolean>;
  /** Signals of a run that no append has consumed, as they came. */
  signals(run: string): Promise<readonly SignalRecord[]>;
  /** Who listens, in the order in which they began to. */
  listens(filter?: { readonly topic?: string; readonly run?: string }): Promise<readonly Listen[]>;
  /** What is listened to by any run, each once, in order of the alphabet. */
  topics(): Promise<readonly string[]>;
  /** Takes letters that nobody is sending, oldest first, for the time of the lease. */
  letters(claim: Claim & { readonly limit: number }): Promise<readonly Letter[]>;
  /** Forgets letters that were sent. */
  sent(letters: readonly string[]): Promise<void>;
}

export interface Claim {
  /** The worker's id, unique to its process. */
  readonly worker: string;
  readonly leaseMs: number;
}

export interface CreateOptions {
  /** What the run already knows, as if it had been appended: for forks. */
  readonly rows?: readonly NewRow[];
  /** A run found by `dedupe` that was never begun takes the new one's input and `wakeAt`: the last one counts. */
  readonly replace?: boolean;
}

export interface ClaimFilter {
  readonly limit: number;
  /** Only these runs. */
  readonly ids?: readonly string[];
  /** Only runs of these actions: a worker takes what it can run and leaves the rest to others. */
  readonly actions?: readonly ActionFilter[];
  /** Only runs under no queue or under these, within their limits. Absent: all queues, without limits. */
  readonly queues?: readonly QueueLimits[];
  /** Workers known to be dead: what they own is free at once, whatever its lease says. */
  readonly deadWorkers?: readonly string[];
  /** A run that would be taken over more often than this is dead. */
  readonly maxTakeovers?: number;
}

export interface ActionFilter {
  readonly kind: string;
  readonly name: string;
  /** Only runs that were started by one of these, or that name no version. Absent: any. */
  readonly versions?: readonly string[];
}

/** What a queue lets through, over all workers. Runs that are parked do not count. */
export interface QueueLimits {
  readonly name: string;
  /** Runs that are owned at a time. */
  readonly concurrency?: number;
  /** The same for each worker. */
  readonly perWorker?: number;
  /** The same for each tenant. */
  readonly perTenant?: number;
  /** Runs first begun in any `perMs` milliseconds. */
  readonly rate?: { readonly limit: number; readonly perMs: number };
}

export interface RunAppend {
  readonly run: string;
  readonly epoch: number;
  /** The sequence number of the first row; with no rows, the number of the next one. */
  readonly seq: number;
  readonly rows: readonly NewRow[];
  /** Tasks to open together with the rows. */
  readonly tasks?: readonly NewTask[];
  /** Messages to send once this is kept. */
  readonly letters?: readonly Omit<Letter, "run">[];
  /** Ids of signals that the rows have taken in. */
  readonly consumed?: readonly string[];
  readonly listens?: readonly Omit<Listen, "run">[];
  /** Keys of steps that listen no longer. */
  readonly unlistens?: readonly string[];
  /** Only where the journal is `transactional`. */
  readonly writes?: readonly Write[];
  /** What becomes of the run together with the rows. */
  readonly update?: RunUpdate;
}

/** An ending status gives up the lease; so do `queued`, for anybody to claim, and `park`. */
export interface RunUpdate {
  readonly status: RunStatus;
  readonly output?: Json;
  readonly error?: ErrorJson;
  /** With `waiting`: nobody needs to work on it until a time (absent: none), or until it is woken. */
  readonly park?: {
    readonly until?: number;
    /** `RunRecord.wakes` as its worker knows it: if more has come since, the run is due at once. */
    readonly wakes: number;
  };
  /** With `running`: forgets its rows, open tasks and listens, and begins the next turn with this input, at number 0. */
  readonly restart?: { readonly input: Json };
}

/** `refused`: one of its `writes` could not be done, so nothing of this part was. */
export type AppendOutcome = "kept" | "fenced" | { readonly refused: ErrorJson };

export interface RunFilter {
  readonly status?: readonly RunStatus[];
  readonly name?: string;
  readonly ids?: readonly string[];
  /** How the id begins. */
  readonly prefix?: string;
  /** "" is no queue. */
  readonly queue?: string;
  /** The id of the parent. */
  readonly parent?: string;
  /** Whether somebody owns it. */
  readonly owned?: boolean;
  /** Only runs made before the one with this id: for paging. */
  readonly before?: string;
  /** Newest first; default 100. */
  readonly limit?: number;
}

export interface RunCount {
  readonly queue: string;
  readonly status: RunStatus;
  readonly count: number;
}

/** Nothing named is nothing: at least one of `ids`, `before`, `keep`. A run that fits any of them goes. */
export interface PruneFilter {
  readonly ids?: readonly string[];
  /** Ended before this time, in epoch milliseconds. */
  readonly before?: number;
  /** So many of those that ended last stay. */
  readonly keep?: number;
  /** Default 1,000: one transaction's worth. */
  readonly limit?: number;
}

export interface TaskFilter {
  readonly status?: TaskRecord["status"];
  readonly run?: string;
  readonly limit?: number;
}
