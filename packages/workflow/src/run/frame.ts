// The place of one call in a kept run.
//
// 1. A child's path is taken synchronously, in the order of the calls: the n-th equal call is the n-th equal row.
// 2. What is recorded (time, chance, ids, sleeps, questions, signals) is kept before the code sees it.
// 3. A frame is open from the moment its code runs until its result is there; whoever parks a run looks at open frames.
import type {
  Answer,
  Call,
  Heard,
  HearOptions,
  JournalRow,
  Json,
  NewRun,
  Question,
  RunFrame,
  Write,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { joinPath } from "./identity.ts";
import type { RunLog, Wait } from "./run-log.ts";

/** What frames need of their worker. */
export interface FrameHost {
  random(): number;
  uniqueId(): string;
  ask(frame: StepFrame, question: Question): Promise<Answer>;
  hear(frame: StepFrame, name: string, options: HearOptions): Promise<Heard | undefined>;
  /** Notes that a letter is being sent; the returned function says whether that is settled, or others should send it. */
  sending(letter: string): (settled: boolean) => void;
  /** Begins runs under steps. */
  readonly children: ChildHost;
}

interface ChildHost {
  /** Begins a run under a step, once; gives its id. */
  begin(frame: StepFrame, draft: Omit<NewRun, "id" | "parent">, id: string | undefined): Promise<string>;
  /** Waits for what it came to. */
  result(frame: StepFrame, child: string, name: string): Promise<unknown>;
}

export class StepFrame implements RunFrame {
  readonly run: string;
  readonly key: string;
  /** How many lives the run had before this one: in each of them, this step may have been begun. */
  readonly attempt: number;
  /** The key of this step's row; "" for the run itself. */
  readonly path: string;
  readonly log: RunLog;
  readonly host: FrameHost;
  readonly parent: StepFrame | undefined;
  /** The call that stands at this place; known once it came through the durable wrapper. */
  call: Call | undefined;
  /** Steps under this one that are open, and what its own code waits for. */
  resting = 0;
  /** What is to be written together with the result. */
  writes: Write[] | undefined = undefined;
  #counts: Map<string, number> | undefined = undefined;

  constructor(
    host: FrameHost,
    log: RunLog,
    path = "",
    place: { readonly parent?: StepFrame; readonly call?: Call } = {},
  ) {
    this.host = host;
    this.log = log;
    this.path = path;
    this.parent = place.parent;
    this.call = place.call;
    this.run = log.run;
    // A turn begins with nothing: its steps are others, and so are their keys towards the outside.
    const run = log.turn === 0 ? log.run : `${log.run}~${log.turn + 1}`;
    this.key = path === "" ? run : `${run}/${path}`;
    this.attempt = log.epoch - 1;
  }

  /** The frame of a nested call. */
  child(identity: string, call: Call): StepFrame {
    return new StepFrame(this.host, this.log, this.place(identity), { parent: this, call });
  }

  /** Notes that its code runs now. */
  open(): void {
    const { log, parent } = this;
    log.entered(this.path);
    log.open.add(this);
    log.moves++;
    if (parent !== undefined) parent.resting++;
  }

  /** Notes that its result is there. */
  close(): void {
    const { log, parent } = this;
    if (!log.open.delete(this)) return;
    log.moves++;
    if (parent !== undefined) parent.resting--;
  }

  /** The path of the next of equal things under this step. */
  place(identity: string): string {
    this.#counts ??= new Map();
    const count = (this.#counts.get(identity) ?? 0) + 1;
    this.#counts.set(identity, count);
    return joinPath(this.path, identity, count);
  }

  /** A row of this step, ready to be written. */
  row(row: Pick<JournalRow, "key" | "type" | "kind" | "name"> & Partial<JournalRow>): Omit<JournalRow, "seq"> {
    return { parent: this.path, at: this.log.clock.now(), ...row };
  }

  now(): Promise<number> {
    return this.#record("now", () => this.log.clock.now());
  }

  random(): Promise<number> {
    return this.#record("random", () => this.host.random());
  }

  uniqueId(): Promise<string> {
    return this.#record("uniqueId", () => this.host.uniqueId());
  }

  /** A moment so many milliseconds from now, the same in every life. */
  later(ms: number, identity: string): Promise<number> {
    return this.#record("sleep", () => this.log.clock.now() + ms, identity);
  }

  async sleep(ms: number): Promise<void> {
    const until = await this.later(ms, `sleep:${ms}`);
    const rest = until - this.log.clock.now();
    if (rest > 0) await this.wait({ until }, (wake) => this.log.clock.after(rest, wake));
  }

  ask(question: Question): Promise<Answer> {
    return this.host.ask(this, question);
  }

  hear(name: string, options: HearOptions = {}): Promise<Heard | undefined> {
    return this.host.hear(this, name, options);
  }

  async write(write: Write): Promise<void> {
    if (this.writes === undefined) throw fail("step.not_tx", { step: this.key });
    this.writes.push(write);
  }

  /** Pins plain data to this step: the first life's is what every later life gets. */
  pin(name: string, body: Json): Json {
    const key = this.place(name);
    const kept = this.log.take(key);
    if (kept !== undefined) return kept.body ?? null;
    if (!this.log.closed) this.log.note({ rows: [this.row({ key, type: "value", kind: "value", name, body })] });
    return body;
  }

  /** Counts a wait of this step's own code; the returned function ends it. */
  beginWait(wait: Wait): () => void {
    const end = this.log.beginWait(wait);
    this.resting++;
    return () => {
      this.resting--;
      end();
    };
  }

  /** Waits until woken; rejects when the call is cancelled or the run stops. `arm` gives a function that takes it back. */
  async wait(wait: Wait, arm: (wake: () => void) => () => void): Promise<void> {
    const end = this.beginWait(wait);
    try {
      await this.#untilWoken(arm);
    } finally {
      end();
    }
  }

  #untilWoken(arm: (wake: () => void) => () => void): Promise<void> {
    const signal = this.call?.signal ?? this.log.signal;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = () => {
        disarm();
        reject(signal.reason);
      };
      const disarm = arm(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  async #record<T extends Json>(name: string, make: () => T, identity = name): Promise<T> {
    const key = this.place(identity);
    const kept = this.log.take(key);
    // What was kept under this name is what make gave in an earlier life.
    if (kept !== undefined) return kept.body as T;
    await this.log.ready();
    const body = make();
    await this.log.append({ rows: [this.row({ key, type: "value", kind: "value", name, body })] });
    return body;
  }
}
