// Does async work, so many at a time.
//
// 1. Never more than `concurrency` in work; nothing waits while there is room.
// 2. What waits goes by priority, then age; none is starved. It is bounded: beyond that, `run` rejects.
// 3. For each piece of work nothing is made besides its promise, and its place in the queue while it waits.
import { fail } from "./errors.ts";
import type { Priority } from "./message.ts";
import { type Queued, RANKS, TaskQueue } from "./task-queue.ts";

export interface PoolOptions {
  /** How much is in work at a time. */
  readonly concurrency: number;
  /** How much may wait. Default 100,000. */
  readonly maxWaiting?: number;
}

export interface PoolRunOptions {
  /** Default `normal`. */
  readonly priority?: Priority;
  /** Takes the work out while it waits; once begun, it is the work's own to heed it. */
  readonly signal?: AbortSignal;
}

/** Does async work, so many at a time, the most urgent first. */
export interface Pool {
  /** Does the work when its turn comes; gives what it gives. */
  run<Output>(work: () => Promise<Output>, options?: PoolRunOptions): Promise<Output>;
  /** In work now. */
  readonly active: number;
  readonly waiting: number;
}

/** Makes a pool. It holds no timer and no resource, so it needs no end. */
export function createPool({ concurrency, maxWaiting = 100_000 }: PoolOptions): Pool {
  if (!Number.isInteger(concurrency) || concurrency < 1) throw fail("pool.bad_concurrency", { concurrency });
  return new LivePool(concurrency, maxWaiting);
}

const NO_OPTIONS: PoolRunOptions = {};

class LivePool implements Pool {
  active = 0;
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  readonly #queue = new TaskQueue<Waiting>();
  readonly #idle: Runner[] = [];
  #closing = false;

  constructor(concurrency: number, maxWaiting: number) {
    this.#concurrency = concurrency;
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  run<Output>(work: () => Promise<Output>, options: PoolRunOptions = NO_OPTIONS): Promise<Output> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.active < this.#concurrency) return this.#begin(work);
    if (this.#queue.size >= this.#maxWaiting)
      return Promise.reject(fail("pool.full", { max: this.#maxWaiting }, { stack: false, retryable: true }));
    return new Promise<Output>((resolve, reject) => {
      // The resolver takes what the work gives: both are of this one call.
      const waiting = new Waiting(work, resolve as (value: unknown) => void, reject);
      waiting.rank = RANKS[options.priority ?? "normal"];
      this.#queue.push(waiting);
      if (signal !== undefined) waiting.follow(signal, () => this.#queue.remove(waiting));
    });
  }

  /** Frees a place, and gives it to who waits. */
  readonly leave = (): void => {
    this.active--;
    // What fails at once leaves at once: one loop goes on for all of them.
    if (this.#closing) return;
    this.#closing = true;
    while (this.active < this.#concurrency) {
      const waiting = this.#queue.take();
      if (waiting === undefined) break;
      waiting.unfollow?.();
      this.active++;
      (this.#idle.pop() ?? new Runner(this)).begin(waiting);
    }
    this.#closing = false;
  };

  rest(runner: Runner): void {
    this.#idle.push(runner);
    this.leave();
  }

  #begin<Output>(work: () => Promise<Output>): Promise<Output> {
    this.active++;
    try {
      const result = Promise.resolve(work());
      result.then(this.leave, this.leave);
      return result;
    } catch (error) {
      this.leave();
      return Promise.reject(error);
    }
  }
}

class Waiting implements Queued {
  slot = -1;
  rank = 0;
  readonly tenant = "";
  readonly age = 0;
  readonly work: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  unfollow: (() => void) | undefined = undefined;

  constructor(work: () => Promise<unknown>, resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.work = work;
    this.resolve = resolve;
    this.reject = reject;
  }

  follow(signal: AbortSignal, remove: () => void): void {
    const stop = () => {
      remove();
      this.reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    this.unfollow = () => signal.removeEventListener("abort", stop);
  }
}

/** One place for work that had waited, used again and again: its two listeners are made once. */
class Runner {
  readonly #pool: LivePool;
  #current: Waiting | undefined = undefined;

  constructor(pool: LivePool) {
    this.#pool = pool;
  }

  begin(waiting: Waiting): void {
    this.#current = waiting;
    try {
      Promise.resolve(waiting.work()).then(this.#fulfilled, this.#rejected);
    } catch (error) {
      this.#rejected(error);
    }
  }

  readonly #fulfilled = (value: unknown): void => {
    this.#current?.resolve(value);
    this.#end();
  };

  readonly #rejected = (reason: unknown): void => {
    this.#current?.reject(reason);
    this.#end();
  };

  #end(): void {
    this.#current = undefined;
    this.#pool.rest(this);
  }
}
