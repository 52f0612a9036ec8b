import type { PruneFilter } from "@mofa/kernel";
import { placesOf } from "../ranges.ts";
import type { JournalStatements } from "./journal-statements.ts";

interface Ended {
  readonly n: number;
  readonly finishedAt: number | null;
}

/** Deletes ended runs with all that belongs to them; gives how many. */
export function pruneRuns(
  statements: JournalStatements,
  { ids = [], before, keep, limit = 1_000 }: PruneFilter,
): number {
  const named = ids.flatMap((id) => statements.endedById.get({ id }) ?? []);
  const old = before === undefined ? [] : statements.endedBefore.all({ before, limit });
  const first = keep === undefined ? undefined : statements.surplus.get({ keep: Math.max(0, keep) });
  const surplus = first === undefined ? [] : statements.endedUntil.all({ ...first, limit });
  const fitting = new Map([...named, ...old, ...surplus].map((run) => [run.n, run]));
  const gone = [...fitting.values()].sort(oldestFirst).slice(0, limit);
  for (const { n } of gone) deleteRun(statements, n);
  return gone.length;
}

function oldestFirst(left: Ended, right: Ended): number {
  return (left.finishedAt ?? 0) - (right.finishedAt ?? 0) || left.n - right.n;
}

function deleteRun(statements: JournalStatements, n: number): void {
  statements.deleteRows.run(placesOf(n));
  statements.deleteTasks.run({ run: n, open: 0 });
  statements.deleteSignals.run({ run: n });
  statements.deleteListens.run({ run: n });
  statements.deleteLetters.run({ run: n });
  statements.deleteBlobs.run({ run: n });
  statements.deleteBlobUses.run({ run: n });
  statements.deleteRun.run({ n });
}
