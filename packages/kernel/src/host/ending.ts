// The end of a kernel: at once, or after those who are at work had time to finish.
//
// 1. From the first call of `end` on, no new work is taken, whatever the grace.
// 2. It ends once: when nothing is in work any more, or when the grace is over. Asked again, the grace only gets shorter.
import type { Clock } from "../clock.ts";

export interface EndOptions {
  /** Milliseconds that agents and calls in flight get to finish before they are cancelled. Default 0. */
  readonly grace?: number;
}

export interface Ending {
  readonly begun: boolean;
  /** Fires when the end begins. */
  readonly signal: AbortSignal;
  end(options?: EndOptions): Promise<void>;
}

/** What is to end. */
export interface Ended {
  readonly clock: Clock;
  /** Why no new work is taken. */
  reason(): unknown;
  /** Resolves when nothing is in work. */
  quiet(): Promise<void>;
  end(): Promise<void>;
}

export function createEnding({ clock, reason, quiet, end }: Ended): Ending {
  const controller = new AbortController();
  let ending: Promise<void> | undefined;
  let shorten: ((ms: number) => void) | undefined;

  function waitFor(grace: number): Promise<void> {
    return new Promise((resolve) => {
      const until = clock.monotonic() + grace;
      let clear = clock.after(grace, resolve);
      shorten = (ms) => {
        if (clock.monotonic() + ms >= until) return;
        clear();
        if (ms <= 0) resolve();
        else clear = clock.after(ms, resolve);
      };
      void quiet().then(() => {
        clear();
        resolve();
      });
    });
  }

  return {
    get begun() {
      return ending !== undefined;
    },
    signal: controller.signal,
    end({ grace = 0 } = {}) {
      if (ending === undefined) {
        ending = grace > 0 ? waitFor(grace).then(end) : end();
        controller.abort(reason());
      } else shorten?.(grace);
      return ending;
    },
  };
}
