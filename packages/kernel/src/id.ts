/** Where ids and randomness come from; tests replace it with counters and a seed. */
export interface Ids {
  /** A counter unique within this kernel: cheap, and turned into text only when somebody reads it. */
  next(): number;
  /** The text of a counter value: unique across processes. */
  text(number: number): string;
  /** A globally unique id. */
  unique(): string;
  /** A number from 0 (included) to 1 (excluded). */
  random(): number;
}

/** Ids for production: counters under a random prefix. */
export function createIds(): Ids {
  const prefix = crypto.randomUUID().slice(0, 8);
  let count = 0;
  return {
    next: () => ++count,
    text: (number) => `${prefix}-${number}`,
    unique: () => crypto.randomUUID(),
    random: () => Math.random(),
  };
}
