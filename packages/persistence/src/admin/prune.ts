import type { Journal, Memory, OldFilter, PruneFilter, SessionStore, Store } from "@mofa/kernel";
import { afterPrefix } from "../ranges.ts";
import type { Values } from "../server/statement.ts";
import type { Statements } from "./access.ts";
import { countRows } from "./there.ts";

/** What of a kind is old: the ids that begin with `prefix`; for facts, the namespaces, and `keep` of each of them. */
export type OldThings = Omit<OldFilter, "limit">;

/** What is old enough to go. What is not named stays. */
export interface PruneOptions {
  /** Runs that ended `before`, and all but so many of those that ended last (`keep`). */
  readonly runs?: Pick<PruneFilter, "before" | "keep">;
  readonly sessions?: OldThings;
  readonly facts?: OldThings;
  readonly documents?: OldThings;
}

/** How much was deleted, or would be. */
export interface Pruned {
  readonly runs: number;
  readonly sessions: number;
  readonly facts: number;
  readonly documents: number;
}

const BATCH = 500;
// To find the old ones, all have to be looked at.
const DOCUMENTS = 20_000;
const NOTHING = {};

/** Counts what would go. The oldest go first, so what fits either of two bounds is what fits the wider one. */
export async function countOld(
  statements: Statements,
  { runs = NOTHING, sessions = NOTHING, facts = NOTHING, documents = NOTHING }: PruneOptions,
): Promise<Pruned> {
  return {
    runs: await countOldRuns(statements, runs),
    sessions: await countOldIn(statements, "mofa_session", sessions),
    facts: await countOldFacts(statements, facts),
    documents: await countOldIn(statements, "mofa_document", documents),
  };
}

interface Things {
  readonly journal: Journal;
  readonly session: SessionStore;
  readonly memory: Memory;
  readonly store: Store;
}

/** Deletes what is old with all that belongs to it, some at a time so that others get their turn. */
export async function deleteOld(
  { journal, session, memory, store }: Things,
  { runs = NOTHING, sessions = NOTHING, facts = NOTHING, documents = NOTHING }: PruneOptions,
): Promise<Pruned> {
  const limit = BATCH;
  return {
    runs: await untilNone(() => journal.prune({ ...runs, limit })),
    sessions: await untilNone(() => session.prune({ ...sessions, limit })),
    facts: await untilNone(() => memory.prune({ ...facts, limit })),
    documents: await untilNone(() => store.prune({ ...documents, limit: DOCUMENTS })),
  };
}

async function untilNone(some: () => Promise<number>): Promise<number> {
  let all = 0;
  for (let gone = await some(); gone > 0; gone = await some()) all += gone;
  return all;
}

async function countOldRuns(statements: Statements, { before, keep }: OldThings): Promise<number> {
  const ended = "WHERE finished_at IS NOT NULL";
  const aged = before === undefined ? 0 : await count(statements, "mofa_run WHERE finished_at < :before", { before });
  const surplus = keep === undefined ? 0 : (await countRows(statements, "mofa_run", ended)) - keep;
  return Math.max(aged, surplus, 0);
}

async function countOldIn(statements: Statements, table: string, { prefix = "", before, keep }: OldThings) {
  const { where, values } = among(prefix);
  const aged =
    before === undefined
      ? 0
      : await count(statements, `${table} WHERE ${where} AND at < :before`, { ...values, before });
  const surplus = keep === undefined ? 0 : (await count(statements, `${table} WHERE ${where}`, values)) - keep;
  return Math.max(aged, surplus, 0);
}

async function countOldFacts(statements: Statements, { prefix = "", before, keep }: OldThings): Promise<number> {
  if (before === undefined && keep === undefined) return 0;
  const { where, values } = among(prefix);
  const aged = "SELECT count(*) FROM mofa_fact f WHERE f.namespace = mofa_namespace.n AND f.at < :before";
  const text = `SELECT facts, (${aged}) AS aged FROM mofa_namespace WHERE ${where}`;
  const { rows } = await statements.ask<{ readonly facts: number; readonly aged: number }>(text, {
    ...values,
    // Before the beginning of time there is nothing.
    before: before ?? Number.MIN_SAFE_INTEGER,
  });
  const surplus = (facts: number) => (keep === undefined ? 0 : facts - keep);
  return rows.reduce((sum, one) => sum + Math.max(one.aged, surplus(one.facts), 0), 0);
}

function among(prefix: string): { readonly where: string; readonly values: Values } {
  const end = afterPrefix(prefix);
  if (end === undefined) return { where: "id >= :prefix", values: { prefix } };
  return { where: "id >= :prefix AND id < :end", values: { prefix, end } };
}

async function count(statements: Statements, from: string, values: Values): Promise<number> {
  const { rows } = await statements.ask<{ readonly count: number }>(`SELECT count(*) AS count FROM ${from}`, values);
  return rows[0]?.count ?? 0;
}
