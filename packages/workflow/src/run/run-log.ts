// What one run has kept, as this process knows it.
//
// 1. Rows are loaded once, completely, before any of the run's code runs; later rows are only written.
// 2. Results reach the run's code after they are kept; a fact that the caller learns earlier (its own time-out)
//    is written before any later step begins.
// 3. A closed log writes nothing more: the run was taken over, has ended, or its engine ends. Closing stops its call.
import type { Call, Clock, JournalRow, NewTask, RunAppend, RunRecord } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Writer } from "./writer.ts";

/** Rows, tasks and a change of status that belong together. */
export interface RunPart {
  readonly rows?: readonly Omit<JournalRow, "seq">[];
  readonly tasks?: readonly NewTask[];
  readonly update?: NonNullable<RunAppend["update"]>;
}

export interface RunLogOptions {
  readonly record: RunRecord;
  readonly rows: readonly JournalRow[];
  readonly writer: Writer;
  readonly clock: Clock;
  /** Asks the journal whether the run is still ours, and closes the log if it is not. */
  confirm(log: RunLog): Promise<void>;
  /** Hears when the run begins or ends to do nothing but wait. */
  idled(): void;
}

export class RunLog {
  readonly run: string;
  readonly epoch: number;
  readonly clock: Clock;
  /** The outermost call of the run in this life, once it has begun. */
  call: Call | undefined = undefined;
  /** The sequence number of the next row. */
  next: number;
  /** Reading of the monotonic clock after which no step begins before ownership is confirmed. */
  guard = Number.POSITIVE_INFINITY;
  readonly #options: RunLogOptions;
  readonly #rows = new Map<string, JournalRow>();
  readonly #begun = new Set<string>();
  readonly #claimed = new Set<string>();
  readonly #entered = new Set<string>();
  readonly #controller = new AbortController();
  #closed: { readonly reason: unknown } | undefined = undefined;
  #notes: Promise<void> | undefined = undefined;
  #waits = 0;
  #questions = 0;

  constructor(options: RunLogOptions) {
    const { record, rows } = options;
    this.#options = options;
    this.run = record.id;
    this.epoch = record.epoch;
    this.clock = options.clock;
    this.next = (rows.at(-1)?.seq ?? -1) + 1;
    for (const row of rows) {
      if (row.type === "begin") this.#begun.add(row.key);
      else this.#rows.set(row.key, row);
    }
  }

  /** Fires with the reason when the log is closed or the run is cancelled. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get reason(): unknown {
    return this.#closed?.reason;
  }

  /** Whether some part of the run waits for a human or a time. */
  get idle(): boolean {
    return this.#waits > 0;
  }

  /** The kept row of a step, which is thereby accounted for. */
  take(path: string): JournalRow | undefined {
    const row = this.#rows.get(path);
    if (row !== undefined) this.#claimed.add(path);
    return row;
  }

  wasBegun(path: string): boolean {
    return this.#begun.has(path);
  }

  /** Notes that a step's own code runs in this life, so its kept children should be asked for. */
  entered(path: string): void {
    if (this.#rows.size > 0) this.#entered.add(path);
  }

  /** Kept results that the code, as it is now, never asked for. */
  orphans(): readonly string[] {
    return [...this.#rows.values()]
      .filter((row) => this.#entered.has(row.parent) && !this.#claimed.has(row.key))
      .map((row) => row.key);
  }

  /** Writes; resolves when it is kept. */
  append(part: RunPart): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed.reason);
    return this.#options.writer.add(this, part);
  }

  /** Writes without waiting: the next step waits instead. */
  note(part: RunPart): void {
    // A failure closes the log, which is where everybody learns of it.
    const noted = this.append(part).catch(() => {});
    this.#notes = noted;
    void noted.then(() => {
      if (this.#notes === noted) this.#notes = undefined;
    });
  }

  /** Resolves when a step may begin: facts are written and the run is still ours. Undefined when it may at once. */
  ready(): Promise<void> | undefined {
    if (this.#closed === undefined && this.#notes === undefined && this.clock.monotonic() <= this.guard)
      return undefined;
    return this.#becomeReady();
  }

  async #becomeReady(): Promise<void> {
    await this.#notes;
    if (this.clock.monotonic() > this.guard) await this.#options.confirm(this);
    if (this.#closed !== undefined) throw this.#closed.reason;
  }

  advance(rows: number): void {
    this.next += rows;
  }

  /** Ends the work on this run in this process; nothing more is written. */
  close(reason: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.#controller.abort(reason);
  }

  /** Stops the run's call; how it ended is still written. */
  cancel(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Ends the log after the run's own end was written. */
  end(): void {
    this.#closed ??= { reason: fail("run.ended", { run: this.run }, { stack: false }) };
  }

  /** Counts a wait; the returned function ends it. A wait for a decision shows in the run's status. */
  beginWait(forDecision: boolean): () => void {
    this.#waits++;
    if (forDecision) this.#questions++;
    if (this.#waits === 1) this.#options.idled();
    return () => {
      this.#waits--;
      // A run that is stopped in the middle of a wait still waits, for whoever works on it next.
      const goesOn = this.call?.signal.aborted !== true;
      if (forDecision && --this.#questions === 0 && goesOn) this.note({ update: { status: "running" } });
      if (this.#waits === 0) this.#options.idled();
    };
  }
}
