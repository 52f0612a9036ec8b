import { compareIds } from "./refuse.ts";

/** What is old enough to be deleted: what fits `before` or `keep`. With neither of them, nothing is. */
export interface OldFilter {
  /** Only of those whose ids begin with it. */
  readonly prefix?: string;
  /** What was last changed before this time, epoch milliseconds. */
  readonly before?: number;
  /** All but so many of those that were changed last. */
  readonly keep?: number;
  /** At most so many at a time, oldest first. Default 1,000. */
  readonly limit?: number;
}

/** A thing with an id and the time of its last change. */
interface Aged {
  readonly id: string;
  readonly at: number;
}

/** Of these the old ones, oldest first; of the same time, by id. */
export function oldestOf<Thing extends Aged>(all: readonly Thing[], filter: OldFilter): readonly Thing[] {
  const { prefix = "", before, keep, limit = 1_000 } = filter;
  const ordered = all
    .filter(({ id }) => id.startsWith(prefix))
    .sort((left, right) => left.at - right.at || compareIds(left.id, right.id));
  return ordered.slice(0, Math.min(limit, countOld(ordered, { before, keep })));
}

/** How many of a list that is in order, oldest first, are old. */
export function countOld(
  ordered: readonly { readonly at: number }[],
  { before, keep }: { readonly before?: number | undefined; readonly keep?: number | undefined },
): number {
  const aged = before === undefined ? 0 : ordered.filter(({ at }) => at < before).length;
  const surplus = keep === undefined ? 0 : ordered.length - Math.max(0, keep);
  return Math.max(aged, surplus, 0);
}
