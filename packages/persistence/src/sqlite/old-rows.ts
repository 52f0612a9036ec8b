import type { OldFilter } from "@mofa/kernel";
import { and, asc, desc, gte, lt, sql } from "drizzle-orm";
import { boundOf } from "../old-bound.ts";
import { afterPrefix } from "../ranges.ts";
import type { Database } from "./database.ts";
import type { document, session } from "./tables.ts";

type Pruned = typeof document | typeof session;

interface OldRow {
  readonly n: number;
  readonly id: string;
}

/** Deletes the old rows of a table, and empties the log of changes: what is let go of for its age stands in it, too. */
export async function pruneOldRows(
  { db, write, scrub }: Database,
  { table, filter, take }: { readonly table: Pruned; readonly filter: OldFilter; readonly take: (row: OldRow) => void },
): Promise<number> {
  const gone = await write(() => {
    const old = findOldRows(db, table, filter);
    for (const row of old) take(row);
    return old.length;
  });
  if (gone > 0) scrub();
  return gone;
}

/**
 * Finds the old rows of a table, oldest first; to be called inside the transaction that deletes them. Sessions have an
 * index for it. Documents have none, which would double what a change of one costs: all with the prefix are looked at.
 */
function findOldRows(
  db: Database["db"],
  table: Pruned,
  { prefix = "", before, keep, limit = 1_000 }: OldFilter,
): readonly OldRow[] {
  const { n, id, at } = table;
  const end = afterPrefix(prefix);
  const chosen = and(gte(id, prefix), end === undefined ? undefined : lt(id, end));
  // Without a prefix nothing is asked of the id, so that the index by time serves.
  const where = prefix === "" ? undefined : chosen;
  const newest = db.select({ id, at }).from(table).where(where).orderBy(desc(at), desc(id));
  const surplus = keep === undefined ? undefined : newest.limit(1).offset(Math.max(0, keep)).get();
  const bound = boundOf(surplus, before);
  if (bound === undefined) return [];
  const old = and(where, sql`(${at}, ${id}) <= (${bound.at}, ${bound.id})`);
  return db.select({ n, id }).from(table).where(old).orderBy(asc(at), asc(id)).limit(limit).all();
}
