import type { ErrorJson } from "../error.ts";
import type { Json } from "../json.ts";
import type { Priority } from "../message.ts";

/** Work for whoever can do it. */
export interface TaskDraft {
  /** What it is called, for people. */
  readonly name?: string;
  /** An agent by name; without it, any that holds the role and all capabilities. */
  readonly agent?: string;
  readonly role?: string;
  readonly capabilities?: readonly string[];
  readonly input: unknown;
  /** Default `normal`; what waits long is served though more urgent work comes. */
  readonly priority?: Priority;
  /** Epoch milliseconds: past it the task fails with `task.deadline`, whether it waits or runs. */
  readonly deadline?: number;
  /** Tenants take turns within a priority, however much each of them submits. */
  readonly tenant?: string;
  /**
   * May be interrupted by more urgent work when nobody has room: it is queued again, whole, at its old age. That happens
   * five times at most, and not to what had its turn before urgent work because it had waited long.
   */
  readonly preemptible?: boolean;
  /** When nobody can do it: `refuse` fails it with `task.unmatched`, `park` keeps it until somebody comes. Default `refuse`. */
  readonly unmatched?: "refuse" | "park";
  readonly trace?: string;
}

export type TaskStatus = "parked" | "queued" | "running" | "done" | "failed" | "cancelled";

/** A task that was submitted. */
export interface Task<Output = unknown> {
  readonly id: string;
  readonly status: TaskStatus;
  /** What the agent gave; rejects with its error, `task.deadline`, `task.cancelled` or `task.unmatched`. */
  readonly result: Promise<Output>;
  /** False when it had ended. */
  cancel(reason?: unknown): boolean;
}

/** What is to be seen of a task that has not ended. Plain data. */
export interface TaskInfo {
  readonly id: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly priority: Priority;
  readonly role?: string;
  /** The agent it runs on. */
  readonly agent?: string;
  readonly tenant?: string;
  /** Epoch milliseconds when it was submitted. */
  readonly at: number;
  readonly deadline?: number;
  /** How often it was interrupted for more urgent work. */
  readonly preempted: number;
  /** Why nobody takes it: it is parked, or all who can do it are paused or down. */
  readonly reason?: string;
}

/** Gives tasks to agents that can do them and have room. */
export interface Scheduler {
  readonly name: string;
  /** Throws `task.malformed`, `scheduler.full` and `kernel.closed`; whatever else goes wrong is in the task. */
  submit<Output = unknown>(draft: TaskDraft): Task<Output>;
  /** Tasks that have not ended, oldest first. */
  list(): readonly TaskInfo[];
  find(id: string): Task | undefined;
  /** How many tasks run at a time over all agents of a role; undefined lifts the bound. */
  limit(role: string, capacity: number | undefined): void;
}

/** When something is done again. Exactly one of `every`, `cron`, `at` is given. */
export interface ScheduleOptions {
  readonly name: string;
  /** Milliseconds between beginnings. */
  readonly every?: number;
  /** Five or six fields, or `@daily` and its like. */
  readonly cron?: string;
  /** Once, at this time: epoch milliseconds. */
  readonly at?: number;
  /** An IANA name for `cron`: `Europe/Oslo`. Default UTC. */
  readonly timezone?: string;
  /** What was missed (paused, asleep, too busy): left out, made up for one by one, or by one. Default `skip`. */
  readonly missed?: "skip" | "burst" | "once";
  /** At most so many at a time; a time that finds no room counts as missed. Default 1. */
  readonly concurrency?: number;
  /** What is submitted each time. */
  readonly task: TaskDraft;
  readonly paused?: boolean;
}

export interface ScheduleInfo {
  readonly name: string;
  readonly status: "waiting" | "paused" | "ended";
  /** Epoch milliseconds of the next time; undefined when there is none. */
  readonly next: number | undefined;
  readonly last: number | undefined;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  /** Times that were left out: they had no run, and will have none. */
  readonly missed: number;
  /** What the last failure was. */
  readonly error?: ErrorJson;
  readonly definition: Json;
}

/** A thing that is done again and again, in the memory of this process. */
export interface Schedule {
  readonly info: ScheduleInfo;
  pause(): void;
  resume(): void;
  /** Takes it away; what runs goes on. */
  end(): void;
}

/** Keeps time for tasks: delayed and recurring. */
export interface Schedules {
  readonly name: string;
  /** The task's input must be JSON. */
  add(options: ScheduleOptions): Schedule;
  /** Also one that ended lately. */
  get(name: string): Schedule;
  list(): readonly ScheduleInfo[];
}
