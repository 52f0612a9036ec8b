import type { MigrationMeta } from "drizzle-orm/migrator";
import { fail } from "./errors.ts";

/** One step from an older form of the tables to the next, made by drizzle-kit. */
export type Migration = MigrationMeta;

/** Not drizzle's own table: the database may belong to a program that uses drizzle itself. */
export const MIGRATION_TABLE = "mofa_migration";

/** The steps that a database lacks; refuses one that has steps which this version does not know. */
export function missingSteps(migrations: readonly Migration[], applied: readonly number[], file: string) {
  const known = new Set(migrations.map((one) => one.folderMillis));
  const unknown = applied.filter((at) => !known.has(at)).length;
  if (unknown > 0) throw fail("database.newer", { file, unknown });
  return migrations.filter((one) => !applied.includes(one.folderMillis));
}
