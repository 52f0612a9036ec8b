import type { Ids } from "../id.ts";

/** Ids that count from 1, and random numbers from a seed: the same in every run. */
export function countedIds(seed = 1): Ids {
  const random = seededRandom(seed);
  let count = 0;
  let unique = 0;
  return {
    next: () => ++count,
    text: (number) => `c${number}`,
    unique: () => `u${++unique}`,
    random,
  };
}

/** Numbers from 0 (included) to 1 (excluded), equal for equal seeds (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
