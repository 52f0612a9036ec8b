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

/** The same, and rejects with what `late` gives when it took longer; what the work comes to then is nobody's. */
export function before<T>(
  clock: Clock,
  { ms, late }: { readonly ms: number; readonly late: () => unknown },
  work: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const clear = clock.after(ms, () => reject(late()));
    work.then(resolve, reject).finally(clear);
  });
}
