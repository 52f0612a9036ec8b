/** Where time comes from; tests replace it, so nothing else may read the machine's clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds with fractions, never going back: for measuring, meaningless as a date. */
  monotonic(): number;
  /** The epoch milliseconds of a monotonic reading that was taken just now: what was measured is dated without another look. */
  epochOf(monotonic: number): number;
  /** Calls back once after `ms`; the returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
}

// Timers beyond 2^31-1 ms fire at once; longer waits are cut into pieces.
const LONGEST_TIMER = 2_147_483_647;

// So far apart the two clocks of the machine may be before one is set by the other: a millisecond is rounding.
const MOST_DRIFT = 2;
// For so long a comparison of them is believed: where the date is changed, readings follow within this time.
const COMPARED_FOR = 50;

// In Node the global is a getter, and looking it up costs a tenth of a reading.
const machine = performance;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => machine.now(),
  epochOf: dating(),
  after(ms, callback) {
    let rest = ms;
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      const slice = Math.min(rest, LONGEST_TIMER);
      rest -= slice;
      timer = setTimeout(rest > 0 ? arm : callback, slice);
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Dates monotonic readings by how far the date is ahead of them, and looks again after a while whether it still is. */
function dating(): Clock["epochOf"] {
  let ahead = performance.timeOrigin;
  let until = Number.NEGATIVE_INFINITY;
  return (monotonic) => {
    if (monotonic > until) {
      const measured = performance.now();
      const date = Date.now();
      if (Math.abs(date - measured - ahead) > MOST_DRIFT) ahead = date - measured;
      until = measured + COMPARED_FOR;
    }
    return Math.floor(ahead + monotonic);
  };
}

/** Waits on a clock; rejects with the signal's reason when it fires first. Leaves no timer and no listener. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}
