import type { Clock, Journal, PruneFilter } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { toMilliseconds } from "../graph/definition.ts";

/** How long runs that have ended are kept. */
export interface RetentionOptions {
  /** Milliseconds since their end, or a text like `30d`. */
  readonly age?: number | string;
  /** How many of them. */
  readonly count?: number;
}

const BATCH = 1000;

/** Gives what deletes the runs that are kept long enough; one round ends when nothing is left to delete. */
export function createPruner(
  { age, count }: RetentionOptions,
  { journal, clock, stopped }: { journal(): Journal; readonly clock: Clock; stopped(): boolean },
): () => Promise<void> {
  const ageMs = age === undefined ? undefined : toMilliseconds(age);
  if (age !== undefined && ageMs === undefined)
    throw fail("run.bad_option", { option: "retention", problem: `"${age}" is no age. Say 86400000, 12h or 30d.` });
  return async () => {
    if (ageMs === undefined && count === undefined) return;
    for (let gone = BATCH; gone === BATCH && !stopped(); ) {
      const filter: PruneFilter = {
        limit: BATCH,
        ...(ageMs !== undefined && { before: clock.now() - ageMs }),
        ...(count !== undefined && { keep: count }),
      };
      gone = await journal().prune(filter);
    }
  };
}
