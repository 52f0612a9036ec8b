import type { Clock } from "../clock.ts";

/** Waits for work to end, but not for longer than so many milliseconds. */
export function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const clear = clock.after(ms, resolve);
    void work.finally(() => {
      clear();
      resolve();
    });
  });
}
