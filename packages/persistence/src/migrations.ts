import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { fail } from "./errors.ts";
import type { Migration } from "./migration-steps.ts";

/** Reads the migrations that came with this package for one database. */
export function readMigrations(database: "sqlite" | "postgres" | "mysql"): readonly Migration[] {
  // From the sources this file is one folder deep, in the built package one or two.
  const places = ["../migrations", "../../migrations"].map((path) =>
    fileURLToPath(new URL(`${path}/${database}`, import.meta.url)),
  );
  const folder = places.find((path) => existsSync(`${path}/meta/_journal.json`));
  if (folder === undefined) throw fail("database.no_migrations", { folder: places.join('" or "') });
  return readMigrationFiles({ migrationsFolder: folder });
}
