// Runs and all that belongs to them in maps: the reference of what a journal must do.
//
// 1. A method changes everything before its first await, or nothing: each is one transaction.
// 2. A run has an owner exactly while it is worked on; only the owner's epoch may append.
// 3. What is kept is a copy of what was given, and what is given out is a copy of what is kept.
import type { ErrorJson } from "../error.ts";
import { toJson } from "../json.ts";
import { createAdmission } from "./admission.ts";
import { createRunBelongings, type RunBelongings } from "./in-memory-belongings.ts";
import { byEnd, createKeptRuns, type KeptRun, type KeptRuns } from "./in-memory-runs.ts";
import type { InMemoryOptions } from "./in-memory-store.ts";
import type { AppendOutcome, Claim, Journal, PruneFilter, RunAppend } from "./journal.ts";
import type { NewRun, RunRecord } from "./journal-records.ts";
import { copyAppend, copyRun, refuse, sameRow } from "./refuse.ts";
import {
  cancelledRun,
  claimedRun,
  isClaimable,
  mayBeginAtOnce,
  queuedRun,
  renewedUntil,
  replacedRun,
  requeuedRun,
  showsUpdate,
  updatedRun,
  wokenRun,
} from "./run-changes.ts";

/** The reference of a journal: runs for as long as the process lives. */
export function inMemoryJournal({ clock, name = "memory" }: InMemoryOptions): Journal {
  const runs = createKeptRuns();
  const belongings = createRunBelongings(clock);

  /** Every change of a record comes by here: what has ended listens no more, and wakes the run that waits for it. */
  function change(run: KeptRun, record: RunRecord): void {
    const ends = run.record.finishedAt === undefined && record.finishedAt !== undefined;
    runs.change(run, record);
    if (!ends) return;
    belongings.endListens(record.id);
    if (record.parent !== undefined) wake(record.parent.run);
  }

  function wake(id: string): void {
    const run = runs.get(id);
    if (run !== undefined && run.record.finishedAt === undefined) change(run, wokenRun(run.record, clock.now()));
  }

  function find(id: string): KeptRun {
    const run = runs.get(id);
    if (run === undefined) throw refuse("run.not_found", { run: id }, { stack: false });
    return run;
  }

  function create(run: NewRun, claim: Claim | undefined): KeptRun {
    const now = clock.now();
    const queued = queuedRun(run, now);
    return runs.add(claim === undefined || !mayBeginAtOnce(run, now) ? queued : claimedRun(queued, claim, now));
  }

  function append(part: RunAppend): AppendOutcome {
    const run = runs.get(part.run);
    if (run === undefined || run.record.epoch !== part.epoch) return "fenced";
    if (isRepeat(run, part)) return "kept";
    if (run.record.owner === undefined || run.rows.length !== part.seq) return "fenced";
    if ((part.writes ?? []).length > 0) return { refused: toRefusal(name) };
    const { epoch, seq, rows, update } = part;
    run.rows.push(...rows.map((row, index) => ({ ...row, seq: seq + index, epoch })));
    belongings.append(part);
    if (update === undefined) return "kept";
    change(run, updatedRun(run.record, update, clock.now()));
    if (update.restart !== undefined) {
      run.rows.length = 0;
      belongings.restart(part.run);
    }
    return "kept";
  }

  return {
    name,
    async create(given, claim, { rows = [], replace = false } = {}) {
      const run = copyRun(given);
      const known = rows.map((row) => copy(row));
      const found = runs.get(run.id) ?? runs.duplicateOf(run);
      if (found === undefined) {
        const kept = create(run, claim);
        kept.rows.push(...known.map((row, seq) => ({ ...row, seq, epoch: 0 })));
        return { run: copy(kept.record), created: true };
      }
      const { record } = found;
      if (replace && record.id !== run.id && record.status === "queued" && record.epoch === 0)
        change(found, replacedRun(record, run, clock.now()));
      return { run: copy(found.record), created: false };
    },
    async claim({ limit, ids, ...claim }) {
      const now = clock.now();
      const filter = { ...claim, limit };
      const since = (queue: string) => now - (filter.queues?.find(({ name }) => name === queue)?.rate?.perMs ?? 0);
      const admission = createAdmission(filter, (queue) => runs.usageOf(queue, since(queue)));
      const named = ids === undefined ? undefined : [...new Set(ids)].flatMap((id) => runs.get(id) ?? []);
      const taken: KeptRun[] = [];
      for (const run of named ?? runs.claimable(filter, admission, now)) {
        if (taken.length === limit) break;
        if (isClaimable(run.record, filter, now) && admission.take(run.record)) taken.push(run);
      }
      for (const run of taken) change(run, claimedRun(run.record, claim, now));
      return taken.map((run) => copy(run.record));
    },
    async append(batch) {
      const parts = batch.map(copyAppend);
      belongings.checkTokens(parts);
      return parts.map(append);
    },
    async renew({ worker, leaseMs }, owned) {
      const mine = owned.filter(({ run, epoch }) => {
        const record = runs.get(run)?.record;
        return record?.owner === worker && record.epoch === epoch;
      });
      for (const { run: id } of mine) {
        const run = runs.get(id);
        if (run !== undefined) change(run, { ...run.record, leaseUntil: renewedUntil(leaseMs, clock.now()) });
      }
      return mine.map(({ run }) => run);
    },
    async cancel(id, reason) {
      const run = find(id);
      change(run, cancelledRun(run.record, toJson(reason) as unknown as ErrorJson, clock.now()));
      return copy(run.record);
    },
    async requeue(id) {
      const run = find(id);
      change(run, requeuedRun(run.record, clock.now(), runs.duplicateOf(run.record)?.record));
      return copy(run.record);
    },
    async get(id) {
      const run = runs.get(id);
      return run === undefined ? undefined : copy(run.record);
    },
    async rows(id) {
      return (runs.get(id)?.rows ?? []).map(({ epoch: _, ...row }) => copy(row));
    },
    async list(filter = {}) {
      const { limit = 100 } = filter;
      const found: RunRecord[] = [];
      if (limit <= 0) return found;
      for (const run of runs.list(filter)) {
        found.push(copy(run.record));
        // Before the next is looked for: it may be far.
        if (found.length >= limit) break;
      }
      return found;
    },
    counts: async () => runs.counts(),
    async prune(filter) {
      const gone = surplusOf(runs, filter);
      for (const run of gone) {
        runs.delete(run);
        belongings.delete(run.record.id);
      }
      return gone.size;
    },
    async answer(token, answer) {
      const task = belongings.answer(token, answer);
      wake(task.run);
      return task;
    },
    async signal(given) {
      const signal = copy(given);
      const { record } = find(signal.run);
      if (record.finishedAt !== undefined)
        throw refuse("run.ended", { run: record.id, status: record.status }, { stack: false });
      if (!belongings.signal(signal)) return false;
      wake(signal.run);
      return true;
    },
    ...readsOf(belongings),
  };
}

function readsOf({ tasks, task, signals, listens, topics, letters, sent }: RunBelongings) {
  return { tasks, task, signals, listens, topics, letters, sent };
}

/** What a filter says is to go: those that ended first, then those that it names. */
function surplusOf({ get, ended }: KeptRuns, { ids = [], before, keep, limit = 1000 }: PruneFilter): Set<KeptRun> {
  const gone = new Set<KeptRun>();
  let surplus = keep === undefined ? 0 : ended.size - keep;
  for (const run of ended) {
    const old = before !== undefined && (run.record.finishedAt ?? 0) < before;
    if (gone.size >= limit || (surplus-- <= 0 && !old)) break;
    gone.add(run);
  }
  const named = ids.flatMap((id) => get(id) ?? []).filter(({ record }) => record.finishedAt !== undefined);
  for (const run of named.sort(byEnd)) if (gone.size < limit) gone.add(run);
  return gone;
}

// A worker that did not hear the answer asks again. Rows of its own epoch in the same place, equal to the last letter,
// are its own; an append without rows is one only if it gave up the run, for everything else can be written twice.
function isRepeat({ record, rows }: KeptRun, { epoch, seq, rows: given, update }: RunAppend): boolean {
  if (given.length === 0) return rows.length === seq && showsUpdate(record, update);
  return given.every((row, index) => {
    const kept = rows[seq + index];
    return kept !== undefined && kept.epoch === epoch && sameRow(kept, row);
  });
}

function toRefusal(journal: string): ErrorJson {
  const { code, message, retryable } = refuse("journal.no_writes", { journal }, { stack: false });
  return { code, message, retryable };
}

function copy<T>(value: T): T {
  return toJson(value) as unknown as T;
}
