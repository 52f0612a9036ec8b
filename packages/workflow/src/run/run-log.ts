// What one run has kept, as this process knows it.
//
// 1. Rows are loaded once, completely, before any of the run's code runs; later rows are only written.
// 2. The run's code learns a result at once, and nothing that another could see begins before it is kept: no step, no
//    child, no question, no end. So a step costs no more than one append, and the last one travels with the end.
// 3. A closed log writes nothing more: the run was taken over, has ended, or its engine ends. Closing stops its call.
// 4. A log that is being left (parked, begun anew) takes nothing more while that is written.
import { type Call, type Clock, type JournalRow, type RunAppend, type RunRecord, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { StepFrame } from "./frame.ts";
import type { Writer } from "./writer.ts";

/** What is written together. */
export type RunPart = Partial<Omit<RunAppend, "run" | "epoch" | "seq">>;

export interface RunLogOptions {
  readonly record: RunRecord;
  readonly rows: readonly JournalRow[];
  readonly writer: Writer;
  readonly clock: Clock;
  /** Asks the journal whether the run is still ours, and closes the log if it is not. */
  confirm(log: RunLog): Promise<void>;
  /** Hears when the run begins or ends to do nothing but wait. */
  idled(): void;
  /** Hears how many rows were kept. */
  grew(log: RunLog, added: number): void;
}

/** Something that the run waits for. */
export interface Wait {
  /** When it is over by itself, in epoch milliseconds. */
  readonly until?: number | undefined;
  /** Whether it shows in the run's status. */
  readonly forDecision?: boolean;
}

export class RunLog {
  readonly run: string;
  readonly epoch: number;
  readonly turn: number;
  /** Epoch milliseconds by which the run must have ended. */
  readonly deadline: number | undefined;
  readonly clock: Clock;
  /** The outermost call of the run in this life, once it has begun. */
  call: Call | undefined = undefined;
  /** The sequence number of the next row. */
  next: number;
  /** Reading of the monotonic clock after which no step begins before ownership is confirmed. */
  guard = Number.POSITIVE_INFINITY;
  /** How much has come for the run from outside, as far as this process has looked at it. */
  wakes: number;
  /** Counts what happens: who wants to know whether nothing did compares. */
  moves = 0;
  /** Steps whose own code is at work, the run itself among them. */
  readonly open = new Set<StepFrame>();
  readonly waits = new Set<Wait>();
  readonly #options: RunLogOptions;
  readonly #rows = new Map<string, JournalRow>();
  readonly #begun = new Set<string>();
  readonly #claimed = new Set<string>();
  readonly #entered = new Set<string>();
  readonly #controller = new AbortController();
  #closed: { readonly reason: unknown } | undefined = undefined;
  #leaving: { readonly reason: unknown } | undefined = undefined;
  #notes: Promise<void> | undefined = undefined;
  #questions = 0;

  constructor(options: RunLogOptions) {
    const { record, rows } = options;
    this.#options = options;
    this.run = record.id;
    this.epoch = record.epoch;
    this.turn = record.turn;
    this.deadline = record.deadline;
    this.wakes = record.wakes;
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

  /** Whether some part of the run waits for somebody or for a time. */
  get idle(): boolean {
    return this.waits.size > 0;
  }

  /** The kept row of a step, which is thereby accounted for. */
  take(path: string): JournalRow | undefined {
    const row = this.#rows.get(path);
    if (row !== undefined) this.#claimed.add(path);
    return row;
  }

  /** What earlier lives have kept of a kind. */
  keptOf(kind: string): readonly JournalRow[] {
    return [...this.#rows.values()].filter((row) => row.kind === kind);
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
    const over = this.#closed ?? this.#leaving;
    if (over !== undefined) return Promise.reject(over.reason);
    this.moves++;
    return this.#options.writer.add(this, part);
  }

  /** Writes a result without waiting, or throws why nothing is written any more. */
  keep(part: RunPart): void {
    const over = this.#closed ?? this.#leaving;
    if (over !== undefined) throw over.reason;
    this.note(part);
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

  /** Writes the last thing of this life, then closes with the reason. */
  async leave(part: RunPart, reason: unknown): Promise<void> {
    const kept = this.append(part);
    this.#leaving ??= { reason };
    await kept;
    this.close(reason);
  }

  /** Resolves when a step may begin: facts are written and the run is still ours. Undefined when it may at once. */
  ready(): Promise<void> | undefined {
    const open = this.#closed === undefined && this.#leaving === undefined;
    if (open && this.#notes === undefined && this.clock.monotonic() <= this.guard) return undefined;
    return this.#becomeReady();
  }

  async #becomeReady(): Promise<void> {
    await this.#notes;
    // Again where the process stalled while it asked: the answer is as old as the question.
    while (this.#closed === undefined && this.clock.monotonic() > this.guard) await this.#options.confirm(this);
    const over = this.#closed ?? this.#leaving;
    if (over !== undefined) throw over.reason;
  }

  advance(rows: number): void {
    this.next += rows;
    this.#options.grew(this, rows);
  }

  /**
   * Asks the journal for something that the run cannot go on without. When that fails, the run is dropped and goes on
   * after its lease, wherever: its code must not see it, because no replay would.
   */
  async query<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (cause) {
      this.close(fail("run.journal_failed", { run: this.run, reason: toErrorJson(cause).message }, { cause }));
      throw this.reason;
    }
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

  /** Counts a wait; the returned function ends it. */
  beginWait(wait: Wait = {}): () => void {
    const own = { ...wait };
    this.waits.add(own);
    this.moves++;
    if (own.forDecision) this.#questions++;
    if (this.waits.size === 1) this.#options.idled();
    return () => {
      if (!this.waits.delete(own)) return;
      this.moves++;
      // A run that is stopped in the middle of a wait still waits, for whoever works on it next.
      const goesOn = this.call?.signal.aborted !== true;
      if (own.forDecision && --this.#questions === 0 && goesOn) this.note({ update: { status: "running" } });
      if (this.waits.size === 0) this.#options.idled();
    };
  }
}
