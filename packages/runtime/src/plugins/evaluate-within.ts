import type { Clock } from "@mofa/kernel";
import { fail } from "../errors.ts";

export interface Limit {
  readonly clock: Clock;
  readonly ms: number;
  /** What is loaded, for people. */
  readonly file: string;
  /** Who waits no longer. */
  readonly signal: AbortSignal;
}

/** Waits for a module to load, but not for ever: one that awaits what never comes must not hold up the others. */
export async function evaluateWithin<T>({ clock, ms, file, signal }: Limit, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  const cancel = clock.after(ms, () => reject(fail("module.too_slow", { file, ms })));
  signal.addEventListener("abort", stop, { once: true });
  try {
    // What comes too late is let go.
    return await Promise.race([work(), late]);
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}
