// What becomes of a run's record: one function for each change, the same in every journal.
import type { ErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import { RANKS } from "../task-queue.ts";
import type { ActionFilter, Claim, ClaimFilter, RunAppend, RunUpdate } from "./journal.ts";
import { type NewRun, RUN_ENDS, type RunRecord } from "./journal-records.ts";

// A run that is one step less urgent goes first when it has waited so much longer.
const AGEING_MS = 60_000;

/** A new run that nobody works on yet. */
export function queuedRun(run: NewRun, now: number): RunRecord {
  return { ...run, status: "queued", epoch: 0, takeovers: 0, wakes: 0, turn: 0, createdAt: now, updatedAt: now };
}

/** A run that was never begun, with the input and time of a later one. */
export function replacedRun(record: RunRecord, { input, wakeAt }: NewRun, now: number): RunRecord {
  const { wakeAt: _, ...rest } = record;
  return { ...rest, input, ...(wakeAt !== undefined && { wakeAt }), updatedAt: now };
}

/** The end of a lease that its owner gave up. */
const GIVEN_UP = 0;

/** What a claim makes of a run: it is running, under the next epoch; or dead, when it was taken over too often. */
export function claimedRun(
  record: RunRecord,
  { worker, leaseMs, maxTakeovers }: Claim & Pick<ClaimFilter, "maxTakeovers">,
  now: number,
): RunRecord {
  const { wakeAt: _, ...rest } = record;
  const takeovers = takeoversOf(record);
  if (maxTakeovers !== undefined && takeovers > maxTakeovers) return deadRun({ ...rest, takeovers }, now);
  return {
    ...rest,
    status: "running",
    epoch: record.epoch + 1,
    owner: worker,
    leaseUntil: now + leaseMs,
    takeovers,
    startedAt: record.startedAt ?? now,
    updatedAt: now,
  };
}

/** Counted since the run was last let go of in good order: many deploys in a long life are no sign of poison. */
function takeoversOf({ owner, leaseUntil, takeovers }: RunRecord): number {
  if (owner === undefined) return takeovers;
  return leaseUntil === GIVEN_UP ? 0 : takeovers + 1;
}

/** What a renewal makes of a lease's end. */
export function renewedUntil(leaseMs: number, now: number): number {
  return leaseMs === 0 ? GIVEN_UP : now + leaseMs;
}

// The epoch is raised: the worker that was taken for dead may come back.
function deadRun({ owner: _, leaseUntil: __, ...rest }: RunRecord, now: number): RunRecord {
  const dead = fail("run.dead", { run: rest.id, takeovers: rest.takeovers }, { stack: false });
  const error = { code: dead.code, message: dead.message, retryable: false };
  return { ...rest, status: "dead", epoch: rest.epoch + 1, error, updatedAt: now, finishedAt: now };
}

/** What an append makes of a run: a status that needs no worker gives up the lease, an ending one is its last. */
export function updatedRun(record: RunRecord, given: RunUpdate, now: number): RunRecord {
  const { park, restart, ...update } = given;
  const { owner, leaseUntil, ...released } = record;
  if (RUN_ENDS.includes(update.status)) return { ...released, ...update, updatedAt: now, finishedAt: now };
  if (park !== undefined) {
    const wakeAt = park.wakes === record.wakes ? park.until : now;
    return { ...released, ...update, ...(wakeAt !== undefined && { wakeAt }), takeovers: 0, updatedAt: now };
  }
  if (update.status === "queued") return { ...released, ...update, updatedAt: now };
  const begun = restart === undefined ? {} : { input: restart.input, turn: record.turn + 1 };
  return { ...record, ...update, ...begun, updatedAt: now };
}

/** A run for which something has come: whoever owns it sees the count, and a parked one is due. */
export function wokenRun(record: RunRecord, now: number): RunRecord {
  const wakes = record.wakes + 1;
  return isParked(record) ? { ...record, wakes, wakeAt: now } : { ...record, wakes };
}

/** What a wish to cancel makes of a run: the end if it never began, a note to its worker else. The first reason stays. */
export function cancelledRun(record: RunRecord, reason: ErrorJson, now: number): RunRecord {
  if (record.finishedAt !== undefined) return record;
  const error = record.cancelRequested ?? reason;
  const asked = { ...record, cancelRequested: error, updatedAt: now };
  if (record.status === "queued") return { ...asked, status: "cancelled", error, finishedAt: now };
  return record.cancelRequested === undefined ? wokenRun(asked, now) : asked;
}

/**
 * A dead run that is to be tried again. It has lost its place: its queue admits it, and its partition, like a new one.
 * `same` is the open run that has its `dedupe` by now; throws `run.duplicate` where there is one.
 */
export function requeuedRun(record: RunRecord, now: number, same: Pick<RunRecord, "id"> | undefined): RunRecord {
  if (record.status !== "dead") return record;
  const { id, dedupe = "" } = record;
  if (same !== undefined) throw fail("run.duplicate", { run: id, other: same.id, dedupe }, { stack: false });
  const { error: _, finishedAt: __, startedAt: ___, ...rest } = record;
  return { ...rest, status: "queued", takeovers: 0, updatedAt: now };
}

/** Whether nobody works on it because it waits. */
export function isParked({ status, owner }: RunRecord): boolean {
  return status === "waiting" && owner === undefined;
}

/** Whether a claim may take a run: nobody works on it, or nobody alive, and it is one that the claim asks for. Limits of queues are another matter. */
export function isClaimable(
  record: RunRecord,
  filter: Pick<ClaimFilter, "actions" | "deadWorkers" | "queues">,
  now: number,
): boolean {
  const { status, owner, leaseUntil, wakeAt, queue } = record;
  if (RUN_ENDS.includes(status)) return false;
  if (filter.actions?.some((action) => servesRun(action, record)) === false) return false;
  if (queue !== undefined && filter.queues?.some(({ name }) => name === queue) === false) return false;
  if (status === "queued") return wakeAt === undefined || wakeAt <= now;
  if (owner === undefined) return wakeAt !== undefined && wakeAt <= now;
  return filter.deadWorkers?.includes(owner) === true || (leaseUntil !== undefined && leaseUntil <= now);
}

/** Whether an action is the one that a run names, in a version that can go on with it. */
export function servesRun({ kind, name, versions }: ActionFilter, run: NewRun): boolean {
  if (kind !== run.kind || name !== run.name) return false;
  return versions === undefined || run.version === undefined || versions.includes(run.version);
}

/** When it is its turn, in epoch milliseconds: less urgent runs come later, but they come. */
export function dueOf({ createdAt, wakeAt, priority = "normal" }: RunRecord): number {
  return Math.max(createdAt, wakeAt ?? 0) + RANKS[priority] * AGEING_MS;
}

/** Whether a new run is the same work as an open one. */
export function isDuplicate(record: RunRecord, { dedupe, tenant, queue }: NewRun): boolean {
  if (dedupe === undefined || record.finishedAt !== undefined) return false;
  return record.dedupe === dedupe && record.tenant === tenant && record.queue === queue;
}

/** Whether a run may be claimed by whoever makes it: it is due, and no queue has to be asked. */
export function mayBeginAtOnce({ queue, wakeAt }: NewRun, now: number): boolean {
  return queue === undefined && (wakeAt === undefined || wakeAt <= now);
}

/** Whether an append, repeated because its answer was lost, is the one whose update the run shows. */
export function showsUpdate({ status, owner }: RunRecord, update: RunAppend["update"]): boolean {
  return owner === undefined && status === update?.status;
}
