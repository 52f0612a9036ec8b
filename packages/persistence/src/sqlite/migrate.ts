import type Driver from "better-sqlite3";
import { fail } from "../errors.ts";
import { type Migration, missingSteps, MIGRATION_TABLE as TABLE } from "../migration-steps.ts";

export interface MigrateOptions {
  readonly file: string;
  readonly migrations: readonly Migration[];
  readonly readOnly: boolean;
  /** Refuses instead of upgrading. */
  readonly manual?: boolean;
}

/** Brings the tables to this version, all steps or none; refuses a database that a newer version has changed. */
export function migrate(client: Driver.Database, { file, migrations, readOnly, manual }: MigrateOptions): void {
  const check = () => missingSteps(migrations, appliedTo(client), file);
  const missing = check();
  if (missing.length === 0) return;
  if (readOnly) throw fail("database.older", { file, missing: missing.length });
  if (manual === true) throw fail("database.not_migrated", { file, missing: missing.length });
  // Asked again inside: another process may have upgraded the file in between.
  client.transaction(() => apply(client, check(), file)).immediate();
}

function appliedTo(client: Driver.Database): readonly number[] {
  const table = client.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(TABLE);
  if (table === undefined) return [];
  return client.prepare<[], number>(`SELECT created_at FROM ${TABLE}`).pluck().all();
}

function apply(client: Driver.Database, missing: readonly Migration[], file: string): void {
  client.exec(`CREATE TABLE IF NOT EXISTS ${TABLE} (created_at INTEGER PRIMARY KEY, hash TEXT NOT NULL)`);
  const record = client.prepare(`INSERT INTO ${TABLE} (created_at, hash) VALUES (?, ?)`);
  for (const { sql, folderMillis, hash } of missing) {
    try {
      for (const statement of sql) client.exec(statement);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const step = new Date(folderMillis).toISOString();
      // A full or unwritable disk is told as what it is.
      if (cause instanceof Error && "code" in cause && cause.code !== "SQLITE_ERROR") throw cause;
      throw fail("database.upgrade_failed", { file, step, reason }, { cause });
    }
    record.run(folderMillis, hash);
  }
}
