// Runs and all that belongs to them in an SQLite file. Each method that changes something is one piece of work in a
// transaction (see writer.ts); the rules of what becomes of a run are the kernel's `run-changes`.
import {
  type Claim,
  type ClaimFilter,
  type Clock,
  type CreateOptions,
  cancelledRun,
  claimedRun,
  copyAppend,
  copyRun,
  type ErrorJson,
  isMofaError,
  type Journal,
  type Json,
  type Letter,
  mayBeginAtOnce,
  type NewRun,
  type NewSignal,
  queuedRun,
  type RunRecord,
  refuse,
  renewedUntil,
  replacedRun,
  requeuedRun,
  type TaskAnswer,
  toErrorJson,
  toJson,
} from "@mofa/kernel";
import { toShort } from "../blobs.ts";
import { headOf, type KeptRun } from "../journal-records.ts";
import type { Database } from "./database.ts";
import { appendPart, checkBatch } from "./journal-append.ts";
import { chooseRuns } from "./journal-claim.ts";
import { pruneRuns } from "./journal-prune.ts";
import { journalReads } from "./journal-reads.ts";
import { createRuns } from "./journal-runs.ts";
import { prepareJournal } from "./journal-statements.ts";
import { createWrites } from "./journal-writes.ts";

/** Runs, their rows, tasks, signals, listens and letters in an SQLite file. */
export function sqliteJournal(database: Database, clock: Clock, name: string): Journal {
  const { write, writeNow } = database;
  const statements = prepareJournal(database.db);
  const runs = createRuns(database, statements);
  const tools = { statements, runs, writes: createWrites(database, clock), clock };

  function need(id: string): KeptRun {
    const kept = runs.kept(id);
    if (kept === undefined) throw refuse("run.not_found", { run: id }, { stack: false });
    return kept;
  }

  /** Changes a run, and gives it as it is then. */
  function change(kept: KeptRun, made: (record: RunRecord) => RunRecord): RunRecord {
    const before = runs.read(kept);
    const after = made(before);
    if (after !== before) runs.change(kept.n, before, after);
    return after;
  }

  // One that somebody spoilt stays where it is and says so: it must not hold up the others.
  function toLetter({ id, run, draft }: { readonly id: string; readonly run: string; readonly draft: string }): Letter {
    try {
      const make = (text: string | null) => ({ id, run, draft: JSON.parse(text ?? "null") as Json });
      return runs.whole(run, { what: `letter "${id}"`, text: draft }, make);
    } catch (error) {
      return { id, run, draft: null, error: toErrorJson(error) };
    }
  }

  /** The open run that is the same work. */
  function duplicateOf({ tenant, queue = "", dedupe }: NewRun): KeptRun | undefined {
    return dedupe === undefined ? undefined : statements.duplicate.get({ dedupe, tenant: tenant ?? null, queue });
  }

  function create(fresh: NewRun, claim: Claim | undefined, { rows = [], replace = false }: CreateOptions) {
    const now = clock.now();
    const found = runs.kept(fresh.id) ?? duplicateOf(fresh);
    if (found) {
      const waits = found.status === "queued" && found.epoch === 0;
      if (!replace || !waits || found.id === fresh.id) return { run: runs.read(found), created: false };
      return { run: change(found, (record) => replacedRun(record, fresh, now)), created: false };
    }
    const queued = queuedRun(fresh, now);
    const run = claim === undefined || !mayBeginAtOnce(fresh, now) ? queued : claimedRun(queued, claim, now);
    const n = runs.insert(run);
    for (const [seq, row] of rows.entries()) runs.addRow(n, row, { seq, epoch: 0 });
    return { run, created: true };
  }

  /** Takes one of the chosen. One that cannot be read is dead: left in the queue, it would stop every claim. */
  function take(id: string, claim: Claim & ClaimFilter): readonly RunRecord[] {
    const kept = need(id);
    const now = clock.now();
    try {
      return [change(kept, (record) => claimedRun(record, claim, now))];
    } catch (error) {
      if (!isMofaError(error, "run.unreadable")) throw error;
      const { owner: _, leaseUntil: __, wakeAt: ___, ...head } = headOf(kept);
      const dead = { epoch: head.epoch + 1, error: toErrorJson(error), updatedAt: now, finishedAt: now };
      runs.change(kept.n, headOf(kept), { ...head, ...dead, status: "dead" });
      return [];
    }
  }

  return {
    name,
    transactional: true,
    async create(given, claim, options = {}) {
      const fresh = copyRun(given);
      const rows = (options.rows ?? []).map(copy);
      return write(() => create(fresh, claim, { ...options, rows }));
    },
    async claim(claim) {
      return write(() => {
        const chosen = chooseRuns(statements, claim, clock.now());
        const taken = chosen.flatMap((id) => take(id, claim));
        // One that is dead has woken its parent, which may be among those that were taken before it.
        const ended = taken.length < chosen.length || taken.some(({ status }) => status === "dead");
        return ended ? taken.map(({ id }) => runs.read(need(id))) : taken;
      });
    },
    async append(batch) {
      const parts = batch.map(copyAppend);
      if (parts.length === 0) return [];
      // Whoever appends has gathered what all its runs have to say.
      return writeNow(() => {
        checkBatch(tools, parts);
        return parts.map((part) => appendPart(tools, part));
      });
    },
    async renew({ worker, leaseMs }, owned) {
      return write(() => {
        const until = renewedUntil(leaseMs, clock.now());
        const mine = owned.filter((one) => statements.renew.run({ ...one, worker, until }).changes > 0);
        return mine.map((one) => one.run);
      });
    },
    async cancel(id, reason) {
      const why = copy(reason) as ErrorJson;
      return write(() => change(need(id), (record) => cancelledRun(record, why, clock.now())));
    },
    async requeue(id) {
      return write(() => change(need(id), (record) => requeuedRun(record, clock.now(), duplicateOf(record))));
    },
    async prune(filter) {
      return write(() => pruneRuns(statements, filter));
    },
    ...journalReads(database, statements, runs),
    async answer(token, given) {
      const copied: TaskAnswer = copy(given);
      return write(() => {
        const kept = statements.task.get({ token });
        if (kept === undefined) throw refuse("task.not_found", { token }, { stack: false });
        const open = runs.readTask(kept);
        if (open.answer !== undefined) {
          throw refuse("task.already_answered", { token, by: open.answer.by }, { stack: false });
        }
        const answer = { ...copied, at: clock.now() };
        const text = JSON.stringify(answer);
        const run = need(kept.run);
        statements.answer.run({ token, answer: toShort(text) });
        runs.texts.keep(run.n, [text]);
        runs.wake(run, clock.now());
        return { ...open, status: "answered" as const, answer };
      });
    },
    async signal(given) {
      const { run: id, body, ...signal }: NewSignal = copy(given);
      return write(() => {
        const kept = need(id);
        if (kept.finishedAt !== null) throw refuse("run.ended", { run: id, status: kept.status }, { stack: false });
        const text = JSON.stringify(body);
        const values = { ...signal, run: kept.n, body: toShort(text), at: clock.now() };
        if (statements.addSignal.run(values).changes === 0) return false;
        runs.texts.keep(kept.n, [text]);
        runs.wake(kept, clock.now());
        return true;
      });
    },
    async letters({ leaseMs, limit }) {
      return write(() => {
        const now = clock.now();
        const free = statements.freeLetters.all({ now, limit });
        for (const { id } of free) statements.takeLetter.run({ id, until: now + leaseMs });
        return free.map(toLetter);
      });
    },
    async sent(ids) {
      return write(() => {
        for (const id of ids) statements.deleteLetter.run({ id });
      });
    },
  };
}

function copy<T>(value: T): T {
  return toJson(value) as unknown as T;
}
