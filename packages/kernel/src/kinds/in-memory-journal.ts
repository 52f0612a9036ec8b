// Runs, their rows and their tasks in maps: the reference of what a journal must do.
//
// 1. A method changes everything before its first await, or nothing: each is one transaction.
// 2. A run has an owner exactly while it is running or waiting; only the owner's epoch may append.
// 3. What is kept is a copy of what was given, and what is given out is a copy of what is kept.
import type { ErrorJson } from "../error.ts";
import { toJson } from "../json.ts";
import type { InMemoryOptions } from "./in-memory-store.ts";
import {
  type AppendOutcome,
  type Claim,
  type ClaimFilter,
  type Journal,
  type JournalRow,
  type NewRun,
  RUN_ENDS,
  type RunAppend,
  type RunRecord,
  type TaskRecord,
} from "./journal.ts";
import { copyAppend, copyRun, refuse, sameRow } from "./refuse.ts";

interface KeptRun {
  record: RunRecord;
  readonly rows: (JournalRow & { readonly epoch: number })[];
}

/** The reference of a journal: runs for as long as the process lives. */
export function inMemoryJournal({ clock, name = "memory" }: InMemoryOptions): Journal {
  const runs = new Map<string, KeptRun>();
  const tasks = new Map<string, TaskRecord>();

  function append(part: RunAppend): AppendOutcome {
    const run = runs.get(part.run);
    if (run === undefined || run.record.epoch !== part.epoch) return "fenced";
    if (isRepeat(run, part)) return "kept";
    if (run.record.owner === undefined || run.rows.length !== part.seq) return "fenced";
    const { run: id, epoch, seq, rows, update } = part;
    const now = clock.now();
    run.rows.push(...rows.map((row, index) => ({ ...row, seq: seq + index, epoch })));
    for (const task of part.tasks ?? []) {
      if (!tasks.has(task.token)) tasks.set(task.token, { ...task, run: id, status: "open", createdAt: now });
    }
    if (update !== undefined) run.record = updatedRun(run.record, update, now);
    return "kept";
  }

  /** A token must not lead to the decision of another run. */
  function checkTokens(batch: readonly RunAppend[]): void {
    const owners = new Map<string, string>();
    for (const { run, tasks: opened = [] } of batch) {
      for (const { token } of opened) {
        const by = tasks.get(token)?.run ?? owners.get(token) ?? run;
        if (by !== run) throw refuse("task.token_taken", { token, run, by });
        owners.set(token, run);
      }
    }
  }

  return {
    name,
    async create(given, claim) {
      const run = copyRun(given);
      const found = runs.get(run.id);
      if (found !== undefined) return { run: copy(found.record), created: false };
      const record =
        claim === undefined ? queuedRun(run, clock.now()) : claimedRun(queuedRun(run, clock.now()), claim, clock.now());
      runs.set(run.id, { record, rows: [] });
      return { run: copy(record), created: true };
    },
    async claim({ worker, leaseMs, limit, ids, ...filter }) {
      const now = clock.now();
      const candidates = ids === undefined ? [...runs.values()] : [...new Set(ids)].flatMap((id) => runs.get(id) ?? []);
      const free = candidates.filter(({ record }) => isClaimable(record, filter, now)).slice(0, limit);
      for (const run of free) run.record = claimedRun(run.record, { worker, leaseMs }, now);
      return free.map((run) => copy(run.record));
    },
    async append(batch) {
      const parts = batch.map(copyAppend);
      checkTokens(parts);
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
      const run = runs.get(id);
      if (run === undefined) throw refuse("run.not_found", { run: id }, { stack: false });
      run.record = cancelledRun(run.record, toJson(reason) as unknown as ErrorJson, clock.now());
      return copy(run.record);
    },
    async get(id) {
      const run = runs.get(id);
      return run === undefined ? undefined : copy(run.record);
    },
    async rows(id) {
      return (runs.get(id)?.rows ?? []).map(({ epoch: _, ...row }) => copy(row));
    },
    async list({ status, name: action, limit = 100 } = {}) {
      const fits = ({ record }: KeptRun) =>
        (status === undefined || status.includes(record.status)) && (action === undefined || record.name === action);
      const found = [...runs.values()].filter(fits).reverse().slice(0, limit);
      return found.map((run) => copy(run.record));
    },
    async tasks({ status, run, limit = 100 } = {}) {
      const fits = (task: TaskRecord) =>
        (status === undefined || task.status === status) && (run === undefined || task.run === run);
      return [...tasks.values()].filter(fits).slice(0, limit).map(copy);
    },
    async task(token) {
      const task = tasks.get(token);
      return task === undefined ? undefined : copy(task);
    },
    async answer(token, given) {
      const task = tasks.get(token);
      if (task === undefined) throw refuse("task.not_found", { token }, { stack: false });
      if (task.answer !== undefined) {
        throw refuse("task.already_answered", { token, by: task.answer.by }, { stack: false });
      }
      const answer = { ...copy(given), at: clock.now() };
      tasks.set(token, { ...task, status: "answered", answer });
      return copy({ ...task, status: "answered" as const, answer });
    },
  };
}

/** A new run that nobody works on yet. */
export function queuedRun(run: NewRun, now: number): RunRecord {
  return { ...run, status: "queued", epoch: 0, takeovers: 0, createdAt: now, updatedAt: now };
}

/** What a claim makes of a run: it is running, under the next epoch. */
export function claimedRun(record: RunRecord, { worker, leaseMs }: Claim, now: number): RunRecord {
  const takeovers = record.takeovers + (record.owner === undefined ? 0 : 1);
  const epoch = record.epoch + 1;
  return { ...record, status: "running", epoch, owner: worker, leaseUntil: now + leaseMs, takeovers, updatedAt: now };
}

/** What an append makes of a run: a status that needs no worker gives up the lease, an ending one is its last. */
export function updatedRun(record: RunRecord, update: NonNullable<RunAppend["update"]>, now: number): RunRecord {
  const { owner, leaseUntil, ...released } = record;
  const ends = RUN_ENDS.includes(update.status);
  if (ends) return { ...released, ...update, updatedAt: now, finishedAt: now };
  return update.status === "queued"
    ? { ...released, ...update, updatedAt: now }
    : { ...record, ...update, updatedAt: now };
}

/** What a wish to cancel makes of a run: the end if nobody works on it, a note to its worker else. The first reason stays. */
export function cancelledRun(record: RunRecord, reason: ErrorJson, now: number): RunRecord {
  if (record.finishedAt !== undefined) return record;
  const error = record.cancelRequested ?? reason;
  const asked = { ...record, cancelRequested: error, updatedAt: now };
  return record.status === "queued" ? { ...asked, status: "cancelled", error, finishedAt: now } : asked;
}

/** Whether a claim may take a run: nobody works on it, or nobody alive, and it is one that the claim asks for. */
export function isClaimable(
  record: RunRecord,
  filter: Pick<ClaimFilter, "actions" | "deadWorkers">,
  now: number,
): boolean {
  const { kind, name, status, owner, leaseUntil } = record;
  if (filter.actions?.some((action) => action.kind === kind && action.name === name) === false) return false;
  if (status === "queued") return true;
  if (owner !== undefined && filter.deadWorkers?.includes(owner) === true) return true;
  return leaseUntil !== undefined && leaseUntil <= now;
}

// A worker that did not hear the answer asks again. Rows of its own epoch in the same place, equal to the last letter,
// are its own; an append without rows is one only if it ended the run, for everything else can be written twice.
function isRepeat({ record, rows }: KeptRun, { epoch, seq, rows: given, update }: RunAppend): boolean {
  if (given.length === 0) return rows.length === seq && record.owner === undefined && record.status === update?.status;
  return given.every((row, index) => {
    const kept = rows[seq + index];
    return kept !== undefined && kept.epoch === epoch && sameRow(kept, row);
  });
}

function copy<T>(value: T): T {
  return toJson(value) as unknown as T;
}
