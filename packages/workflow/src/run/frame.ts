// The place of one call in a kept run.
//
// 1. A child's path is taken synchronously, in the order of the calls: the n-th equal call is the n-th equal row.
// 2. What is recorded (time, chance, ids, sleeps, questions) is kept before the code sees it.
import type { Answer, Call, JournalRow, Json, Question, RunFrame } from "@mofa/kernel";
import { joinPath } from "./identity.ts";
import type { RunLog } from "./run-log.ts";

/** What frames need of their worker. */
export interface FrameHost {
  random(): number;
  uniqueId(): string;
  ask(frame: StepFrame, question: Question): Promise<Answer>;
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
  /** The call that stands at this place; known once it came through the durable wrapper. */
  call: Call | undefined;
  #counts: Map<string, number> | undefined = undefined;

  constructor(host: FrameHost, log: RunLog, path = "", call?: Call) {
    this.host = host;
    this.log = log;
    this.path = path;
    this.call = call;
    this.run = log.run;
    this.key = path === "" ? log.run : `${log.run}/${path}`;
    this.attempt = log.epoch - 1;
  }

  /** The frame of a nested call. */
  child(identity: string, call: Call): StepFrame {
    return new StepFrame(this.host, this.log, this.place(identity), call);
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

  async sleep(ms: number): Promise<void> {
    const until = await this.#record("sleep", () => this.log.clock.now() + ms, `sleep:${ms}`);
    const rest = until - this.log.clock.now();
    if (rest <= 0) return;
    const done = this.log.beginWait(false);
    try {
      await this.wait((wake) => this.log.clock.after(rest, wake));
    } finally {
      done();
    }
  }

  ask(question: Question): Promise<Answer> {
    return this.host.ask(this, question);
  }

  /** Pins plain data to this step: the first life's is what every later life gets. */
  pin(name: string, body: Json): Json {
    const key = this.place(name);
    const kept = this.log.take(key);
    if (kept !== undefined) return kept.body ?? null;
    if (!this.log.closed) this.log.note({ rows: [this.row({ key, type: "value", kind: "value", name, body })] });
    return body;
  }

  /** Waits until woken; rejects when the call is cancelled or the run stops. `arm` gives a function that takes it back. */
  wait(arm: (wake: () => void) => () => void): Promise<void> {
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
