import {
  type ClaimFilter,
  type Clock,
  cancelledRun,
  claimedRun,
  copyAppend,
  copyRun,
  type ErrorJson,
  isClaimable,
  type Journal,
  queuedRun,
  type RunRecord,
  refuse,
  type TaskAnswer,
  toJson,
} from "@mofa/kernel";
import { fromRun, toRun, toTask } from "../journal-records.ts";
import type { Database } from "./database.ts";
import { appendPart, checkBatch } from "./journal-append.ts";
import { journalReads } from "./journal-reads.ts";
import { prepareJournal } from "./journal-statements.ts";

/** Runs, their rows and tasks in an SQLite file. */
export function sqliteJournal(database: Database, clock: Clock, name: string): Journal {
  const { write } = database;
  const statements = prepareJournal(database.db);

  function find(id: string): RunRecord | undefined {
    const kept = statements.run.get({ id });
    return kept === undefined ? undefined : toRun(kept);
  }

  /** Runs that nobody works on, oldest first. */
  function free({ limit, ids, actions, deadWorkers = [] }: ClaimFilter): readonly RunRecord[] {
    const now = clock.now();
    const filter = { ...(actions !== undefined && { actions }), deadWorkers };
    if (ids !== undefined) {
      return [...new Set(ids)].flatMap((id) => find(id) ?? []).filter((one) => isClaimable(one, filter, now));
    }
    const wanted = { limit, actions: actions === undefined ? null : JSON.stringify(actions.map(actionText)) };
    const dead = JSON.stringify(deadWorkers);
    return [...statements.queued.all(wanted), ...statements.expired.all({ ...wanted, now, dead })]
      .sort((left, right) => left.n - right.n)
      .map(toRun);
  }

  return {
    name,
    async create(given, claim) {
      const fresh = copyRun(given);
      return write(() => {
        const found = find(fresh.id);
        if (found !== undefined) return { run: found, created: false };
        const now = clock.now();
        const record = claim === undefined ? queuedRun(fresh, now) : claimedRun(queuedRun(fresh, now), claim, now);
        statements.insertRun.run(fromRun(record));
        return { run: record, created: true };
      });
    },
    async claim({ worker, leaseMs, ...filter }) {
      return write(() => {
        const taken = free(filter).slice(0, filter.limit);
        const mine = taken.map((record) => claimedRun(record, { worker, leaseMs }, clock.now()));
        for (const record of mine) statements.updateRun.run(fromRun(record));
        return mine;
      });
    },
    async append(batch) {
      const parts = batch.map(copyAppend);
      if (parts.length === 0) return [];
      return write(() => {
        checkBatch(statements, parts);
        return parts.map((part) => appendPart(statements, part, clock));
      });
    },
    async renew({ worker, leaseMs }, owned) {
      return write(() => {
        const until = clock.now() + leaseMs;
        const mine = owned.filter((one) => statements.renew.run({ ...one, worker, until }).changes > 0);
        return mine.map((one) => one.run);
      });
    },
    async cancel(id, reason) {
      const why = toJson(reason) as unknown as ErrorJson;
      return write(() => {
        const found = find(id);
        if (found === undefined) throw refuse("run.not_found", { run: id }, { stack: false });
        const record = cancelledRun(found, why, clock.now());
        if (record !== found) statements.updateRun.run(fromRun(record));
        return record;
      });
    },
    ...journalReads(database, statements),
    async answer(token, given) {
      const copy = toJson(given) as unknown as TaskAnswer;
      return write(() => {
        const kept = statements.task.get({ token });
        if (kept === undefined) throw refuse("task.not_found", { token }, { stack: false });
        const open = toTask(kept);
        if (open.answer !== undefined) {
          throw refuse("task.already_answered", { token, by: open.answer.by }, { stack: false });
        }
        const answer = { ...copy, at: clock.now() };
        statements.answer.run({ token, answer: JSON.stringify(answer) });
        return { ...open, status: "answered" as const, answer };
      });
    },
  };
}

function actionText({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}:${name}`;
}
