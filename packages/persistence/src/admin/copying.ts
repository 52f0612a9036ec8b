import { chmod } from "node:fs/promises";
import type { Clock } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Access } from "./access.ts";
import { kindOfFile, linesOf, readLines, writeLines, writeWhole } from "./backup-file.ts";
import { backupLines } from "./backup-lines.ts";
import { backupParts, verifyBackup } from "./backup-parts.ts";
import { restoreParts } from "./restore.ts";
import { sqliteAccess } from "./sqlite-access.ts";
import { stepsThere } from "./there.ts";

/** What was copied: rows by table, and the size of the backup where one was made. */
export interface Copied {
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly bytes?: number;
}

/** Writes a database to a file while others go on. */
export async function backup(access: Access, file: string, clock: Clock): Promise<Copied> {
  const whole = file.endsWith(".sqlite");
  const { copyTo } = access;
  if (whole && copyTo === undefined) throw fail("backup.only_sqlite", { file, database: access.file });
  const tables: { name: string; rows: number }[] = [];
  const told = (name: string, rows: number) => tables.push({ name, rows });
  const bytes = await writeWhole(file, async (part) => {
    if (whole && copyTo !== undefined) {
      await copyTo(part);
      await chmod(part, 0o600);
    } else {
      await access.snapshot((statements) =>
        writeLines(part, backupLines(access, statements, { at: clock.now(), told }), file.endsWith(".gz")),
      );
    }
  });
  return { tables, bytes };
}

/** Puts what a file holds into a database. */
export async function restore(access: Access, file: string, force: boolean): Promise<Copied> {
  const counts = kindOfFile(file) === "sqlite" ? await move(access, file, force) : await load(access, file, force);
  return { tables: [...counts].map(([name, rows]) => ({ name, rows })) };
}

async function load(access: Access, file: string, force: boolean): Promise<ReadonlyMap<string, number>> {
  await verifyBackup(file);
  return await restoreParts(access, () => backupParts(file, readLines(file)), { force });
}

// An SQLite file is its own backup: its lines are made and read at once.
async function move(access: Access, file: string, force: boolean): Promise<ReadonlyMap<string, number>> {
  await using source = await sqliteAccess({ file, readOnly: true });
  const unknown = (await source.use((statements) => stepsThere(statements, source))).some(
    ({ status }) => status === "unknown",
  );
  if (unknown) throw fail("backup.newer", { file, what: "all steps that made its tables" });
  return await source.snapshot((statements) => {
    const lines = () => linesOf(backupLines(source, statements, { at: 0, told: () => {} }));
    return restoreParts(access, () => backupParts(file, lines()), { force });
  });
}
