// The end of a kernel: at once, or after those who are at work had time to finish.
//
// 1. From the first call of `end` on, no new work is taken, whatever the grace.
//    Runs that wait for a person, or for tomorrow, get no grace: they wait on in the next process.
// 2. It ends once: when nothing is in work any more, or when the grace is over. Asked again, the grace only gets shorter.
import type { Clock } from "../clock.ts";

export interface EndOptions {
  /** Milliseconds that agents and calls in flight get to finish before they are cancelled. Default 0. */
  readonly grace?: number;
}

export interface Ending {
  begun(): boolean;
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
  /** Whether anything that is in work would be lost: what only waits for what a run keeps would not. */
  atWork(): boolean;
  end(): Promise<void>;
}

// How often to look whether all that is left only waits.
const LOOK_MS = 50;

export function createEnding({ clock, reason, quiet, atWork, end }: Ended): Ending {
  const controller = new AbortController();
  let ending: Promise<void> | undefined;
  let shorten: ((ms: number) => void) | undefined;

  function waitFor(grace: number): Promise<void> {
    return new Promise((resolve) => {
      const until = clock.monotonic() + grace;
      let clear = clock.after(grace, done);
      let unlook = clock.after(LOOK_MS, look);
      function look() {
        if (atWork()) unlook = clock.after(LOOK_MS, look);
        else done();
      }
      function done() {
        clear();
        unlook();
        // Asked again, there is nothing left to wait for.
        shorten = undefined;
        resolve();
      }
      shorten = (ms) => {
        if (clock.monotonic() + ms >= until) return;
        clear();
        if (ms <= 0) done();
        else clear = clock.after(ms, done);
      };
      void quiet().then(done);
    });
  }

  return {
    begun: () => ending !== undefined,
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
