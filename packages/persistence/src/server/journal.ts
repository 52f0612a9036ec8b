// Runs and all that belongs to them on a database server. The rules of what becomes of a run are the kernel's
// `run-changes`; whoever changes one holds the lock on its row in `mofa_run`.
//
// 1. Work may be done twice, when its answer was lost: each recognises what it did the first time.
// 2. Locks are taken in one order: those by name (see locks.ts), then runs, then what belongs to them.
import {
  type Clock,
  cancelledRun,
  copyAppend,
  type ErrorJson,
  type Journal,
  type Json,
  type Letter,
  type NewSignal,
  type RunRecord,
  refuse,
  renewedUntil,
  requeuedRun,
  type TaskAnswer,
  toErrorJson,
  toJson,
} from "@mofa/kernel";
import { headOf, type KeptRun, type KeptTask } from "../journal-records.ts";
import type { AppendQueue } from "./append-queue.ts";
import type { Connection, Database } from "./database.ts";
import { claimRuns } from "./journal-claims.ts";
import { createRun, duplicateOf } from "./journal-create.ts";
import { pruneRuns } from "./journal-prune.ts";
import { journalReads, toWholeTask } from "./journal-reads.ts";
import { changeRun, findRun, holdRun, readable, readRuns, wakeRun } from "./journal-runs.ts";
import { SQL } from "./journal-sql.ts";
import { fillTexts, keepTexts, shortened } from "./journal-texts.ts";
import { dedupeLock, takeLocks } from "./locks.ts";

export interface JournalOptions {
  readonly name: string;
  readonly queue: AppendQueue;
}

/** Runs, their rows, tasks, signals, listens and letters on a database server. */
export function serverJournal(database: Database, clock: Clock, { name, queue }: JournalOptions): Journal {
  /** Changes a run, and gives it as it is then. */
  async function change(
    connection: Connection,
    id: string,
    made: (record: RunRecord) => RunRecord | Promise<RunRecord>,
  ): Promise<RunRecord> {
    const kept = await holdRun(connection, id);
    const [before = headOf(kept)] = await readRuns({ connection, file: database.file }, [kept], headAnyway);
    const after = await made(before);
    await changeRun(connection, database, { n: kept.n, before, after });
    return after;
  }

  return {
    name,
    transactional: true,
    create: (given, claim, options) => createRun({ database, clock }, given, { ...options, claim }),
    claim: (claim) => claimRuns(database, claim, clock),
    async append(batch) {
      return batch.length === 0 ? [] : queue.append(batch.map(copyAppend));
    },
    async renew({ worker, leaseMs }, owned) {
      if (owned.length === 0) return [];
      const asked = {
        worker,
        ids: owned.map((one) => one.run),
        owned: owned.map(({ run, epoch }) => `${run} ${epoch}`),
      };
      return database.transact(async (connection) => {
        const { rows } = await connection.ask<Pick<KeptRun, "n" | "id" | "epoch">>(SQL.mine, asked);
        const mine = rows.map((row) => row.n);
        if (mine.length > 0) await connection.ask(SQL.renew, { mine, until: renewedUntil(leaseMs, clock.now()) });
        const held = new Set(rows.map(({ id, epoch }) => `${id} ${epoch}`));
        return owned.filter(({ run, epoch }) => held.has(`${run} ${epoch}`)).map(({ run }) => run);
      });
    },
    async cancel(id, reason) {
      const why = copy(reason) as ErrorJson;
      return database.transact((connection) =>
        change(connection, id, (record) => cancelledRun(record, why, clock.now())),
      );
    },
    async requeue(id) {
      return database.transact(async (connection) => {
        const { dedupe } = (await findRun(connection, id)) ?? {};
        if (dedupe) await takeLocks(connection, database.dialect, [dedupeLock(dedupe)]);
        return change(connection, id, async (record) => {
          const same = record.status === "dead" ? await duplicateOf(connection, record) : undefined;
          return requeuedRun(record, clock.now(), same);
        });
      });
    },
    async prune(filter) {
      return database.transact((connection) => pruneRuns(connection, filter));
    },
    ...journalReads(database),
    async answer(token, given) {
      const answer = { ...(copy(given) as TaskAnswer), at: clock.now() };
      return database.transact((connection, again) => answerTask({ connection, database }, { token, answer, again }));
    },
    async signal(given) {
      const signal = { ...(copy(given) as NewSignal), at: clock.now() };
      return database.transact((connection, again) => keepSignal({ connection, database }, { signal, again }));
    },
    async letters({ leaseMs, limit }) {
      return database.transact(async (connection) => {
        const now = clock.now();
        const taken = await holdLetters(connection, { now, limit });
        if (taken.length === 0) return [];
        await connection.ask(SQL.takeLetters, { taken, until: now + leaseMs });
        const { rows } = await connection.ask<KeptLetter>(SQL.letters, { taken });
        const whole = await fillTexts(connection, rows, ["draft"]);
        return whole.map((letter) => toLetter(database.file, letter));
      });
    },
    async sent(ids) {
      if (ids.length > 0) await database.use((connection) => connection.ask(SQL.sent, { ids }));
    },
  };
}

interface Place {
  readonly connection: Connection;
  readonly database: Database;
}

interface KeptLetter {
  readonly id: string;
  readonly run: string;
  readonly draft: string;
}

// One that somebody spoilt stays where it is and says so: it must not hold up the others.
function toLetter(file: string, { id, run, draft }: KeptLetter): Letter {
  try {
    const make = () => ({ id, run, draft: JSON.parse(draft) as Json });
    return readable(file, { run, what: `letter "${id}"` }, [draft], make);
  } catch (error) {
    return { id, run, draft: null, error: toErrorJson(error) };
  }
}

async function holdLetters(connection: Connection, { now, limit }: { readonly now: number; readonly limit: number }) {
  const held: number[] = [];
  for (let after = 0; held.length < limit; ) {
    const page = { now, after, limit: limit - held.length };
    const free = (await connection.run<{ readonly n: number }>(SQL.freeLetters, page)).rows.map(({ n }) => n);
    if (free.length === 0) break;
    after = free.at(-1) ?? after;
    const { rows } = await connection.ask<{ readonly n: number }>(SQL.holdLetters, { free, now });
    held.push(...rows.map(({ n }) => n));
  }
  return held;
}

interface Answering {
  readonly token: string;
  readonly answer: TaskAnswer & { readonly at: number };
  readonly again: boolean;
}

async function answerTask({ connection, database }: Place, { token, answer, again }: Answering) {
  const { dialect, file } = database;
  const found = (await connection.run<KeptTask>(SQL.task, { token })).rows[0];
  if (found === undefined) throw refuse("task.not_found", { token }, { stack: false });
  // The run's lock first, and then the task as it is.
  const run = await holdRun(connection, found.run);
  const [kept = found] = await fillTexts(connection, (await connection.run<KeptTask>(SQL.task, { token })).rows, [
    "question",
    "answer",
  ]);
  const text = JSON.stringify(answer);
  // After a lost answer, what is kept may be this very one.
  const mine = again && kept.answer === text;
  const task = toWholeTask(file, kept);
  if (kept.status !== "open" && !mine)
    throw refuse("task.already_answered", { token, by: task.answer?.by ?? "" }, { stack: false });
  if (!mine) {
    await keepTexts(connection, dialect, { run: run.n, texts: [text] });
    await connection.run(SQL.answer, shortened({ token, answer: text }));
    await wakeRun(connection, run.id, answer.at);
  }
  return { ...task, status: "answered" as const, answer };
}

interface Signalling {
  readonly signal: NewSignal & { readonly at: number };
  readonly again: boolean;
}

async function keepSignal({ connection, database }: Place, { signal, again }: Signalling): Promise<boolean> {
  const { run: id, body, ...named } = signal;
  const run = await holdRun(connection, id);
  if (run.finishedAt !== null) throw refuse("run.ended", { run: id, status: run.status }, { stack: false });
  const values = { ...named, run: run.n, body: JSON.stringify(body), consumed: 0 };
  const key = { run: run.n, id: signal.id };
  const found = (await connection.run<{ readonly name: string; readonly at: number }>(SQL.signal, key)).rows[0];
  // After a lost answer, what is kept may be this very one.
  if (found !== undefined) return again && found.name === signal.name && found.at === signal.at;
  await keepTexts(connection, database.dialect, { run: run.n, texts: [values.body] });
  await connection.run(SQL.addSignal, shortened(values));
  await wakeRun(connection, id, signal.at);
  return true;
}

function headAnyway(_: unknown, run: KeptRun): RunRecord {
  return headOf(run);
}

function copy<T>(value: T): T {
  return toJson(value) as unknown as T;
}
