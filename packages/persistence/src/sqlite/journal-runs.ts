// The records of runs in their table, for work inside a transaction.
//
// 1. Every change of a run comes by `change`: what ends listens no more, and wakes the run that waits for it.
// 2. A change needs no JSON of the run, so it cannot fail on JSON that was spoilt by hand: a refusal after a write
//    would leave that write behind.
import { isMofaError, type JournalRow, type RunRecord, type TaskRecord, wokenRun } from "@mofa/kernel";
import { fail } from "../errors.ts";
import {
  changedColumns,
  fromRun,
  headOf,
  type KeptRun,
  type KeptTask,
  text,
  toRun,
  toTask,
} from "../journal-records.ts";
import { PLACES } from "../tables.ts";
import type { Database } from "./database.ts";
import { type JournalStatements, prepareColumns } from "./journal-statements.ts";
import { createTexts, shortened, type Texts } from "./journal-texts.ts";

const JSONS = ["input", "output", "error", "cancelRequested"] as const;

type Maker<T> = (text: string | null) => T;

export interface Runs {
  readonly texts: Texts;
  kept(id: string): KeptRun | undefined;
  /** A run with all that is known of it; throws `run.unreadable`. */
  read(kept: KeptRun): RunRecord;
  readTask(kept: KeptTask): TaskRecord;
  /** Makes something of a text that belongs to a run; throws `run.unreadable`, naming what it is of that run. */
  whole<T>(run: string, part: { readonly what: string; readonly text: string | null }, make: Maker<T>): T;
  /** Gives its number. */
  insert(record: RunRecord): number;
  addRow(n: number, row: Omit<JournalRow, "seq">, place: { readonly seq: number; readonly epoch: number }): void;
  change(n: number, before: RunRecord, after: RunRecord): void;
  /** Tells an open run that something has come for it. */
  wake(kept: KeptRun | undefined, now: number): void;
}

export function createRuns(database: Pick<Database, "db" | "file">, statements: JournalStatements): Runs {
  const texts = createTexts(statements);
  const write = prepareColumns(database.db);

  function whole<T>(
    run: string,
    { what, text }: { readonly what: string; readonly text: string | null },
    make: Maker<T>,
  ): T {
    const found = text === null ? null : texts.whole(text);
    if (found === undefined) throw unreadable(database.file, run, { what, reason: "is gone" });
    try {
      return make(found);
    } catch (cause) {
      // What is made of several texts names the one that is spoilt.
      if (isMofaError(cause)) throw cause;
      throw unreadable(database.file, run, { what, reason: "is not JSON", cause });
    }
  }

  const runs: Runs = {
    texts,
    kept: (id) => statements.run.get({ id }),
    read(kept) {
      const same = (text: string | null) => text;
      const found = Object.fromEntries(JSONS.map((what) => [what, whole(kept.id, { what, text: kept[what] }, same)]));
      return whole(kept.id, { what: "input or output", text: null }, () => toRun({ ...kept, ...found }));
    },
    readTask(kept) {
      const what = `task "${kept.token}"`;
      return whole(kept.run, { what, text: kept.question }, (question) =>
        whole(kept.run, { what, text: kept.answer }, (answer) =>
          toTask({ ...kept, question: question ?? "null", answer }),
        ),
      );
    },
    whole,
    insert(record) {
      const columns = fromRun(record);
      const n = write.insert(shortened(columns, JSONS));
      texts.keep(n, [columns.input]);
      return n;
    },
    addRow(n, row, { seq, epoch }) {
      const columns = { ...row, body: text(row.body), error: text(row.error) };
      const place = n * PLACES + seq;
      statements.addRowAt.run({ ...shortened(columns, ["body", "error"]), place, epoch });
      texts.keep(n, [columns.body, columns.error]);
    },
    change(n, before, after) {
      const columns = changedColumns(before, after);
      write.update(n, shortened(columns, JSONS));
      for (const name of JSONS) texts.keep(n, [columns[name] ?? null]);
      if (before.finishedAt !== undefined || after.finishedAt === undefined) return;
      statements.deleteListens.run({ run: n });
      if (after.parent !== undefined) runs.wake(runs.kept(after.parent.run), after.finishedAt);
    },
    wake(kept, now) {
      if (kept === undefined || kept.finishedAt !== null) return;
      const record = headOf(kept);
      runs.change(kept.n, record, wokenRun(record, now));
    },
  };
  return runs;
}

export function unreadable(
  file: string,
  run: string,
  { what, reason, cause }: { readonly what: string; readonly reason: string; readonly cause?: unknown },
) {
  return fail("run.unreadable", { file, run, what, reason }, { cause });
}
