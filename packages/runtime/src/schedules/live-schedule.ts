// One schedule, from its beginning to its end.
//
// 1. Every time of it is looked at once: it begins a run, or was missed. What was missed is made up for or left out,
//    by the policy; `missed` counts what was left out.
// 2. Never more than `concurrency` runs of it; what is to be made up for is a number, not a queue.
// 3. Paused, it has no timer and begins nothing. Ended, it begins nothing ever; what runs goes on.
import type { Clock, ErrorJson, Json, Log, Schedule, ScheduleInfo, ScheduleOptions, TaskDraft } from "@mofa/kernel";
import { toErrorJson, toJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type Times, toTimes } from "./times.ts";

/** What a schedule needs of its plugin. */
export interface ScheduleHost {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether what is given up is given up because everything ends. */
  ending(): boolean;
  /** Submits a task when there is room for it; gives its result. */
  run(task: TaskDraft): Promise<unknown>;
  /** Hears that nothing of it will ever be done again. */
  over(schedule: LiveSchedule): void;
}

/** A time that is looked at later than this was missed: the process slept, or could not breathe. */
const LATE_MS = 60_000;
/** At most so many missed times are made up for. */
const MOST_MADE_UP = 1000;

export class LiveSchedule implements Schedule {
  readonly name: string;
  readonly #host: ScheduleHost;
  readonly #options: ScheduleOptions;
  readonly #definition: Json;
  readonly #times: Times;
  readonly #concurrency: number;
  #status: "waiting" | "paused" | "ended" = "waiting";
  /** Up to here every time was looked at. */
  #seen: number;
  #next: number | undefined = undefined;
  #timer: (() => void) | undefined = undefined;
  #owed = 0;
  #last: number | undefined = undefined;
  #running = 0;
  #done = 0;
  #failed = 0;
  #missed = 0;
  #error: ErrorJson | undefined = undefined;

  constructor(host: ScheduleHost, options: ScheduleOptions) {
    const { name, concurrency = 1, at, paused = false } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw fail("schedule.bad_options", {
        schedule: name,
        problem: `concurrency must be a whole number of at least 1, not ${concurrency}`,
      });
    const now = host.clock.now();
    this.#times = toTimes(options, now);
    this.#definition = toJson(options);
    this.#host = host;
    this.#options = options;
    this.#concurrency = concurrency;
    this.name = name;
    // A single time that has passed already was missed, not forgotten.
    this.#seen = at === undefined ? now : Math.min(now, at - 1);
    if (paused) this.#status = "paused";
  }

  get info(): ScheduleInfo {
    return {
      name: this.name,
      status: this.#status,
      next: this.#next,
      last: this.#last,
      running: this.#running,
      done: this.#done,
      failed: this.#failed,
      missed: this.#missed,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      definition: this.#definition,
    };
  }

  /** Looks at what has passed already, and waits for what comes. */
  begin(): void {
    if (this.#status === "waiting") this.#look();
  }

  pause(): void {
    if (this.#status !== "waiting") return;
    this.#disarm();
    this.#status = "paused";
  }

  resume(): void {
    if (this.#status !== "paused") return;
    this.#status = "waiting";
    const { count } = this.#pass();
    this.#miss(count);
    this.#makeUp();
    this.#arm();
  }

  end(): void {
    if (this.#status === "ended") return;
    this.#disarm();
    this.#owed = 0;
    this.#status = "ended";
    this.#host.over(this);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const { count, last } = this.#pass();
    const now = this.#host.clock.now();
    const inTime = last !== undefined && now - last <= LATE_MS && this.#hasRoom();
    if (inTime && this.#options.missed === "once") {
      // The run that is due anyway makes up for all that came before it.
      this.#missed += count - 1;
    } else this.#miss(count - (inTime ? 1 : 0));
    if (inTime) this.#run();
    this.#makeUp();
    this.#arm();
  };

  /** Takes note of the times that have passed. */
  #pass() {
    const now = this.#host.clock.now();
    const passed = this.#times.between(this.#seen, now);
    this.#seen = Math.max(this.#seen, now);
    return passed;
  }

  #miss(count: number): void {
    const { missed = "skip" } = this.#options;
    const most = missed === "skip" ? 0 : missed === "once" ? 1 : MOST_MADE_UP;
    const owed = Math.min(most, this.#owed + count);
    this.#missed += this.#owed + count - owed;
    this.#owed = owed;
  }

  #makeUp(): void {
    while (this.#owed > 0 && this.#status === "waiting" && this.#hasRoom()) {
      this.#owed--;
      this.#run();
    }
  }

  #hasRoom(): boolean {
    return this.#running < this.#concurrency;
  }

  #run(): void {
    this.#running++;
    this.#last = this.#host.clock.now();
    this.#host.run(this.#options.task).then(
      () => {
        this.#done++;
        this.#ran();
      },
      (error: unknown) => {
        // A plugin or a kernel that ends gives up its work: that is no failure of the work.
        if (!this.#host.ending()) this.#fail(error);
        this.#ran();
      },
    );
  }

  #ran(): void {
    this.#running--;
    this.#makeUp();
    this.#endWhenOver();
  }

  #fail(error: unknown): void {
    this.#failed++;
    this.#error = toErrorJson(error);
    const { code, message } = this.#error;
    this.#host.log.warn(`The schedule "${this.name}" ran and failed: ${message}`, { schedule: this.name, code });
  }

  #arm(): void {
    if (this.#status !== "waiting") return;
    this.#next = this.#times.after(this.#seen);
    if (this.#next === undefined) {
      this.#endWhenOver();
      return;
    }
    this.#timer = this.#host.clock.after(Math.max(0, this.#next - this.#host.clock.now()), this.#look);
  }

  #disarm(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#next = undefined;
  }

  #endWhenOver(): void {
    if (this.#status !== "waiting" || this.#timer !== undefined || this.#next !== undefined) return;
    if (this.#owed === 0 && this.#running === 0) this.end();
  }
}
