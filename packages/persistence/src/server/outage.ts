import type { Log } from "@mofa/kernel";

/** Whether a server is there, in the words of whoever operates it: told when that changes, not with each piece of work. */
export interface Outage {
  /** A connection could not be had. */
  begins(error: Error): void;
  /** Work went through. */
  ends(): void;
}

// A server that takes some connections and refuses others would else be told of many times a second.
const SELDOM = 10_000;

/** Tells a log of outages; `now` gives milliseconds that never go back. */
export function createOutage(file: string, log: Log | undefined, now: () => number): Outage {
  let since: number | undefined;
  let told = Number.NEGATIVE_INFINITY;
  return {
    begins(error) {
      if (since !== undefined || now() - told < SELDOM) return;
      since = now();
      told = since;
      log?.warn(`${error.message} What needs it waits, and is tried again.`, { file });
    },
    ends() {
      if (since === undefined) return;
      const ms = Math.round(now() - since);
      since = undefined;
      log?.info(`The database server of "${file}" is there again, after ${ms} ms.`, { file, ms });
    },
  };
}
