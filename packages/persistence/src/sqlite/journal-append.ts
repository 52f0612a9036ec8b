import {
  type AppendOutcome,
  type Clock,
  type JournalRow,
  type NewTask,
  type RunAppend,
  refuse,
  sameRow,
  updatedRun,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { fromRun, text, toRow, toRun } from "../journal-records.ts";
import { placesOf } from "../ranges.ts";
import { PLACES } from "../tables.ts";
import type { prepareJournal } from "./journal-statements.ts";

type Statements = ReturnType<typeof prepareJournal>;

/** Refuses a batch, before anything of it is written, that is too long or would open another run's task. */
export function checkBatch(statements: Statements, batch: readonly RunAppend[]): void {
  const owners = new Map<string, string>();
  for (const { run, seq, rows, tasks = [] } of batch) {
    if (seq + rows.length > PLACES) throw fail("run.too_long", { run, most: PLACES });
    for (const { token } of tasks) {
      const by = statements.task.get({ token })?.run ?? owners.get(token) ?? run;
      if (by !== run) throw refuse("task.token_taken", { token, run, by });
      owners.set(token, run);
    }
  }
}

/** Writes one run's part of a batch, or nothing of it. */
export function appendPart(statements: Statements, part: RunAppend, clock: Clock): AppendOutcome {
  const { run, epoch, seq, rows, tasks = [], update } = part;
  const [first, ...rest] = rows;
  if (first === undefined ? !isNext(statements, part) : !addRow(first, 0)) {
    return isRepeat(statements, part) ? "kept" : "fenced";
  }
  for (const [index, row] of rest.entries()) addRow(row, index + 1);
  if (tasks.length === 0 && update === undefined) return "kept";
  const kept = statements.run.get({ id: run });
  if (kept === undefined) return "fenced";
  const now = clock.now();
  for (const task of tasks) statements.openTask.run(toValues(task, kept.n, now));
  if (update !== undefined) statements.updateRun.run(fromRun(updatedRun(toRun(kept), update, now)));
  return "kept";

  function addRow(row: Omit<JournalRow, "seq">, index: number): boolean {
    const values = { ...row, run, epoch, seq: seq + index, body: text(row.body), error: text(row.error) };
    return statements.addRow.run(values).changes > 0;
  }
}

function toValues({ token, key, question, expiresAt }: NewTask, run: number, createdAt: number) {
  return { token, run, key, question: JSON.stringify(question), expiresAt: expiresAt ?? null, createdAt };
}

// For appends without rows, which no insert fences.
function isNext(statements: Statements, { run, epoch, seq }: RunAppend): boolean {
  const kept = statements.run.get({ id: run });
  return kept?.epoch === epoch && kept.owner !== null && lengthOf(statements, kept.n) === seq;
}

// A worker that did not hear the answer asks again: equal rows of its own epoch in the same place are its own.
function isRepeat(statements: Statements, { run, epoch, seq, rows, update }: RunAppend): boolean {
  const kept = statements.run.get({ id: run });
  if (kept === undefined || kept.epoch !== epoch) return false;
  if (rows.length === 0) {
    return kept.owner === null && kept.status === update?.status && lengthOf(statements, kept.n) === seq;
  }
  const { first } = placesOf(kept.n);
  const there = statements.rows.all({ first: first + seq, end: first + seq + rows.length });
  return rows.every((given, index) => {
    const row = there[index];
    return row !== undefined && row.epoch === epoch && sameRow(toRow({ ...row, seq: row.place - first }), given);
  });
}

function lengthOf(statements: Statements, n: number): number {
  const { first, end } = placesOf(n);
  return (statements.last.get({ first, end })?.place ?? first - 1) - first + 1;
}
