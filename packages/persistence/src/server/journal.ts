import {
  type Clock,
  cancelledRun,
  claimedRun,
  copyAppend,
  copyRun,
  type ErrorJson,
  type Journal,
  queuedRun,
  type RunRecord,
  refuse,
  type TaskAnswer,
  toJson,
} from "@mofa/kernel";
import { fromRun, type KeptRun, type KeptTask, toRun, toTask } from "../journal-records.ts";
import type { AppendQueue } from "./append-queue.ts";
import { type Connection, type Database, isFree } from "./database.ts";
import { freeRuns } from "./journal-claim.ts";
import { findRun, journalReads } from "./journal-reads.ts";
import { SQL } from "./journal-sql.ts";

/** Runs, their rows and tasks on a database server. */
export function serverJournal(database: Database, clock: Clock, { name, queue }: JournalOptions): Journal {
  return {
    name,
    async create(given, claim) {
      const fresh = copyRun(given);
      const now = clock.now();
      const record = claim === undefined ? queuedRun(fresh, now) : claimedRun(queuedRun(fresh, now), claim, now);
      return database.use(async (connection, again) => {
        if (await isFree(connection.run(SQL.addRun, { ...fromRun(record) }))) return { run: record, created: true };
        const run = await expectRun(connection, fresh.id);
        return { run, created: again && isMine(run, record) };
      });
    },
    async claim({ worker, leaseMs, ...filter }) {
      const now = clock.now();
      return database.transact(async (connection) => {
        const free = await freeRuns(connection, filter, now);
        const taken = free.map((run) => run.n);
        if (taken.length > 0) await connection.ask(SQL.take, { taken, worker, until: now + leaseMs, now });
        return free.map((run) => claimedRun(toRun(run), { worker, leaseMs }, now));
      });
    },
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
        if (mine.length > 0) await connection.ask(SQL.renew, { mine, until: clock.now() + leaseMs });
        const held = new Set(rows.map(({ id, epoch }) => `${id} ${epoch}`));
        return owned.filter(({ run, epoch }) => held.has(`${run} ${epoch}`)).map(({ run }) => run);
      });
    },
    async cancel(id, reason) {
      const why = toJson(reason) as unknown as ErrorJson;
      return database.transact(async (connection) => {
        const found = await expectRun(connection, id, SQL.runHeld);
        const record = cancelledRun(found, why, clock.now());
        if (record !== found) await connection.run(SQL.updateRun, { ...fromRun(record) });
        return record;
      });
    },
    ...journalReads(database),
    async answer(token, given) {
      const answer = { ...(toJson(given) as unknown as TaskAnswer), at: clock.now() };
      const text = JSON.stringify(answer);
      return database.use(async (connection, again) => {
        const { changed } = await connection.run(SQL.answer, { token, answer: text });
        const kept = (await connection.run<KeptTask>(SQL.task, { token })).rows[0];
        if (kept === undefined) throw refuse("task.not_found", { token }, { stack: false });
        const task = toTask(kept);
        // After a lost answer, what is kept may be this very one.
        if (changed > 0 || (again && kept.answer === text)) return task;
        throw refuse("task.already_answered", { token, by: task.answer?.by ?? "" }, { stack: false });
      });
    },
  };
}

export interface JournalOptions {
  readonly name: string;
  readonly queue: AppendQueue;
}

async function expectRun(connection: Connection, id: string, text: string = SQL.run): Promise<RunRecord> {
  const found = await findRun(connection, id, text);
  if (found === undefined) throw refuse("run.not_found", { run: id }, { stack: false });
  return toRun(found);
}

// After a lost answer, what is found may be what was to be made: a worker's id is its own.
function isMine(found: RunRecord, made: RunRecord): boolean {
  return found.createdAt === made.createdAt && found.epoch === made.epoch && found.owner === made.owner;
}
