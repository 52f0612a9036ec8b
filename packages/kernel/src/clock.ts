/** Where time comes from; tests replace it, so nothing else may read the machine's clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds with fractions, never going back: for measuring, meaningless as a date. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
}

// Timers beyond 2^31-1 ms fire at once; longer waits are cut into pieces.
const LONGEST_TIMER = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
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
