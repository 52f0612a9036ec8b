import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type Driver from "better-sqlite3";
import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import { fail } from "../errors.ts";

/** One step from an older form of the tables to the next, made by drizzle-kit. */
export type Migration = MigrationMeta;

export interface MigrateOptions {
  readonly file: string;
  readonly migrations: readonly Migration[];
  readonly readOnly: boolean;
}

// Not drizzle's own table: the file may belong to a program that uses drizzle itself.
const TABLE = "mofa_migration";

/** Brings the tables to this version, all steps or none; refuses a database that a newer version has changed. */
export function migrate(client: Driver.Database, { file, migrations, readOnly }: MigrateOptions): void {
  const known = new Set(migrations.map((one) => one.folderMillis));
  const check = () => {
    const applied = appliedTo(client);
    const unknown = applied.filter((at) => !known.has(at)).length;
    if (unknown > 0) throw fail("database.newer", { file, unknown });
    return migrations.filter((one) => !applied.includes(one.folderMillis));
  };
  const missing = check();
  if (missing.length === 0) return;
  if (readOnly) throw fail("database.older", { file, missing: missing.length });
  // Asked again inside: another process may have upgraded the file in between.
  client.transaction(() => apply(client, check(), file)).immediate();
}

/** Reads the migrations that came with this package. */
export function readMigrations(): readonly Migration[] {
  // From the sources this file is two folders deep, in the built package one.
  const places = ["../../migrations/sqlite", "../migrations/sqlite"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const folder = places.find((path) => existsSync(`${path}/meta/_journal.json`));
  if (folder === undefined) throw fail("database.no_migrations", { folder: places.join('" or "') });
  return readMigrationFiles({ migrationsFolder: folder });
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
