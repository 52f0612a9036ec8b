import type { PruneFilter } from "@mofa/kernel";
import type { Connection } from "./database.ts";
import { deletePlaces } from "./places.ts";
import type { Value } from "./statement.ts";

interface Ended {
  readonly n: number;
  readonly finishedAt: number;
}

const ENDED = 'SELECT r.n, r.finished_at AS "finishedAt" FROM mofa_run r WHERE r.finished_at IS NOT NULL';
const OLDEST = "ORDER BY r.finished_at, r.n LIMIT :limit";
const BELONGINGS = ["mofa_task", "mofa_signal", "mofa_listen", "mofa_letter"] as const;

/** Deletes ended runs with all that belongs to them, inside a transaction; gives how many. */
export async function pruneRuns(connection: Connection, filter: PruneFilter): Promise<number> {
  const fitting = await find(connection, filter);
  if (fitting.length === 0) return 0;
  const ns = fitting.map(({ n }) => n);
  // A dead one may have been queued again, or another may be deleting.
  const held = await connection.ask<Ended>(`${ENDED} AND r.n IN (:ns) ORDER BY r.n FOR UPDATE`, { ns });
  const gone = held.rows.map(({ n }) => n);
  if (gone.length === 0) return 0;
  await deletePlaces(connection, "mofa_row", gone);
  for (const table of BELONGINGS) await connection.ask(`DELETE FROM ${table} WHERE run IN (:gone)`, { gone });
  await deleteTexts(connection, gone);
  await connection.ask("DELETE FROM mofa_run WHERE n IN (:gone)", { gone });
  return gone.length;
}

async function find(connection: Connection, { ids = [], before, keep, limit = 1_000 }: PruneFilter) {
  const ask = async (more: string, values: Readonly<Record<string, Value | readonly Value[]>>) =>
    (await connection.ask<Ended>(`${ENDED} ${more}`, { limit, ...values })).rows;
  const named = ids.length === 0 ? [] : await ask(`AND r.id IN (:ids) ${OLDEST}`, { ids });
  const old = before === undefined ? [] : await ask(`AND r.finished_at < :before ${OLDEST}`, { before });
  const surplus = keep === undefined ? [] : await findSurplus(Math.max(0, keep));
  const fitting = new Map([...named, ...old, ...surplus].map((run) => [run.n, run]));
  return [...fitting.values()].sort(oldestFirst).slice(0, limit);

  async function findSurplus(offset: number): Promise<readonly Ended[]> {
    const newest = "ORDER BY r.finished_at DESC, r.n DESC LIMIT 1 OFFSET :offset";
    const first = (await ask(newest, { offset }))[0];
    if (first === undefined) return [];
    const upTo = "AND (r.finished_at < :at OR (r.finished_at = :at AND r.n <= :n))";
    return ask(`${upTo} ${OLDEST}`, { at: first.finishedAt, n: first.n });
  }
}

function oldestFirst(left: Ended, right: Ended): number {
  return left.finishedAt - right.finishedAt || left.n - right.n;
}

// Held before it is asked who else uses them: whoever begins to use one holds it too.
async function deleteTexts(connection: Connection, gone: readonly number[]): Promise<void> {
  const used = await connection.ask<{ readonly n: number }>(
    "SELECT DISTINCT u.blob AS n FROM mofa_blob_use u WHERE u.run IN (:gone)",
    { gone },
  );
  const blobs = used.rows.map(({ n }) => n);
  if (blobs.length === 0) return;
  await connection.ask("SELECT b.n FROM mofa_blob b WHERE b.n IN (:blobs) ORDER BY b.n FOR UPDATE", { blobs });
  await connection.ask("DELETE FROM mofa_blob_use WHERE run IN (:gone)", { gone });
  const left = await connection.ask<{ readonly n: number }>(
    "SELECT DISTINCT u.blob AS n FROM mofa_blob_use u WHERE u.blob IN (:blobs)",
    { blobs },
  );
  const stay = new Set(left.rows.map(({ n }) => n));
  const unused = blobs.filter((n) => !stay.has(n));
  if (unused.length > 0) await connection.ask("DELETE FROM mofa_blob WHERE n IN (:unused)", { unused });
}
