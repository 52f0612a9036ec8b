import type { OldFilter } from "@mofa/kernel";
import { and, asc, desc, gte, lt, sql } from "drizzle-orm";
import { boundOf } from "../old-bound.ts";
import { afterPrefix } from "../ranges.ts";
import type { Database } from "./database.ts";
import { session } from "./tables.ts";

interface OldSession {
  readonly n: number;
  readonly id: string;
}

/** Finds the old sessions, oldest first, by their index; to be called inside the transaction that deletes them. */
export function findOldSessions(
  db: Database["db"],
  { prefix = "", before, keep, limit = 1_000 }: OldFilter,
): readonly OldSession[] {
  const { n, id, at } = session;
  const end = afterPrefix(prefix);
  const chosen = and(gte(id, prefix), end === undefined ? undefined : lt(id, end));
  // Without a prefix nothing is asked of the id, so that the index by time serves.
  const where = prefix === "" ? undefined : chosen;
  const newest = db.select({ id, at }).from(session).where(where).orderBy(desc(at), desc(id));
  const surplus = keep === undefined ? undefined : newest.limit(1).offset(Math.max(0, keep)).get();
  const bound = boundOf(surplus, before);
  if (bound === undefined) return [];
  const old = and(where, sql`(${at}, ${id}) <= (${bound.at}, ${bound.id})`);
  return db.select({ n, id }).from(session).where(old).orderBy(asc(at), asc(id)).limit(limit).all();
}
