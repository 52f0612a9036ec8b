import { MIGRATION_TABLE } from "../migration-steps.ts";
import { migrationNames } from "../migrations.ts";
import { type ColumnKind, columnName, type TableSpec, tables } from "../tables.ts";
import type { Access, Statements } from "./access.ts";
import { speechOf } from "./speech.ts";

/** A table as it is in one database: an older one may lack columns. */
export interface TableThere {
  readonly spec: TableSpec;
  /** What each column holds, by its name in the database, in the order of the code. */
  readonly columns: ReadonlyMap<string, ColumnKind>;
}

export type StepStatus = "applied" | "partly" | "missing" | "unknown";

/** One step from an older form of the tables to the next. */
export interface Step {
  readonly name: string;
  readonly status: StepStatus;
  /** What it runs, where this version knows it. */
  readonly sql: readonly string[];
}

const all: readonly TableSpec[] = Object.values(tables);

/** Our tables that are there, in the order of the code. */
export async function tablesThere(statements: Statements, kind: Access["kind"]): Promise<readonly TableThere[]> {
  const names = await columnsThere(statements, kind);
  return all.flatMap((spec) => {
    const found = names.get(spec.name);
    if (found === undefined) return [];
    const columns = [...columnsOf(spec)].filter(([name]) => found.has(name));
    return [{ spec, columns: new Map(columns) }];
  });
}

/** What a table's columns hold, by their names in a database. */
export function columnsOf(spec: TableSpec): ReadonlyMap<string, ColumnKind> {
  return new Map(Object.entries(spec.columns).map(([name, kind]) => [columnName(name), kind]));
}

/** The names of the columns of a table's key. */
export function keyOf({ key, columns }: TableSpec): readonly string[] {
  if (key !== undefined) return key.map(columnName);
  return Object.entries(columns)
    .filter(([, kind]) => kind === "serial" || kind === "place")
    .map(([name]) => columnName(name));
}

/** Every step that the database or this version knows, oldest first. */
export async function stepsThere(statements: Statements, { kind, migrations }: Access): Promise<readonly Step[]> {
  const noted = (await columnsThere(statements, kind)).has(MIGRATION_TABLE)
    ? (await statements.ask<{ at: number; done: number; whole: number }>(speechOf(kind).steps)).rows
    : [];
  const names = migrationNames(kind);
  const known = migrations.map(({ folderMillis: at, sql }): Step & { readonly at: number } => {
    const note = noted.find((one) => one.at === at);
    const status = note === undefined ? "missing" : note.done < note.whole ? "partly" : "applied";
    return { at, name: names.get(at) ?? String(at), status, sql };
  });
  const unknown = noted
    .filter(({ at }) => !known.some((one) => one.at === at))
    .map(({ at }) => ({ at, name: new Date(at).toISOString(), status: "unknown" as const, sql: [] }));
  return [...known, ...unknown].toSorted((a, b) => a.at - b.at).map(({ at: _, ...step }) => step);
}

/** How many rows a table has. */
export async function countRows(statements: Statements, table: string, where = ""): Promise<number> {
  const { rows } = await statements.ask<{ readonly count: number }>(`SELECT count(*) AS count FROM ${table} ${where}`);
  return rows[0]?.count ?? 0;
}

async function columnsThere(statements: Statements, kind: Access["kind"]): Promise<Map<string, Set<string>>> {
  const { rows } = await statements.ask<{ readonly owner: string; readonly name: string }>(speechOf(kind).columns);
  const found = new Map<string, Set<string>>();
  for (const { owner, name } of rows) found.set(owner, (found.get(owner) ?? new Set()).add(name));
  return found;
}
