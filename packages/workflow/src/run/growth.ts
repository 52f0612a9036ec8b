import { fail } from "../errors.ts";
import type { RunLog } from "./run-log.ts";

// A run is taken up by reading all that it kept: from here on, that begins to show.
const MANY = 10_000;

export interface GrowthOptions {
  /** The most rows that a run may keep. */
  readonly most: number;
  warn(message: string): void;
}

/** Hears how many rows a run has more; warns of one that keeps many, and stops one that keeps too many. */
export type Growth = (log: RunLog, added: number) => void;

export function createGrowth({ most, warn }: GrowthOptions): Growth {
  return (log, added) => {
    const { run, next } = log;
    if (next > most) log.cancel(fail("run.too_many_rows", { run, rows: next, most }, { stack: false }));
    else if (next >= MANY && next - added < MANY)
      warn(
        `The run "${run}" has kept ${next} rows, all of which are read again after a crash. Let it continue as a new one from time to time, or give parts of it to child runs; with more than ${most} it fails.`,
      );
  };
}
