import type { Json } from "../../json.ts";
import type { Claim, Journal, RunAppend, RunUpdate } from "../../kinds/journal.ts";
import type { NewRow, NewRun, NewTask, RunRecord } from "../../kinds/journal-records.ts";

export const LEASE = 1_000;
export const ann: Claim = { worker: "ann", leaseMs: LEASE };
export const bob: Claim = { worker: "bob", leaseMs: LEASE };

export function draftRun(id: string, more: Partial<NewRun> = {}): NewRun {
  return { id, kind: "workflow", name: "orders", version: "v1", input: { id }, ...more };
}

export function draftRow(key: string, body: Json = { key }): NewRow {
  return { key, parent: "", type: "step", kind: "tool", name: "work", body, at: 5 };
}

export function draftTask(token: string, run: string, more: Partial<NewTask> = {}): NewTask {
  return { token, run, key: `ask/${token}`, question: { title: "Ship it?", options: ["yes", "no"] }, ...more };
}

/** An append of rows named by their keys, under the epoch that a record shows. */
export function draftAppend(
  run: RunRecord,
  seq: number,
  keys: readonly string[],
  more: Partial<RunAppend> = {},
): RunAppend {
  return { run: run.id, epoch: run.epoch, seq, rows: keys.map((key) => draftRow(key)), ...more };
}

/** The ids of runs that were given, in their order. */
export function idsOf(runs: readonly { readonly id: string }[]): readonly string[] {
  return runs.map(({ id }) => id);
}

/** Makes a run, claims it for ann and lets it wait for whatever comes, or for a time. */
export async function parkRun(journal: Journal, run: NewRun, until?: number): Promise<RunRecord> {
  const made = await journal.create(run);
  const [owned = made.run] = await journal.claim({ ...ann, limit: 1, ids: [run.id] });
  await journal.append([draftAppend(owned, 0, [], { update: parking(owned, until) })]);
  return owned;
}

/** The update that parks a run whose worker knows of all that a record shows. */
export function parking({ wakes }: RunRecord, until?: number): RunUpdate {
  return { status: "waiting", park: { wakes, ...(until !== undefined && { until }) } };
}

/** Makes a run of ann's and ends it at once. */
export async function endRun(journal: Journal, run: NewRun): Promise<void> {
  const { run: made } = await journal.create(run, ann);
  await journal.append([draftAppend(made, 0, ["a"], { update: { status: "done" } })]);
}
