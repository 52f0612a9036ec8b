import type { Journal, SessionStore } from "@mofa/kernel";
import type { Access, Statements } from "./access.ts";
import { countRows } from "./there.ts";

/** What is old enough to go. Nothing named is nothing. */
export interface PruneOptions {
  /** Runs that ended before this time, in epoch milliseconds. */
  readonly before?: number;
  /** So many of the runs that ended last stay. */
  readonly keep?: number;
  /** Sessions that were last changed before this time, in epoch milliseconds. */
  readonly sessionsBefore?: number;
}

/** How much was deleted, or would be. */
export interface Pruned {
  readonly runs: number;
  readonly sessions: number;
}

const BATCH = 500;
const OLD_SESSIONS = "FROM mofa_session WHERE at < :before";

/** Counts what would go. Ended runs go oldest first, so what fits either of two bounds is what fits the wider one. */
export async function countOld(
  statements: Statements,
  { before, keep, sessionsBefore }: PruneOptions,
): Promise<Pruned> {
  const ended = await countRows(statements, "mofa_run", "WHERE finished_at IS NOT NULL");
  const older = before === undefined ? 0 : await count(statements, "FROM mofa_run WHERE finished_at < :before", before);
  const beyond = keep === undefined ? 0 : Math.max(0, ended - keep);
  const sessions = sessionsBefore === undefined ? 0 : await count(statements, OLD_SESSIONS, sessionsBefore);
  return { runs: Math.max(older, beyond), sessions };
}

/** Deletes old runs with all that belongs to them, and old sessions, some at a time so that others get their turn. */
export async function deleteOld(
  access: Access,
  { journal, session }: { readonly journal: Journal; readonly session: SessionStore },
  { before, keep, sessionsBefore }: PruneOptions,
): Promise<Pruned> {
  let runs = 0;
  if (before !== undefined || keep !== undefined) {
    const filter = {
      ...(before === undefined ? {} : { before }),
      ...(keep === undefined ? {} : { keep }),
      limit: BATCH,
    };
    for (let deleted = BATCH; deleted > 0; runs += deleted) deleted = await journal.prune(filter);
  }
  let sessions = 0;
  while (sessionsBefore !== undefined) {
    const text = `SELECT id ${OLD_SESSIONS} ORDER BY at, id LIMIT ${BATCH}`;
    const { rows } = await access.use((statements) =>
      statements.ask<{ readonly id: string }>(text, { before: sessionsBefore }),
    );
    if (rows.length === 0) break;
    for (const { id } of rows) if (await session.delete(id)) sessions++;
  }
  return { runs, sessions };
}

async function count(statements: Statements, from: string, before: number): Promise<number> {
  const { rows } = await statements.ask<{ readonly count: number }>(`SELECT count(*) AS count ${from}`, { before });
  return rows[0]?.count ?? 0;
}
