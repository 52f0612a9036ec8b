// Work that only one may do at a time, on all connections: a row for each kind of work, locked until the transaction
// ends. A row and no advisory lock, because MySQL's belong to a connection and not to a transaction, and are not known
// to the other nodes of a cluster.
import { createHash } from "node:crypto";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";

const HOLD = "SELECT l.name FROM mofa_lock l WHERE l.name IN (:names) ORDER BY l.name FOR UPDATE";

// Enough that making different runs at once seldom waits, few enough that their rows are never too many.
const BUCKETS = 64;

/** Waits for locks by name, in one order; who makes a run's lock row for the first time waits for nobody. */
export async function takeLocks(connection: Connection, dialect: Dialect, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const held = (await connection.ask<{ readonly name: string }>(HOLD, { names })).rows.map((row) => row.name);
  const missing = names.filter((name) => !held.includes(name)).sort();
  if (missing.length === 0) return;
  for (const name of missing) {
    await connection.run(`INSERT INTO mofa_lock (name) VALUES (:name) ${dialect.unlessThere}`, { name });
  }
  await connection.ask(HOLD, { names });
}

/** The lock of whoever counts what a queue lets through. */
export function queueLock(queue: string): string {
  return `queue ${queue}`;
}

/** The lock of whoever looks for an open run with a key before making one. */
export function dedupeLock(key: string): string {
  return `dedupe ${createHash("sha1").update(key).digest().readUInt32BE(0) % BUCKETS}`;
}
