// A backup is lines of JSON:
//
//   {"mofa":"backup","version":1,"at":"2026-…","from":"sqlite","steps":["0000_…"]}
//   {"table":"mofa_run","columns":{"n":"serial","id":"id",…}}
//   [1,"run-1",…]                    rows of that table, in the order of its key; numbers beyond 2⁵³ and bytes are text
//   {"rows":1,"sha256":"…"}          how many rows there were, and the digest of all bytes of the lines before
//
// 1. What a column holds says how it is written: a `place` in decimal digits, `bytes` in base 64.
// 2. A table comes once, with the columns that it has where the backup is made.
import { createHash } from "node:crypto";
import type { Value } from "../server/statement.ts";
import type { Access, Statements } from "./access.ts";
import { speechOf, toPortable } from "./speech.ts";
import { keyOf, stepsThere, type TableThere, tablesThere } from "./there.ts";

export const BACKUP_VERSION = 1;

const MOST_ROWS = 2_000;
// So that a page of long texts does not fill the memory.
const MANY_CHARACTERS = 4_000_000;

type Row = Readonly<Record<string, Value>>;

/** The lines of a backup, many at a time, each with its line end. Told how many rows each table had. */
export async function* backupLines(
  access: Access,
  statements: Statements,
  { at, told }: { readonly at: number; readonly told: (table: string, rows: number) => void },
): AsyncGenerator<string, void, void> {
  const digest = createHash("sha256");
  const noted = (text: string) => {
    digest.update(text);
    return text;
  };
  const steps = (await stepsThere(statements, access)).filter(({ status }) => status !== "missing");
  const names = steps.map(({ name }) => name);
  const head = { mofa: "backup", version: BACKUP_VERSION, at: new Date(at).toISOString(), from: access.kind };
  yield noted(`${JSON.stringify({ ...head, steps: names })}\n`);
  let rows = 0;
  for (const table of await tablesThere(statements, access.kind)) {
    const columns = Object.fromEntries(table.columns);
    yield noted(`${JSON.stringify({ table: table.spec.name, columns })}\n`);
    let count = 0;
    for await (const page of pages(table, access, statements)) {
      count += page.length;
      yield noted(page.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
    told(table.spec.name, count);
    rows += count;
  }
  yield `${JSON.stringify({ rows, sha256: digest.digest("hex") })}\n`;
}

/** All rows of a table as lists of values, page by page in the order of its key. */
async function* pages(
  { spec, columns }: TableThere,
  { kind }: Access,
  statements: Statements,
): AsyncGenerator<readonly (readonly Value[])[], void, void> {
  const speech = speechOf(kind);
  const names = [...columns.keys()];
  const key = keyOf(spec);
  const parts = key.map((name) => ({ column: `t."${name}"`, isText: columns.get(name) === "id" }));
  const wanted = [...columns].map(([name, what]) => {
    const column = `"${name}"`;
    if (what === "place") return `${speech.digits(column)} AS ${column}`;
    return what === "bytes" ? `${speech.spell(column)} AS ${column}` : column;
  });
  const select = `SELECT ${wanted.join(", ")} FROM ${spec.name} t`;
  // Named by the table: a place selected as text has the column's name, and would be put in order as text.
  const order = `ORDER BY ${key.map((name) => `t."${name}"`).join(", ")}`;
  let last: Row | undefined;
  for (let limit = 100; ; ) {
    const values: Record<string, Value> = { limit };
    for (const [index, name] of key.entries()) values[`last${index}`] = last?.[name] ?? null;
    const where = last === undefined ? "" : `WHERE ${speech.behind(parts)}`;
    const { rows } = await statements.ask<Row>(`${select} ${where} ${order} LIMIT :limit`, values);
    if (rows.length > 0) {
      yield rows.map((row) =>
        names.map((name) =>
          columns.get(name) === "bytes" ? toPortable(row[name] ?? null, speech) : (row[name] ?? null),
        ),
      );
    }
    last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    limit = nextLimit(limit, rows);
  }
}

function nextLimit(limit: number, rows: readonly Row[]): number {
  let characters = 0;
  for (const row of rows) for (const value of Object.values(row)) characters += String(value).length;
  if (characters > MANY_CHARACTERS) return Math.max(1, Math.floor(limit / 4));
  return characters < MANY_CHARACTERS / 4 ? Math.min(MOST_ROWS, 2 * limit) : limit;
}
