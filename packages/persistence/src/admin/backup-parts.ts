// What the lines of a backup are, once they are read and looked at.
//
// 1. Nothing is given of a table or column that this version does not know.
// 2. Whoever has read to the end has read what was written: the digest is compared, and nothing may come after it.
import type { Json } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Value } from "../server/statement.ts";
import { type ColumnKind, type TableSpec, tables } from "../tables.ts";
import { type Line, readLines } from "./backup-file.ts";
import { BACKUP_VERSION } from "./backup-lines.ts";
import { columnsOf } from "./there.ts";

export type BackupPart =
  | { readonly type: "table"; readonly spec: TableSpec; readonly columns: ReadonlyMap<string, ColumnKind> }
  | { readonly type: "row"; readonly values: readonly Value[] };

/** Reads a backup from its lines; `file` is what errors call it. */
export async function* backupParts(file: string, lines: AsyncIterable<Line>): AsyncGenerator<BackupPart, void, void> {
  const broken = (reason: string) => fail("backup.broken", { file, reason });
  let at = 0;
  let rows = 0;
  let columns = 0;
  let ended = false;
  for await (const line of lines) {
    at++;
    if (ended) throw broken(`something follows its last line, at line ${at}`);
    const read = parse(line.text);
    if (at === 1) {
      checkHead(file, read);
    } else if (Array.isArray(read)) {
      if (read.length !== columns || !read.every(isValue)) throw broken(`line ${at} is no row of its table`);
      rows++;
      yield { type: "row", values: read };
    } else if (isRecord(read) && typeof read["table"] === "string") {
      const table = tableOf(file, read["table"], read["columns"]);
      columns = table.columns.size;
      yield table;
    } else if (isRecord(read) && typeof read["sha256"] === "string") {
      if (read["sha256"] !== line.digestBefore()) throw broken("it was changed after it was written");
      if (read["rows"] !== rows) throw broken(`it has ${rows} rows instead of ${String(read["rows"])}`);
      ended = true;
    } else throw broken(`line ${at} cannot be read`);
  }
  if (at === 0) throw fail("backup.not_one", { file });
  if (!ended) throw broken(`its end is missing, after line ${at}`);
}

/** Reads a backup to its end without doing anything, and gives how many rows it has. */
export async function verifyBackup(file: string): Promise<number> {
  let rows = 0;
  for await (const part of backupParts(file, readLines(file))) if (part.type === "row") rows++;
  return rows;
}

function checkHead(file: string, head: Json | undefined): void {
  if (!isRecord(head) || head["mofa"] !== "backup") throw fail("backup.not_one", { file });
  const { version } = head;
  if (version !== BACKUP_VERSION) throw fail("backup.newer", { file, what: `its format ${String(version)}` });
}

function tableOf(file: string, name: string, given: Json | undefined): BackupPart & { readonly type: "table" } {
  const spec = Object.values<TableSpec>(tables).find((one) => one.name === name);
  if (spec === undefined) throw fail("backup.newer", { file, what: `the table ${name}` });
  const known = columnsOf(spec);
  const columns = new Map<string, ColumnKind>();
  for (const column of isRecord(given) ? Object.keys(given) : []) {
    const kind = known.get(column);
    if (kind === undefined) throw fail("backup.newer", { file, what: `the column ${column} of ${name}` });
    columns.set(column, kind);
  }
  return { type: "table", spec, columns };
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Told as a line that cannot be read, with its number.
    return undefined;
  }
}

function isValue(value: Json): value is string | number | null {
  return value === null || typeof value === "string" || typeof value === "number";
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
