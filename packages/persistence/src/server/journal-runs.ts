// The records of runs in their table, for work inside a transaction that holds the run's lock.
//
// 1. What becomes of a run comes by `changeRun`: what ends listens no more, and wakes the run that waits for it.
// 2. A change needs no JSON of the run, so that one that was spoilt by hand can still be ended.
import { isMofaError, type RunRecord, refuse } from "@mofa/kernel";
import { markedHash } from "../blobs.ts";
import { fail } from "../errors.ts";
import { changedColumns, type KeptRun, toRun } from "../journal-records.ts";
import { columnName } from "../tables.ts";
import type { Connection, Database } from "./database.ts";
import { SQL } from "./journal-sql.ts";
import { fillTexts, keepTexts, shortened } from "./journal-texts.ts";

const JSONS = ["input", "output", "error", "cancelRequested"] as const;

/** A run as it is kept, found by its id. */
export async function findRun(
  connection: Connection,
  id: string,
  text: string = SQL.run,
): Promise<KeptRun | undefined> {
  return (await connection.run<KeptRun>(text, { id })).rows[0];
}

/** A run by its id, locked; throws `run.not_found`. */
export async function holdRun(connection: Connection, id: string): Promise<KeptRun> {
  const found = await findRun(connection, id, SQL.runHeld);
  if (found === undefined) throw refuse("run.not_found", { run: id }, { stack: false });
  return found;
}

/** Runs with all that is known of them; those that cannot be read are given to `otherwise`. */
export async function readRuns<Other>(
  { connection, file }: { readonly connection: Connection; readonly file: string },
  kept: readonly KeptRun[],
  otherwise: (error: unknown, run: KeptRun) => Other,
): Promise<readonly (RunRecord | Other)[]> {
  const whole = await fillTexts(connection, kept, JSONS);
  return whole.map((run) => {
    try {
      return readable(file, { run: run.id, what: "input or output" }, Object.values(run), () => toRun(run));
    } catch (error) {
      if (!isMofaError(error, "run.unreadable")) throw error;
      return otherwise(error, run);
    }
  });
}

/** Makes plain data of texts, or says of which run they are. */
export function readable<T>(
  file: string,
  { run, what }: { readonly run: string; readonly what: string },
  texts: readonly unknown[],
  make: () => T,
): T {
  const isGone = texts.some((text) => typeof text === "string" && markedHash(text) !== undefined);
  if (isGone) throw fail("run.unreadable", { file, run, what, reason: "is gone" });
  try {
    return make();
  } catch (cause) {
    throw fail("run.unreadable", { file, run, what, reason: "is not JSON" }, { cause });
  }
}

interface Change {
  readonly n: number;
  readonly before: RunRecord;
  readonly after: RunRecord;
}

/** Writes what has changed of a run. */
export async function changeRun(connection: Connection, { dialect }: Database, { n, before, after }: Change) {
  const columns = changedColumns(before, after);
  const names = Object.keys(columns);
  if (names.length === 0) return;
  await keepTexts(connection, dialect, { run: n, texts: Object.values(columns) });
  const set = names.map((name) => `"${columnName(name)}" = :${name}`).join(", ");
  await connection.run(`UPDATE mofa_run SET ${set} WHERE n = :n`, { ...shortened(columns), n });
  if (before.finishedAt !== undefined || after.finishedAt === undefined) return;
  await connection.run(SQL.deleteListens, { run: n });
  if (after.parent !== undefined) await wakeRun(connection, after.parent.run, after.finishedAt);
}

/** Tells an open run that something has come for it. */
export async function wakeRun(connection: Connection, id: string, now: number): Promise<void> {
  await connection.run(SQL.wake, { id, now });
}
