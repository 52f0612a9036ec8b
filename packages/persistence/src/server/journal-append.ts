import {
  type AppendOutcome,
  type Clock,
  type NewTask,
  type RunAppend,
  refuse,
  sameRow,
  updatedRun,
} from "@mofa/kernel";
import { fromRun, type KeptRun, toRow, toRun } from "../journal-records.ts";
import type { Kept, tables } from "../tables.ts";
import type { Connection, Database } from "./database.ts";
import { rowValues, SQL } from "./journal-sql.ts";
import { insertMany, placeOf } from "./places.ts";

/**
 * Appends in one transaction, looking at everything: for batches that open tasks, and for parts that did not stand when
 * they were written quickly, which may be repeats.
 */
export async function appendWithCare(database: Database, parts: readonly RunAppend[], clock: Clock) {
  return database.transact(async (connection) => {
    const now = clock.now();
    const ids = [...new Set(parts.map((part) => part.run))];
    const held = await connection.ask<KeptRun>(SQL.runsHeld, { ids });
    const runs = new Map(held.rows.map((run) => [run.id, run]));
    await checkTokens(connection, parts);
    const outcomes: AppendOutcome[] = [];
    for (const part of parts) {
      const run = runs.get(part.run);
      const outcome = run === undefined ? "fenced" : await appendPart(connection, { part, run, now });
      if (run !== undefined && outcome === "kept" && part.update !== undefined) {
        runs.set(part.run, (await connection.run<KeptRun>(SQL.run, { id: part.run })).rows[0] ?? run);
      }
      outcomes.push(outcome);
    }
    // Asked again: another batch may have opened one of the tasks in between.
    await checkTokens(connection, parts);
    return outcomes;
  });

  async function appendPart(connection: Connection, { part, run, now }: Held): Promise<AppendOutcome> {
    const { epoch, seq, rows, tasks = [], update } = part;
    const isNext = run.epoch === epoch && run.owner !== null && (await lengthOf(connection, run.n)) === seq;
    if (!isNext) return (await isRepeat(connection, part, run)) ? "kept" : "fenced";
    await insertMany(
      connection,
      SQL.addRows,
      rows.map((row, index) => rowValues(row, placeOf(run.n, seq + index), epoch)),
    );
    for (const task of tasks) {
      await connection.run(`${SQL.addTask} ${database.dialect.unlessThere}`, taskValues(task, run.n, now));
    }
    if (update !== undefined) await connection.run(SQL.updateRun, { ...fromRun(updatedRun(toRun(run), update, now)) });
    return "kept";
  }
}

interface Held {
  readonly part: RunAppend;
  readonly run: KeptRun;
  readonly now: number;
}

/** Refuses a batch that would open another run's task. */
async function checkTokens(connection: Connection, parts: readonly RunAppend[]): Promise<void> {
  const owners = new Map<string, string>();
  for (const { run, tasks = [] } of parts) {
    for (const { token } of tasks) {
      const kept = (await connection.run<{ readonly run: string }>(SQL.task, { token })).rows[0];
      const by = kept?.run ?? owners.get(token) ?? run;
      if (by !== run) throw refuse("task.token_taken", { token, run, by });
      owners.set(token, run);
    }
  }
}

// A worker that did not hear the answer asks again: equal rows of its own epoch in the same place are its own.
async function isRepeat(connection: Connection, { epoch, seq, rows, update }: RunAppend, run: KeptRun) {
  if (run.epoch !== epoch) return false;
  if (rows.length === 0) {
    return run.owner === null && run.status === update?.status && (await lengthOf(connection, run.n)) === seq;
  }
  const range = { from: placeOf(run.n, seq), to: placeOf(run.n, seq + rows.length) };
  const there = (await connection.run<KeptRow>(SQL.rows, range)).rows;
  return rows.every((given, index) => {
    const row = there[index];
    return row !== undefined && row.epoch === epoch && sameRow(toRow(row), given);
  });
}

type KeptRow = Omit<Kept<typeof tables.row>, "place"> & { readonly seq: number };

async function lengthOf(connection: Connection, n: number): Promise<number> {
  const range = { from: placeOf(n, 0), to: placeOf(n + 1, 0) };
  const last = (await connection.run<{ readonly seq: number }>(SQL.last, range)).rows[0];
  return last === undefined ? 0 : last.seq + 1;
}

function taskValues({ token, key, question, expiresAt }: NewTask, run: number, createdAt: number) {
  const status = "open";
  return { token, run, key, question: JSON.stringify(question), expiresAt: expiresAt ?? null, status, createdAt };
}
