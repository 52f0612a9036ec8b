import type { Clock } from "@mofa/kernel";

/** Work that is done again and again, never twice at a time. */
export interface Repeat {
  /** Does it at once, or again if it is being done; resolves when that is done. */
  now(): Promise<void>;
  /** Ends it; resolves when work in flight is done. */
  stop(): Promise<void>;
}

export interface RepeatOptions {
  readonly clock: Clock;
  /** Milliseconds to the next time, asked before each. */
  delay(): number;
  work(): Promise<void>;
}

/** Repeats work until stopped, beginning after the first delay. */
export function repeat({ clock, delay, work }: RepeatOptions): Repeat {
  let cancel: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  function arm(): void {
    if (!stopped) cancel = clock.after(delay(), () => void run());
  }

  async function run(): Promise<void> {
    cancel?.();
    running = (async () => {
      do {
        again = false;
        await work();
      } while (again && !stopped);
    })();
    await running;
    running = undefined;
    arm();
  }

  arm();
  return {
    async now() {
      if (stopped) return;
      if (running === undefined) return run();
      again = true;
      return running;
    },
    async stop() {
      stopped = true;
      cancel?.();
      await running;
    },
  };
}
