// The border between columns and records. What is empty in the database is absent in the contract.
import {
  type AdmittedRun,
  dueOf,
  isParked,
  type JournalRow,
  type Json,
  type NewRun,
  type RunRecord,
  type SignalRecord,
  type TaskRecord,
} from "@mofa/kernel";
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

/** A signal as it is selected, with the id of its run. */
export interface KeptSignal {
  readonly run: string;
  readonly id: string;
  readonly name: string;
  readonly body: string | null;
  readonly at: number;
}

/** A run as the contract has it. */
export function toRun(kept: KeptRun): RunRecord {
  const { n: _, due: __, queue, parentRun, parentKey, originRun, originKey, ...columns } = kept;
  const { input, output, error, cancelRequested, ...head } = columns;
  return {
    ...present(head),
    ...(queue !== "" && { queue }),
    ...(parentRun !== null && { parent: { run: parentRun, key: parentKey } }),
    ...(originRun !== null && { origin: { run: originRun, key: originKey } }),
    ...parsed({ input, output, error, cancelRequested }),
  } as unknown as RunRecord;
}

/** A run without what it was given and what it came to. */
export function headOf(kept: KeptRun): RunRecord {
  return toRun({ ...kept, input: "null", output: null, error: null, cancelRequested: null });
}

/** As much of a run as its queue asks for. */
export function admitted(run: Partial<Pick<KeptRun, keyof AdmittedRun>>): AdmittedRun {
  const { queue = "", tenant = null, partition = null, startedAt = null, owner = null } = run;
  return {
    ...(queue !== "" && { queue }),
    ...(tenant !== null && { tenant }),
    ...(partition !== null && { partition }),
    ...(startedAt !== null && { startedAt }),
    ...(owner !== null && { owner }),
  };
}

/** A run as the database has it. */
export function fromRun(record: RunRecord): Omit<KeptRun, "n"> {
  const { parent, origin, queue = "", version = null, tenant = null, priority = null, partition = null } = record;
  const { id, kind, name, dedupe = null, deadline = null, createdAt } = record;
  return {
    ...{ id, kind, name, version, queue, tenant, priority, partition, dedupe, deadline, createdAt },
    parentRun: parent?.run ?? null,
    parentKey: parent?.key ?? null,
    originRun: origin?.run ?? null,
    originKey: origin?.key ?? null,
    ...changing(record),
  };
}

/** The columns of a run that an event in its life may change. */
export type ChangingColumns = Omit<KeptRun, "n" | Exclude<keyof NewRun, "input" | "wakeAt"> | Fixed>;
type Fixed = "createdAt" | "parentRun" | "parentKey" | "originRun" | "originKey";

const JSONS = ["input", "output", "error", "cancelRequested"] as const;
const PLAIN = [
  ...(["status", "epoch", "owner", "leaseUntil", "takeovers", "wakes", "turn"] as const),
  ...(["wakeAt", "updatedAt", "startedAt", "finishedAt"] as const),
];

function changing(record: RunRecord): ChangingColumns {
  const { wakeAt = null, owner = null, leaseUntil = null, startedAt = null, finishedAt = null } = record;
  const { status, epoch, takeovers, wakes, turn, updatedAt } = record;
  return {
    ...{ wakeAt, owner, leaseUntil, startedAt, finishedAt, status, epoch, takeovers, wakes, turn, updatedAt },
    due: turnOf(record),
    input: JSON.stringify(record.input),
    output: text(record.output),
    error: text(record.error),
    cancelRequested: text(record.cancelRequested),
  };
}

// Runs that are parked for no time may be very many: they come behind all whose turn it ever is, so that no claim has to
// pass over them.
const NEVER = Number.MAX_SAFE_INTEGER;

function turnOf(record: RunRecord): number {
  return isParked(record) && record.wakeAt === undefined ? NEVER : dueOf(record);
}

/**
 * The columns in which a run differs from what it was made from: an update that names only these leaves the indexes of
 * the others alone. Values are compared by identity, as `run-changes` hands on what it does not change.
 */
export function changedColumns(before: RunRecord, after: RunRecord): Partial<ChangingColumns> {
  const changes: Record<string, string | number | null> = {};
  for (const name of JSONS) if (after[name] !== before[name]) changes[name] = text(after[name]);
  for (const name of PLAIN) if (after[name] !== before[name]) changes[name] = after[name] ?? null;
  const due = turnOf(after);
  if (due !== turnOf(before)) changes["due"] = due;
  return changes as Partial<ChangingColumns>;
}

/** A row as the contract has it; `seq` is its place in its run. */
export function toRow({ epoch: _, body, error, ...head }: KeptRow): JournalRow {
  return { ...head, ...parsed({ body, error }) } as unknown as JournalRow;
}

/** A task as the contract has it. */
export function toTask({ question, answer, ...head }: KeptTask): TaskRecord {
  return { ...present(head), ...parsed({ question, answer }) } as unknown as TaskRecord;
}

/** A signal as the contract has it. */
export function toSignal({ body, ...head }: KeptSignal): SignalRecord {
  return { ...head, ...parsed({ body }) } as unknown as SignalRecord;
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
