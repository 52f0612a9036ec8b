import type { OldFilter } from "@mofa/kernel";
import { type Bound, boundOf } from "../old-bound.ts";
import { afterPrefix } from "../ranges.ts";
import type { Connection } from "./database.ts";

/** Rows that were old when somebody looked, and what tells whether they still are. */
export interface OldRows {
  readonly ns: readonly number[];
  /** For a statement with these values and `ns`. */
  readonly still: string;
  readonly bound: { readonly at: number; readonly id: string };
}

const STILL = "n IN (:ns) AND at <= :at AND (at < :at OR id <= :id)";

/** Finds the old rows of a table without holding them, oldest first; undefined when there are none. */
export async function findOldRows(
  connection: Connection,
  table: "mofa_document" | "mofa_session",
  { prefix = "", before, keep, limit = 1_000 }: OldFilter,
): Promise<OldRows | undefined> {
  const end = afterPrefix(prefix);
  // Without a prefix nothing is asked of the id, so that an index by time serves.
  const among = prefix === "" ? "1 = 1" : `id >= :prefix ${end === undefined ? "" : "AND id < :end"}`;
  const values = { prefix, end: end ?? "" };
  const newest = `SELECT at, id FROM ${table} WHERE ${among} ORDER BY at DESC, id DESC LIMIT 1 OFFSET :keep`;
  const surplus =
    keep === undefined
      ? undefined
      : (await connection.ask<Bound>(newest, { ...values, keep: Math.max(0, keep) })).rows[0];
  const bound = boundOf(surplus, before);
  if (bound === undefined) return undefined;
  const text = `SELECT n FROM ${table} WHERE ${among} AND at <= :at AND (at < :at OR id <= :id) ORDER BY at, id LIMIT :limit`;
  const { rows } = await connection.ask<{ readonly n: number }>(text, { ...values, ...bound, limit });
  return rows.length === 0 ? undefined : { ns: rows.map(({ n }) => n), still: STILL, bound: { ...bound } };
}
