import type { JournalRow, Json, RunRecord, TaskRecord } from "@mofa/kernel";
import type { Kept, tables } from "./tables.ts";

export type KeptRun = Kept<typeof tables.run>;
type KeptRow = Omit<Kept<typeof tables.row>, "place"> & { readonly seq: number };

/** A task as it is selected, with the id of its run. */
export interface KeptTask {
  readonly token: string;
  readonly run: string;
  readonly key: string;
  readonly question: string;
  readonly expiresAt: number | null;
  readonly status: string;
  readonly answer: string | null;
  readonly createdAt: number;
}

/** A run as the contract has it: what is empty in the database is absent. */
export function toRun({ n: _, input, output, error, cancelRequested, ...head }: KeptRun): RunRecord {
  const data = { input, output, error, cancelRequested };
  return { ...present(head), ...parsed(data) } as unknown as RunRecord;
}

/** A run as the database has it. */
export function fromRun(record: RunRecord): Omit<KeptRun, "n"> {
  const { version = null, owner = null, leaseUntil = null, finishedAt = null } = record;
  return {
    ...record,
    version,
    owner,
    leaseUntil,
    finishedAt,
    input: JSON.stringify(record.input),
    output: text(record.output),
    error: text(record.error),
    cancelRequested: text(record.cancelRequested),
  };
}

/** A row as the contract has it; `seq` is its place in its run. */
export function toRow({ epoch: _, body, error, ...head }: KeptRow): JournalRow {
  return { ...head, ...parsed({ body, error }) } as unknown as JournalRow;
}

/** A task as the contract has it. */
export function toTask({ question, answer, ...head }: KeptTask): TaskRecord {
  return { ...present(head), ...parsed({ question, answer }) } as unknown as TaskRecord;
}

/** JSON as text; what is absent is empty. */
export function text(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function parsed(texts: Readonly<Record<string, string | null>>): Record<string, Json> {
  const values: Record<string, Json> = {};
  for (const [name, value] of Object.entries(texts)) {
    if (value !== null) values[name] = JSON.parse(value) as Json;
  }
  return values;
}
