import { type ClaimFilter, isClaimable } from "@mofa/kernel";
import { type KeptRun, toRun } from "../journal-records.ts";
import type { Connection } from "./database.ts";
import { SQL } from "./journal-sql.ts";

// Who finds a run locked leaves it: somebody else is taking it, or its owner is alive and writing.
const HOLD = "FOR UPDATE SKIP LOCKED";
const ACTION = "concat(r.kind, ':', r.name) IN (:actions)";

/** Finds and locks runs that nobody works on, oldest first. */
export async function freeRuns(connection: Connection, filter: ClaimFilter, now: number): Promise<readonly KeptRun[]> {
  return filter.ids === undefined ? search(connection, filter, now) : among(connection, filter, now);
}

async function search(connection: Connection, { limit, actions, deadWorkers: dead = [] }: ClaimFilter, now: number) {
  const wanted = actions === undefined ? "" : `AND ${ACTION}`;
  const values = { limit, now, dead, actions: (actions ?? []).map(({ kind, name }) => `${kind}:${name}`) };
  const queued = `${SQL.runs} WHERE r.status = 'queued' ${wanted} ORDER BY r.n LIMIT :limit ${HOLD}`;
  // Asked only when there are dead workers: no index leads to the runs of an owner.
  const left = dead.length === 0 ? "r.lease_until <= :now" : "(r.lease_until <= :now OR r.owner IN (:dead))";
  const expired = `${SQL.runs} WHERE r.status IN ('running', 'waiting') AND ${left} ${wanted}
    ORDER BY r.lease_until LIMIT :limit ${HOLD}`;
  const found = await connection.ask<KeptRun>(queued, values);
  const late = await connection.ask<KeptRun>(expired, values);
  return [...found.rows, ...late.rows].sort((left, right) => left.n - right.n).slice(0, limit);
}

async function among(connection: Connection, { limit, ids = [], ...filter }: ClaimFilter, now: number) {
  if (ids.length === 0) return [];
  const { rows } = await connection.ask<KeptRun>(`${SQL.runs} WHERE r.id IN (:ids) ORDER BY r.n ${HOLD}`, { ids });
  const runs = new Map(rows.map((run) => [run.id, run]));
  const wanted = [...new Set(ids)].flatMap((id) => runs.get(id) ?? []);
  return wanted.filter((run) => isClaimable(toRun(run), filter, now)).slice(0, limit);
}
