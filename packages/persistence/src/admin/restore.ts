// Puts a backup into a database of any kind.
//
// 1. All or nothing: the rows, and with `force` the deletion of what was there, are one transaction.
// 2. A backup is read to its end before anything is touched, so that a broken one is told as what it is.
// 3. Rows keep their numbers, which other rows name; what the database counts itself goes on behind them.
import { fail } from "../errors.ts";
import { wordKey } from "../server/memory-writes.ts";
import type { Value, Values } from "../server/statement.ts";
import { type TableSpec, tables } from "../tables.ts";
import type { Access, Statements } from "./access.ts";
import type { BackupPart } from "./backup-parts.ts";
import { fromPortable, type Speech, speechOf } from "./speech.ts";
import { countRows, type TableThere, tablesThere } from "./there.ts";

// A statement has at most 32,766 values on SQLite, and MySQL takes no packet above 16 MB unless told.
const MOST_VALUES = 10_000;
const MOST_CHARACTERS = 4_000_000;

type Table = BackupPart & { readonly type: "table" };

/** Writes the parts of a backup; gives how many rows each table got. Throws `backup.not_empty` unless forced. */
export async function restoreParts(
  access: Access,
  parts: () => AsyncIterable<BackupPart>,
  { force }: { readonly force: boolean },
): Promise<ReadonlyMap<string, number>> {
  const speech = speechOf(access.kind);
  if (!force) await access.use((statements) => assertEmpty(statements, access));
  await access.migrate();
  return await access.change(async (statements) => {
    const names = Object.values<TableSpec>(tables).map(({ name }) => name);
    if (speech.lock !== undefined) for (const name of names) await statements.ask(speech.lock(name));
    if (force) for (const name of names) await statements.ask(`DELETE FROM ${name}`);
    else await assertEmpty(statements, access);
    const counts = await insertAll(statements, access, parts());
    for (const spec of Object.values<TableSpec>(tables)) await renumber(statements, speech, spec);
    return counts;
  });
}

async function insertAll(
  statements: Statements,
  access: Access,
  parts: AsyncIterable<BackupPart>,
): Promise<ReadonlyMap<string, number>> {
  const speech = speechOf(access.kind);
  const counts = new Map<string, number>();
  let table: Table | undefined;
  let rows: (readonly Value[])[] = [];
  let characters = 0;
  const flush = async () => {
    if (table !== undefined && rows.length > 0) await insert(statements, speech, { table, rows });
    rows = [];
    characters = 0;
  };
  for await (const part of parts) {
    if (part.type === "table") {
      await flush();
      table = part;
      counts.set(part.spec.name, 0);
      continue;
    }
    if (table === undefined) continue;
    const values = fit(part.values, table, access);
    for (const value of values) characters += String(value).length;
    rows.push(values);
    counts.set(table.spec.name, (counts.get(table.spec.name) ?? 0) + 1);
    if (characters > MOST_CHARACTERS || (rows.length + 1) * table.columns.size > MOST_VALUES) await flush();
  }
  await flush();
  return counts;
}

// Servers keep the digest of a word that is too long for the key of an index.
function fit(values: readonly Value[], { spec, columns }: Table, { kind }: Access): readonly Value[] {
  if (kind === "sqlite" || spec !== tables.word) return values;
  const at = [...columns.keys()].indexOf("word");
  return values.map((value, index) => (index === at ? wordKey(String(value)) : value));
}

async function insert(
  statements: Statements,
  speech: Speech,
  { table, rows }: { readonly table: Table; readonly rows: readonly (readonly Value[])[] },
): Promise<void> {
  const columns = [...table.columns];
  const values: Record<string, Value> = {};
  const tuples = rows.map((row, index) => {
    const places = columns.map(([, kind], column) => {
      const name = `v${index}_${column}`;
      const value = row[column] ?? null;
      values[name] = kind === "bytes" ? fromPortable(value, speech) : value;
      return kind === "bytes" ? speech.unspell(`:${name}`) : `:${name}`;
    });
    return `(${places.join(", ")})`;
  });
  const names = columns.map(([name]) => `"${name}"`).join(", ");
  const text = `INSERT INTO ${table.spec.name} (${names}) VALUES ${tuples.join(", ")}`;
  await statements.ask(text, values satisfies Values);
}

async function renumber(statements: Statements, { renumber: text }: Speech, spec: TableSpec): Promise<void> {
  const serial = Object.entries(spec.columns).find(([, kind]) => kind === "serial")?.[0];
  if (text !== undefined && serial !== undefined) await statements.ask(text(spec.name, serial));
}

async function assertEmpty(statements: Statements, { kind, file }: Access): Promise<void> {
  const there = await describeRows(statements, await tablesThere(statements, kind));
  if (there !== "") throw fail("backup.not_empty", { file, there });
}

async function describeRows(statements: Statements, found: readonly TableThere[]): Promise<string> {
  const said: string[] = [];
  for (const { spec } of found) {
    const count = await countRows(statements, spec.name);
    if (count > 0) said.push(`${count} in ${spec.name}`);
  }
  return said.join(", ");
}
