// Runs and all that belongs to them in maps: the reference of what a journal must do.
//
// 1. A method changes everything before its first await, or nothing: each is one transaction.
// 2. A run has an owner exactly while it is worked on; only the owner's epoch may append.
// 3. What is kept is a copy of what was given, and what is given out is a copy of what is kept.
import type { ErrorJson } from "../error.ts";
import { toJson } from "../json.ts";
import { createAdmission, type QueueUsage } from "./admission.ts";
import { createRunBelongings, type RunBelongings } from "./in-memory-belongings.ts";
import type { InMemoryOptions } from "./in-memory-store.ts";
import type { AppendOutcome, Claim, ClaimFilter, Journal, RunAppend, RunCount, RunFilter } from "./journal.ts";
import type { JournalRow, NewRun, RunRecord } from "./journal-records.ts";
import { copyAppend, copyRun, refuse, sameRow } from "./refuse.ts";
import {
  cancelledRun,
  claimedRun,
  dueOf,
  isClaimable,
  isDuplicate,
  mayBeginAtOnce,
  queuedRun,
  replacedRun,
  requeuedRun,
  showsUpdate,
  updatedRun,
  wokenRun,
} from "./run-changes.ts";

interface KeptRun {
  record: RunRecord;
  readonly rows: (JournalRow & { readonly epoch: number })[];
}

/** The reference of a journal: runs for as long as the process lives. */
export function inMemoryJournal({ clock, name = "memory" }: InMemoryOptions): Journal {
  const runs = new Map<string, KeptRun>();
  // Those that have not ended: what claims look through.
  const open = new Set<KeptRun>();
  const belongings = createRunBelongings(clock);

  /** Every change of a record comes by here: what has ended is claimed no more, and wakes the run that waits for it. */
  function change(run: KeptRun, record: RunRecord): void {
    const ends = run.record.finishedAt === undefined && record.finishedAt !== undefined;
    run.record = record;
    if (record.finishedAt === undefined) open.add(run);
    else open.delete(run);
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

  function duplicateOf(run: NewRun): KeptRun | undefined {
    // Most runs have no such key, and must not pay for a look at all the others.
    return run.dedupe === undefined ? undefined : [...open].find(({ record }) => isDuplicate(record, run));
  }

  function create(run: NewRun, claim: Claim | undefined): KeptRun {
    const now = clock.now();
    const queued = queuedRun(run, now);
    const record = claim === undefined || !mayBeginAtOnce(run, now) ? queued : claimedRun(queued, claim, now);
    const kept: KeptRun = { record, rows: [] };
    runs.set(run.id, kept);
    open.add(kept);
    return kept;
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

  function usageOf(queue: string, { queues = [] }: ClaimFilter): QueueUsage {
    const since = clock.now() - (queues.find((one) => one.name === queue)?.rate?.perMs ?? 0);
    const all = [...runs.values()].map((run) => run.record).filter((record) => record.queue === queue);
    const begun = all.filter(({ startedAt }) => startedAt !== undefined);
    const busy = begun.flatMap(({ finishedAt, partition }) => (finishedAt === undefined ? (partition ?? []) : []));
    return {
      owned: all.filter(({ owner }) => owner !== undefined),
      begun: begun.filter(({ startedAt = 0 }) => startedAt > since).length,
      busy,
    };
  }

  return {
    name,
    async create(given, claim, { rows = [], replace = false } = {}) {
      const run = copyRun(given);
      const known = rows.map((row) => copy(row));
      const found = runs.get(run.id) ?? duplicateOf(run);
      if (found === undefined) {
        const kept = create(run, claim);
        kept.rows.push(...known.map((row, seq) => ({ ...row, seq, epoch: 0 })));
        return { run: copy(kept.record), created: true };
      }
      const { record } = found;
      if (replace && record.id !== run.id && record.status === "queued" && record.startedAt === undefined)
        change(found, replacedRun(record, run, clock.now()));
      return { run: copy(found.record), created: false };
    },
    async claim({ limit, ids, ...claim }) {
      const now = clock.now();
      const filter = { ...claim, limit };
      const candidates = ids === undefined ? [...open] : [...new Set(ids)].flatMap((id) => runs.get(id) ?? []);
      const free = candidates.filter(({ record }) => isClaimable(record, filter, now));
      if (ids === undefined) free.sort((left, right) => dueOf(left.record) - dueOf(right.record));
      const admission = createAdmission(filter, (queue) => usageOf(queue, filter));
      const taken: KeptRun[] = [];
      for (const run of free) {
        if (taken.length >= limit) break;
        if (!admission.take(run.record)) continue;
        change(run, claimedRun(run.record, claim, now));
        taken.push(run);
      }
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
        if (run !== undefined) run.record = { ...run.record, leaseUntil: clock.now() + leaseMs };
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
      change(run, requeuedRun(run.record, clock.now()));
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
      const all = [...runs.values()].reverse();
      const from = filter.before === undefined ? 0 : all.findIndex(({ record }) => record.id === filter.before) + 1;
      const later = from === 0 && filter.before !== undefined ? [] : all.slice(from);
      const found = later.filter(({ record }) => fits(record, filter)).slice(0, filter.limit ?? 100);
      return found.map((run) => copy(run.record));
    },
    async counts() {
      const counts = new Map<string, RunCount>();
      for (const { record } of runs.values()) {
        const { queue = "", status } = record;
        const count = (counts.get(`${status} ${queue}`)?.count ?? 0) + 1;
        counts.set(`${status} ${queue}`, { queue, status, count });
      }
      return [...counts.values()];
    },
    async prune({ ids = [], before, keep, limit = 1000 }) {
      const ended = [...runs.values()]
        .map((run) => run.record)
        .filter(({ finishedAt }) => finishedAt !== undefined)
        .sort((left, right) => (left.finishedAt ?? 0) - (right.finishedAt ?? 0));
      const surplus = keep === undefined ? 0 : Math.max(0, ended.length - keep);
      const goes = ({ id, finishedAt = 0 }: RunRecord, index: number) =>
        index < surplus || ids.includes(id) || (before !== undefined && finishedAt < before);
      const gone = ended.filter(goes).slice(0, limit);
      for (const { id } of gone) {
        runs.delete(id);
        belongings.delete(id);
      }
      return gone.length;
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

/** Whether a run is one that a filter names; its place among the others is another matter. */
function fits(
  record: RunRecord,
  { status, name, ids, prefix, queue, parent, owned }: Omit<RunFilter, "limit" | "before">,
): boolean {
  return (
    (status === undefined || status.includes(record.status)) &&
    (name === undefined || record.name === name) &&
    (ids === undefined || ids.includes(record.id)) &&
    (prefix === undefined || record.id.startsWith(prefix)) &&
    (queue === undefined || (record.queue ?? "") === queue) &&
    (parent === undefined || record.parent?.run === parent) &&
    (owned === undefined || (record.owner !== undefined) === owned)
  );
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
