import type { Json } from "../../json.ts";
import type { Claim, JournalRow, NewRun, NewTask, RunAppend, RunRecord } from "../../kinds/journal.ts";

export const LEASE = 1_000;
export const ann: Claim = { worker: "ann", leaseMs: LEASE };
export const bob: Claim = { worker: "bob", leaseMs: LEASE };

export function draftRun(id: string, more: Partial<NewRun> = {}): NewRun {
  return { id, kind: "workflow", name: "orders", version: "v1", input: { id }, ...more };
}

export function draftRow(key: string, body: Json = { key }): Omit<JournalRow, "seq"> {
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
