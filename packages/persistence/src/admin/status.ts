import type { RunStatus } from "@mofa/kernel";
import type { Access, DatabaseKind, Statements } from "./access.ts";
import { countRows, type Step, stepsThere, type TableThere, tablesThere } from "./there.ts";

/** What is in a database, as plain data. */
export interface DatabaseStatus {
  readonly kind: DatabaseKind;
  /** A path, or an address without user and password. */
  readonly file: string;
  readonly bytes: number;
  readonly steps: readonly Omit<Step, "sql">[];
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** By queue ("" is none) and status. */
  readonly runs: readonly { readonly queue: string; readonly status: RunStatus; readonly count: number }[];
  /** The run that was made first of those that have not ended. */
  readonly oldestOpenRun?: OpenRun;
  readonly openTasks: number;
  /** Messages that are kept and not yet sent. */
  readonly lettersToSend: number;
}

export interface OpenRun {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

const OPEN = "status IN ('queued', 'running', 'waiting')";

/** Looks at a database without changing it, whatever version its tables have. */
export async function readStatus(access: Access): Promise<DatabaseStatus> {
  const bytes = await access.size();
  return await access.snapshot(async (statements) => {
    const steps = await stepsThere(statements, access);
    const there = await tablesThere(statements, access.kind);
    const rows: { name: string; rows: number }[] = [];
    for (const { spec } of there) rows.push({ name: spec.name, rows: await countRows(statements, spec.name) });
    const has = (table: string) => there.some(({ spec }) => spec.name === table);
    const oldest = has("mofa_run") ? await oldestOpen(statements) : undefined;
    return {
      kind: access.kind,
      file: access.file,
      bytes,
      steps: steps.map(({ sql: _, ...step }) => step),
      tables: rows,
      runs: await countRuns(statements, there),
      ...(oldest === undefined ? {} : { oldestOpenRun: oldest }),
      openTasks: has("mofa_task") ? await countRows(statements, "mofa_task", "WHERE status = 'open'") : 0,
      lettersToSend: has("mofa_letter") ? await countRows(statements, "mofa_letter") : 0,
    };
  });
}

async function oldestOpen(statements: Statements): Promise<OpenRun | undefined> {
  const text = `SELECT id, name, status, created_at AS "createdAt" FROM mofa_run WHERE ${OPEN} ORDER BY n LIMIT 1`;
  return (await statements.ask<OpenRun>(text)).rows[0];
}

async function countRuns(statements: Statements, there: readonly TableThere[]): Promise<DatabaseStatus["runs"]> {
  const run = there.find(({ spec }) => spec.name === "mofa_run");
  if (run === undefined) return [];
  const queue = run.columns.has("queue") ? "queue" : "''";
  const { rows } = await statements.ask<DatabaseStatus["runs"][number]>(
    `SELECT ${queue} AS queue, status, count(*) AS count FROM mofa_run GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  return rows;
}
