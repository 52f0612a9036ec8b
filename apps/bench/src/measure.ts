/** One contestant of a case: `mofa`, `limit`, or a peer by its name. */
export interface Subject {
  readonly name: string;
  /** Does the work so many times. */
  turn(times: number): void | Promise<void>;
  end?(): void | Promise<void>;
}

/** One thing to measure, done by several subjects; each is made just before the measurement. */
export interface Case {
  readonly name: string;
  /** How many of those one time of a turn is; default 1. */
  readonly each?: number;
  readonly subjects: readonly (() => Promise<Subject | undefined> | Subject | undefined)[];
}

/** What came out for one subject: nanoseconds (or another unit) for one piece of work. */
export interface Result {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median over the rounds of this subject's figure by the limit's; null where there is no limit. */
  readonly ratio: number | null;
  readonly better: "lower" | "higher";
}

export interface Suite {
  readonly name: string;
  /** Measures case after case; `report` gets the results of one case at a time. */
  run(report: (results: readonly Result[]) => void, rounds: Rounds): Promise<void>;
}

/** How long a measurement takes. */
export interface Rounds {
  readonly count: number;
  /** Milliseconds of one timed turn. */
  readonly turn: number;
}

/** The middle of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Sums up what a subject took in each round, beside what the limit took in the same rounds. */
export function sumUp(figures: readonly number[], limit: readonly number[] | undefined) {
  const ratios = limit === undefined ? [] : figures.map((figure, round) => figure / (limit[round] ?? Number.NaN));
  return {
    median: median(figures),
    min: Math.min(...figures),
    max: Math.max(...figures),
    ratio: limit === undefined ? null : median(ratios),
  };
}
