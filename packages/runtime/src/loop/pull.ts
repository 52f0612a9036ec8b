// One event at a time out of a source.
//
// 1. Stopped, it gives nothing more, even while the source is being waited for; what comes too late goes to `late`.
// 2. A source that did not end by itself is told to return, exactly once.
import { type Clock, toErrorJson } from "@mofa/kernel";

export interface Pull<T> {
  /** The next event; undefined when there are no more or it was stopped. */
  next(): Promise<{ readonly value: T } | undefined>;
  stop(): void;
  /** Tells the source to return; waits for that at most `ms`. Gives what is wrong with it, in words, or undefined. */
  end(clock: Clock, ms: number): Promise<string | undefined>;
}

export type Source<T> = AsyncIterable<T> | ((signal: AbortSignal) => AsyncIterable<T>);

/** Begins to take events from a source; `late` hears of one that came when no more were wanted. */
export function pullFrom<T>(source: Source<T>, late: (event: T) => void): Pull<T> {
  const stop = new AbortController();
  let iterator: AsyncIterator<T> | undefined;
  let over = false;
  let halt = () => {};

  async function ask(): Promise<{ readonly value: T } | undefined> {
    try {
      iterator ??= (typeof source === "function" ? source(stop.signal) : source)[Symbol.asyncIterator]();
      const result = await iterator.next();
      if (result.done === true) over = true;
      return result.done === true ? undefined : { value: result.value };
    } catch (error) {
      over = true;
      // A source that was told to stop may say so by throwing the signal's reason.
      if (stop.signal.aborted) return undefined;
      throw error;
    }
  }

  return {
    next() {
      if (stop.signal.aborted) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        halt = () => resolve(undefined);
        ask().then((next) => {
          if (next !== undefined && stop.signal.aborted) late(next.value);
          else resolve(next);
        }, reject);
      });
    },
    stop() {
      stop.abort();
      halt();
    },
    end(clock, ms) {
      if (over || iterator?.return === undefined) return Promise.resolve(undefined);
      const returned = Promise.resolve(iterator.return()).then(
        () => undefined,
        (error: unknown) => toErrorJson(error).message,
      );
      return new Promise((resolve) => {
        const clear = clock.after(ms, () => resolve(`It did not return within ${ms} ms.`));
        void returned.then((wrong) => {
          clear();
          resolve(wrong);
        });
      });
    },
  };
}
