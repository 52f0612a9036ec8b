import type { AnyAction, ErrorJson } from "@mofa/kernel";
import type { Source } from "./pull.ts";

/** Who works on an event: whoever has an address, or an action. */
export type Target =
  | {
      /** `agent:ann`, `role:critic` (one of them): asked, and its answer awaited. */
      readonly to: string;
      /** Default: the name of the loop. */
      readonly type?: string;
      /** Default: the event itself. */
      readonly body?: unknown;
    }
  | { readonly action: AnyAction; readonly input: unknown };

export interface EventLoopOptions<T> {
  /** Names it in events, logs and errors. Default `events`. */
  readonly name?: string;
  /** Where events come from; a function gets a signal that fires when no more are wanted. */
  readonly source: Source<T>;
  /** Says who works on an event; undefined leaves it out. What it throws fails that event. */
  readonly dispatch: (event: T) => Target | undefined | Promise<Target | undefined>;
  /** Milliseconds that one event may take. Default: what its action allows. */
  readonly timeout?: number;
  /** How many are worked on at a time. The source is asked for the next only when there is room. Default 1. */
  readonly concurrency?: number;
  /** Milliseconds that those in work get to finish when the loop stops. Default 5,000. */
  readonly drain?: number;
  /** Hears what an event came to. */
  readonly handled?: (event: T, output: unknown) => void | Promise<void>;
  /** Hears of an event that came to nothing: failed, out of time, or interrupted. */
  readonly failed?: (event: T, error: unknown) => void | Promise<void>;
}

/** What became of the events. */
export interface LoopCounts {
  /** Taken from the source. */
  readonly taken: number;
  readonly running: number;
  readonly handled: number;
  readonly failed: number;
  readonly interrupted: number;
  /** Left out by `dispatch`. */
  readonly skipped: number;
}

export interface LoopSummary extends LoopCounts {
  /** `ended`: the source had no more. `stopped`: it was told to. `failed`: the source itself failed, with `error`. */
  readonly status: "ended" | "stopped" | "failed";
  readonly error?: ErrorJson;
}

/** A loop at work. */
export interface EventLoop extends AsyncDisposable {
  readonly name: string;
  /** Never rejects: what went wrong is in the summary and in the log. */
  readonly done: Promise<LoopSummary>;
  readonly counts: LoopCounts;
  /** Cancels what is in work, down to what it waits for; goes on with the next events. Says how many events that were. */
  interrupt(reason?: string): number;
  /** Takes no more events; those in work finish within `drain`, then they are cancelled. Asked again, it can cut that short. */
  stop(options?: { readonly drain?: number }): Promise<LoopSummary>;
}
