// One run's part of an append.
//
// 1. A row without extras is one statement, which is its fence too.
// 2. Everything that may refuse does so before the first write; what can only fail while it writes (`writes`) is
//    inside a savepoint.
import {
  type AppendOutcome,
  type Clock,
  type RunAppend,
  refuse,
  sameRow,
  showsUpdate,
  toErrorJson,
  updatedRun,
} from "@mofa/kernel";
import { toShort } from "../blobs.ts";
import { fail } from "../errors.ts";
import { headOf, type KeptRun, text, toRow } from "../journal-records.ts";
import { placesOf } from "../ranges.ts";
import { PLACES } from "../tables.ts";
import { addBelongings } from "./journal-belongings.ts";
import type { Runs } from "./journal-runs.ts";
import type { JournalStatements } from "./journal-statements.ts";
import type { Writes } from "./journal-writes.ts";

export interface AppendTools {
  readonly statements: JournalStatements;
  readonly runs: Runs;
  readonly writes: Writes;
  readonly clock: Clock;
}

/** Refuses a batch, before anything of it is written, that is too long or would open another run's task. */
export function checkBatch({ statements }: AppendTools, batch: readonly RunAppend[]): void {
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
export function appendPart(tools: AppendTools, part: RunAppend): AppendOutcome {
  const { writes = [] } = part;
  if (writes.length === 0) return append(tools, part);
  const tried = tools.writes.attempt(() => append(tools, part));
  return "value" in tried ? tried.value : { refused: toErrorJson(tried.failure) };
}

function append(tools: AppendTools, part: RunAppend): AppendOutcome {
  const { run, rows, writes = [] } = part;
  const bare = rows.length === 0 ? tools.runs.kept(run) : undefined;
  const added = rows.length === 0 ? isNext(tools, bare, part) : addRows(tools, part);
  if (!added) return isRepeat(tools, bare ?? tools.runs.kept(run), part) ? "kept" : "fenced";
  tools.writes.run(writes);
  addExtras(tools, bare, part);
  return "kept";
}

/** Adds the rows if the first one passes its fence; the others follow it in the same transaction. */
function addRows({ statements, runs }: AppendTools, { run, epoch, seq, rows }: RunAppend): boolean {
  for (const [index, row] of rows.entries()) {
    const [body, error] = [text(row.body), text(row.error)];
    const [shortBody, shortError] = [toShort(body), toShort(error)];
    const values = { ...row, run, epoch, seq: seq + index, body: shortBody, error: shortError };
    if (statements.addRow.run(values).changes === 0 && index === 0) return false;
    const long = shortBody !== body || shortError !== error;
    const kept = long ? runs.kept(run) : undefined;
    if (kept !== undefined) runs.texts.keep(kept.n, [body, error]);
  }
  return true;
}

function addExtras(tools: AppendTools, found: KeptRun | undefined, part: RunAppend): void {
  const { tasks, letters, consumed, listens, unlistens, update } = part;
  const extras = [tasks, letters, consumed, listens, unlistens].some((list) => (list?.length ?? 0) > 0);
  if (!extras && update === undefined) return;
  const kept = found ?? tools.runs.kept(part.run);
  if (kept === undefined) return;
  if (extras) addBelongings(tools, kept.n, part);
  if (update === undefined) return;
  const before = headOf(kept);
  tools.runs.change(kept.n, before, updatedRun(before, update, tools.clock.now()));
  if (update.restart !== undefined) restart(tools.statements, kept);
}

function restart(statements: JournalStatements, { n }: KeptRun): void {
  statements.deleteRows.run(placesOf(n));
  statements.deleteTasks.run({ run: n, open: 1 });
  statements.deleteListens.run({ run: n });
}

// For appends without rows, which no insert fences.
function isNext({ statements }: AppendTools, kept: KeptRun | undefined, { epoch, seq }: RunAppend): boolean {
  return kept?.epoch === epoch && kept.owner !== null && lengthOf(statements, kept.n) === seq;
}

// A worker that did not hear the answer asks again: equal rows of its own epoch in the same place are its own.
function isRepeat(
  { statements }: AppendTools,
  kept: KeptRun | undefined,
  { epoch, seq, rows, update }: RunAppend,
): boolean {
  if (kept === undefined || kept.epoch !== epoch) return false;
  if (rows.length === 0) return lengthOf(statements, kept.n) === seq && showsUpdate(headOf(kept), update);
  const { first } = placesOf(kept.n);
  const there = statements.rows.all({ first: first + seq, end: first + seq + rows.length });
  return rows.every((given, index) => {
    const row = there[index];
    if (row === undefined || row.place !== first + seq + index || row.epoch !== epoch) return false;
    // Long texts of the same content have the same marker, so that none has to be fetched to be compared.
    const same = row.body === toShort(text(given.body)) && row.error === toShort(text(given.error));
    if (!same) return false;
    const { body: _, error: __, ...head } = given;
    return sameRow(toRow({ ...row, body: null, error: null, seq: seq + index }), head);
  });
}

function lengthOf(statements: JournalStatements, n: number): number {
  const { first, end } = placesOf(n);
  return (statements.last.get({ first, end })?.place ?? first - 1) - first + 1;
}
