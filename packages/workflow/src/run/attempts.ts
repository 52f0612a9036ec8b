import { type Log, toErrorJson } from "@mofa/kernel";

/** Does work that comes again by itself. What it fails with is told of; it rejects never. */
export type Attempt = (what: string, work: () => Promise<unknown>) => Promise<void>;

/**
 * Attempts at work that is tried again later anyway. One that fails is told of once, and again when it fails for another
 * reason: while a database is away, the same sentence every other second would bury all others.
 */
export function createAttempts(log: Log): Attempt {
  const failing = new Map<string, { readonly code: string; times: number }>();
  return async (what, work) => {
    try {
      await work();
    } catch (thrown) {
      const { code, message } = toErrorJson(thrown);
      const known = failing.get(what);
      if (known?.code === code) {
        known.times++;
        log.debug(`${what} failed again: ${message}`);
        return;
      }
      failing.set(what, { code, times: 1 });
      log.warn(`${what} failed, and will be tried again: ${message}`);
      return;
    }
    const known = failing.get(what);
    if (known === undefined) return;
    failing.delete(what);
    log.info(`${what} works again, after ${known.times} failed ${known.times === 1 ? "attempt" : "attempts"}.`);
  };
}
