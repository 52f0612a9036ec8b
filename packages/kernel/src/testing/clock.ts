import type { Clock } from "../clock.ts";

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Moves time, calling back what is due, in order; lets promises settle before, between and after. */
  advance(ms: number): Promise<void>;
  /** Timers that still wait. */
  readonly pending: number;
}

const START = Date.UTC(2026, 0, 1);
// Promise chains are followed this many turns between two timers.
const SETTLE_TURNS = 20;

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Makes a clock that stands at 2026-01-01T00:00:00Z until it is advanced. */
export function fakeClock(start = START): FakeClock {
  // In order of time, then of coming.
  const timers: Timer[] = [];
  let now = start;

  return {
    now: () => now,
    monotonic: () => now - start,
    epochOf: (monotonic) => start + monotonic,
    after(ms, callback) {
      const timer = { due: now + Math.max(0, ms), callback };
      timers.splice(placeOf(timers, timer.due), 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    async advance(ms) {
      const until = now + ms;
      await follow();
      for (;;) {
        // Before time moves on, what follows from this moment has its turn: it may set timers too.
        if (timers[0] === undefined || timers[0].due > now) await breathe();
        const next = timers[0];
        if (next === undefined || next.due > until) break;
        timers.shift();
        now = Math.max(now, next.due);
        next.callback();
        await follow();
      }
      now = until;
    },
    get pending() {
      return timers.length;
    },
  };
}

/** Behind all that are due at the same time or before. */
function placeOf(timers: readonly Timer[], due: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timers[middle]?.due ?? 0) <= due) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function follow(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve();
}

/** One turn of the event loop, so that real input and output can come in. */
async function breathe(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
}
