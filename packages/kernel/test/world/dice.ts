import { seededRandom } from "../../src/testing/ids.ts";

/** Chance, equal for equal seeds. */
export interface Dice {
  /** A whole number from 0 to below this. */
  number(below: number): number;
  chance(of: number): boolean;
  one<T>(choices: readonly T[]): T;
}

export function toDice(seed: number): Dice {
  const random = seededRandom(seed);
  const number = (below: number) => Math.floor(random() * below);
  return { number, chance: (of) => random() < of, one: (choices) => choices[number(choices.length)] as never };
}
