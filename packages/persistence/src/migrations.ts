import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { fail } from "./errors.ts";
import type { Migration } from "./migration-steps.ts";

type Database = "sqlite" | "postgres" | "mysql";

/** Reads the migrations that came with this package for one database. */
export function readMigrations(database: Database): readonly Migration[] {
  return readMigrationFiles({ migrationsFolder: folderOf(database) });
}

/** What the steps are called, by their time. */
export function migrationNames(database: Database): ReadonlyMap<number, string> {
  const list = readFileSync(`${folderOf(database)}/meta/_journal.json`, "utf8");
  // Written by drizzle-kit and part of this package.
  const { entries } = JSON.parse(list) as {
    readonly entries: readonly { readonly when: number; readonly tag: string }[];
  };
  return new Map(entries.map(({ when, tag }) => [when, tag]));
}

function folderOf(database: Database): string {
  // From the sources this file is one folder deep, in the built package one or two.
  const places = ["../migrations", "../../migrations"].map((path) =>
    fileURLToPath(new URL(`${path}/${database}`, import.meta.url)),
  );
  const folder = places.find((path) => existsSync(`${path}/meta/_journal.json`));
  if (folder === undefined) throw fail("database.no_migrations", { folder: places.join('" or "') });
  return folder;
}
