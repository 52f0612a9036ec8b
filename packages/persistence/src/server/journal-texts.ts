// Long texts of runs, kept once for each content and named by a marker in the column.
//
// 1. Whoever begins to use a text holds the lock on its row, and so does whoever deletes one that nobody uses.
import { hashOf, LONG_TEXT, markedHash, toShort } from "../blobs.ts";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";

const ADD = "INSERT INTO mofa_blob (hash, text) VALUES (:hash, :text)";
const HOLD = "SELECT b.n FROM mofa_blob b WHERE b.hash = :hash FOR UPDATE";
const USED = "SELECT u.blob FROM mofa_blob_use u WHERE u.run = :run AND u.blob = :blob";
const USE = 'INSERT INTO mofa_blob_use ("blob", run) VALUES (:blob, :run)';
const FIND = "SELECT b.hash, b.text FROM mofa_blob b WHERE b.hash IN (:hashes)";

/** Keeps those that are long, for a run whose lock is held; inside a transaction. */
export async function keepTexts(
  connection: Connection,
  dialect: Dialect,
  { run, texts }: { readonly run: number; readonly texts: readonly unknown[] },
): Promise<void> {
  for (const text of texts) {
    if (typeof text !== "string" || text.length <= LONG_TEXT) continue;
    const blob = await keep(connection, dialect, text);
    const { rows } = await connection.run(USED, { run, blob });
    if (rows.length === 0) await connection.run(USE, { run, blob });
  }
}

async function keep(connection: Connection, dialect: Dialect, text: string): Promise<number> {
  const hash = hashOf(text);
  for (;;) {
    const found = (await connection.run<{ readonly n: number }>(HOLD, { hash })).rows[0];
    if (found !== undefined) return found.n;
    // Somebody may make it at the same time, or delete it before it is held.
    await connection.run(`${ADD} ${dialect.unlessThere}`, { hash, text });
  }
}

/** Puts the long texts in the place of their markers; those that are gone keep their marker, which is no JSON. */
export async function fillTexts<Row extends object>(
  connection: Connection,
  rows: readonly Row[],
  names: readonly (keyof Row)[],
): Promise<readonly Row[]> {
  const hashes = new Set(rows.flatMap((row) => names.flatMap((name) => hashIn(row[name]) ?? [])));
  if (hashes.size === 0) return rows;
  const found = await connection.ask<{ readonly hash: string; readonly text: string }>(FIND, { hashes: [...hashes] });
  const texts = new Map(found.rows.map(({ hash, text }) => [hash, text]));
  const whole = (value: unknown) => texts.get(hashIn(value) ?? "") ?? value;
  return rows.map((row) => ({ ...row, ...Object.fromEntries(names.map((name) => [name, whole(row[name])])) }));
}

/** Columns with markers in the place of long texts. */
export function shortened<Columns extends object>(columns: Columns): Columns {
  const short = Object.entries(columns).map(([name, value]) => [
    name,
    typeof value === "string" ? toShort(value) : value,
  ]);
  return Object.fromEntries(short) as Columns;
}

function hashIn(value: unknown): string | undefined {
  return typeof value === "string" ? markedHash(value) : undefined;
}
