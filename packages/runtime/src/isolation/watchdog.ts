// Sees whether the event loop of an isolate still turns while work is in it.
//
// 1. Looks are counted, not time: when our own loop was held up, many missed looks become one, and nobody is blamed.
// 2. Without work in it there is no timer; there is never more than one.
import type { Clock } from "@mofa/kernel";

export interface WatchdogOptions {
  readonly clock: Clock;
  /** Milliseconds without an answer of the event loop. */
  readonly most: number;
  /** Whether work is in the isolate. */
  working(): boolean;
  /** Asks for an answer. */
  ping(): void;
  /** Looks at something else each time. */
  look(): Promise<void>;
  hung(): void;
}

export interface Watchdog {
  /** Work was given. */
  wake(): void;
  /** The isolate answered. */
  answered(): void;
  end(): void;
}

const LOOKS = 8;
const LONGEST_LOOK = 100;

export function createWatchdog({ clock, most, working, ping, look, hung }: WatchdogOptions): Watchdog {
  const every = Math.min(LONGEST_LOOK, Math.max(1, most / LOOKS));
  const patience = Math.ceil(most / every);
  let cancel: (() => void) | undefined;
  let missed = 0;
  let asked = false;
  let looking = false;

  function next(): void {
    cancel = clock.after(every, () => {
      cancel = undefined;
      if (!working()) {
        asked = false;
        return;
      }
      if (asked && ++missed >= patience) return hung();
      ask();
      void lookOnce();
      next();
    });
  }

  function ask(): void {
    if (asked) return;
    asked = true;
    missed = 0;
    ping();
  }

  async function lookOnce(): Promise<void> {
    // An isolate that is held up answers late: one look at a time.
    if (looking) return;
    looking = true;
    await look();
    looking = false;
  }

  return {
    wake() {
      if (cancel === undefined) next();
    },
    answered() {
      asked = false;
    },
    end() {
      cancel?.();
      cancel = undefined;
    },
  };
}
