// MySQL ends a transaction at every change of a table, so an upgrade cannot be taken back. Instead each statement is
// noted when it is done, and an upgrade that broke off is gone on with at the next start.
import { isMofaError } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type Migration, missingSteps, MIGRATION_TABLE as TABLE } from "../migration-steps.ts";
import type { Connection } from "../server/database.ts";

export interface MigrateOptions {
  readonly file: string;
  readonly migrations: readonly Migration[];
  /** Refuses instead of upgrading. */
  readonly manual: boolean;
}

interface Step {
  readonly at: number;
  /** How many statements of it are done. */
  readonly done: number;
  readonly whole: number;
}

// Longer than any upgrade of tables like these takes.
const LOCK_SECONDS = 600;
const LOCK = "concat('mofa:', sha2(database(), 224))";

/** Brings the tables to this version; refuses a database that a newer version has changed. */
export async function migrateMysql(connection: Connection, options: MigrateOptions): Promise<void> {
  const { file, migrations, manual } = options;
  const there = await connection.ask(
    "SELECT 1 AS one FROM information_schema.tables WHERE table_schema = database() AND table_name = :table",
    { table: TABLE },
  );
  const steps = there.rows.length > 0 ? await applied(connection) : [];
  const missing = missingSteps(migrations, wholeOf(steps), file).length;
  if (missing === 0) return;
  if (manual) throw fail("database.not_migrated", { file, missing });
  // One process at a time; the others find the work done.
  const lock = await connection.ask<{ readonly got: number | null }>(
    `SELECT get_lock(${LOCK}, ${LOCK_SECONDS}) AS got`,
  );
  if (lock.rows[0]?.got !== 1) throw fail("database.locked", { file, ms: LOCK_SECONDS * 1_000 }, { retryable: true });
  try {
    await upgrade(connection, options);
  } finally {
    await connection.ask(`SELECT release_lock(${LOCK})`);
  }
}

async function upgrade(connection: Connection, { file, migrations }: MigrateOptions): Promise<void> {
  await connection.ask(`CREATE TABLE IF NOT EXISTS ${TABLE}
    (created_at bigint PRIMARY KEY, hash varchar(64) NOT NULL, done int NOT NULL, whole int NOT NULL)`);
  const steps = await applied(connection);
  const known = new Set(migrations.map((one) => one.folderMillis));
  const begun = steps.filter((step) => known.has(step.at) && step.done < step.whole).map((step) => step.at);
  const finished = steps.map((step) => step.at).filter((at) => !begun.includes(at));
  for (const migration of missingSteps(migrations, finished, file)) {
    const done = steps.find((step) => step.at === migration.folderMillis)?.done;
    await take(connection, migration, { file, done });
  }
}

async function take(
  connection: Connection,
  { sql, folderMillis: at, hash }: Migration,
  { file, done }: { readonly file: string; readonly done: number | undefined },
): Promise<void> {
  const note = { at, hash, whole: sql.length };
  if (done === undefined) {
    await connection.ask(`INSERT INTO ${TABLE} (created_at, hash, done, whole) VALUES (:at, :hash, 0, :whole)`, note);
  }
  for (const [index, statement] of sql.entries()) {
    if (index < (done ?? 0)) continue;
    try {
      await connection.ask(statement);
    } catch (cause) {
      // The first statement that was not noted may have been done all the same.
      if (!(index === done && isThereAlready(cause))) throw toFailure(cause, { file, at });
    }
    await connection.ask(`UPDATE ${TABLE} SET done = :done WHERE created_at = :at`, { at, done: index + 1 });
  }
}

async function applied(connection: Connection): Promise<readonly Step[]> {
  return (await connection.ask<Step>(`SELECT created_at AS at, done, whole FROM ${TABLE}`)).rows;
}

function wholeOf(steps: readonly Step[]): readonly number[] {
  return steps.filter((step) => step.done >= step.whole).map((step) => step.at);
}

// 1050: the table is there; 1060: the column; 1061: the index.
function isThereAlready(cause: unknown): boolean {
  return isMofaError(cause, "database.failed") && /\((1050|1060|1061)\)$/.test(String(cause.data["reason"]));
}

function toFailure(cause: unknown, { file, at }: { readonly file: string; readonly at: number }): unknown {
  if (!isMofaError(cause, "database.failed")) return cause;
  const data = { file, step: new Date(at).toISOString(), reason: cause.message };
  return fail("database.upgrade_broke_off", data, { cause });
}
