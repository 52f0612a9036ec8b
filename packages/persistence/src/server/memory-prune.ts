import { afterPrefix } from "../ranges.ts";
import type { Connection } from "./database.ts";
import { HELD, type Home, leave, takeAll } from "./memory-writes.ts";

interface Old {
  readonly before: number | undefined;
  readonly keep: number | undefined;
  readonly limit: number;
}

const AGED = "SELECT count(*) AS count FROM mofa_fact WHERE namespace = :n AND at < :before";
const OLDEST = "SELECT n, words FROM mofa_fact WHERE namespace = :n ORDER BY at, n LIMIT :limit";

/** The names of the namespaces in which a fact is old, in order, without holding them. */
export async function findOutdated(
  connection: Connection,
  { prefix, before, keep, limit }: Old & { readonly prefix: string },
): Promise<readonly string[]> {
  const old = [
    ...(keep === undefined ? [] : ["h.facts > :keep"]),
    ...(before === undefined ? [] : ["EXISTS (SELECT 1 FROM mofa_fact f WHERE f.namespace = h.n AND f.at < :before)"]),
  ];
  if (old.length === 0) return [];
  const end = afterPrefix(prefix);
  const among = `h.id >= :prefix ${end === undefined ? "" : "AND h.id < :end"} AND (${old.join(" OR ")})`;
  const text = `SELECT h.id FROM mofa_namespace h WHERE ${among} ORDER BY h.id LIMIT :limit`;
  const values = { prefix, limit, end: end ?? "", keep: Math.max(0, keep ?? 0), before: before ?? 0 };
  return (await connection.ask<{ readonly id: string }>(text, values)).rows.map(({ id }) => id);
}

/** Deletes what is old in one namespace, oldest first, in a transaction; says how many. */
export async function takeOld(connection: Connection, owner: string, { before, keep, limit }: Old): Promise<number> {
  const home = (await connection.run<Home>(HELD, { owner })).rows[0];
  if (home === undefined) return 0;
  const { n } = home;
  const counted = before === undefined ? [] : (await connection.ask<{ count: number }>(AGED, { n, before })).rows;
  const surplus = keep === undefined ? 0 : home.facts - Math.max(0, keep);
  const going = Math.min(limit, Math.max(counted[0]?.count ?? 0, surplus, 0));
  const { rows } = await connection.ask<{ readonly n: number; readonly words: number }>(OLDEST, { n, limit: going });
  await takeAll(connection, n, rows);
  await leave(connection, n);
  return rows.length;
}
