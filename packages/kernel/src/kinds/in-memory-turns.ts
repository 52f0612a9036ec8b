// Which runs the in-memory journal may give to a claim, in the order of their turn.
//
// 1. A run that nobody owns is in `later` until its time has come, and in a lane after that; one that waits for no time
//    is in neither. Which of them it is follows from its record and `ripe`, so that it is found again to be taken out.
// 2. The runs of a lane are alike in all that lets a claim pass them over as a whole.
import type { Admission, QueueUsage } from "./admission.ts";
import { createGroups, type Groups } from "./groups.ts";
import type { KeptRun } from "./in-memory-runs.ts";
import type { ClaimFilter } from "./journal.ts";
import type { RunRecord } from "./journal-records.ts";
import { createOrdered, inOrder, type Ordered } from "./ordered.ts";
import { dueOf, isClaimable } from "./run-changes.ts";

export interface Turns {
  /** Takes a run in or out, by its record as it is. */
  put(run: KeptRun, to: "add" | "delete"): void;
  /** The runs that a claim may take, looked up as far as somebody asks for them. */
  claimable(filter: ClaimFilter, admission: Admission, now: number): Iterable<KeptRun>;
  /** What of a queue is in use, and how many of its runs were begun after a time. */
  usageOf(queue: string, since: number): QueueUsage;
}

interface Lane {
  readonly queue: string | undefined;
  readonly begun: boolean;
  readonly runs: Ordered<KeptRun>;
}

interface QueueBook {
  readonly owned: Set<KeptRun>;
  /** Ended ones too: they count towards a rate. */
  readonly begun: Ordered<KeptRun>;
  readonly busy: Groups<KeptRun>;
}

export function createTurns(): Turns {
  const owned = new Set<KeptRun>();
  const later = createOrdered(byWake);
  const lanes = new Map<string, Lane>();
  const books = new Map<string, QueueBook>();
  // The time up to which `later` was emptied.
  let ripe = Number.NEGATIVE_INFINITY;

  function putInLane(run: KeptRun, to: "add" | "delete"): void {
    const { queue, startedAt, kind, name, version } = run.record;
    const begun = startedAt !== undefined;
    const key = JSON.stringify([queue, begun, kind, name, version]);
    const lane = lanes.get(key) ?? { queue, begun, runs: createOrdered(byTurn) };
    lane.runs[to](run);
    if (lane.runs.size === 0) lanes.delete(key);
    else lanes.set(key, lane);
  }

  function putInBook(queue: string, run: KeptRun, to: "add" | "delete"): void {
    const { owner, startedAt, finishedAt, partition } = run.record;
    const book = books.get(queue) ?? { owned: new Set(), begun: createOrdered(byStart), busy: createGroups() };
    if (owner !== undefined) book.owned[to](run);
    if (startedAt !== undefined) book.begun[to](run);
    if (startedAt !== undefined && finishedAt === undefined && partition !== undefined) book.busy[to](partition, run);
    if (book.begun.size === 0) books.delete(queue);
    else books.set(queue, book);
  }

  function ripen(now: number): void {
    const due: KeptRun[] = [];
    for (const run of later) {
      if ((run.record.wakeAt ?? 0) > now) break;
      due.push(run);
    }
    for (const run of due) {
      later.delete(run);
      putInLane(run, "add");
    }
    ripe = Math.max(ripe, now);
  }

  return {
    put(run, to) {
      const { queue, owner, status, wakeAt, finishedAt } = run.record;
      if (queue !== undefined) putInBook(queue, run, to);
      if (finishedAt !== undefined) return;
      if (owner !== undefined) owned[to](run);
      else if (wakeAt !== undefined && wakeAt > ripe) later[to](run);
      else if (wakeAt !== undefined || status === "queued") putInLane(run, to);
    },
    claimable(filter, admission, now) {
      ripen(now);
      const fits = (run: KeptRun) => isClaimable(run.record, filter, now);
      function* through({ queue, begun, runs }: Lane): Iterable<KeptRun> {
        for (const run of runs) {
          if (queue !== undefined && admission.shut(queue, begun)) return;
          if (fits(run)) yield run;
        }
      }
      const open = [...lanes.values()].filter(({ runs }) => isWanted(runs, filter));
      return inOrder([[...owned].filter(fits).sort(byTurn), ...open.map(through)], byTurn);
    },
    usageOf(queue, since) {
      const book = books.get(queue);
      if (book === undefined) return { owned: [], begun: 0, busy: new Set() };
      let begun = 0;
      for (const { record } of book.begun.backwards()) {
        if ((record.startedAt ?? 0) <= since) break;
        begun++;
      }
      return { owned: [...book.owned].map(({ record }) => record), begun, busy: book.busy };
    },
  };
}

/** Whether a claim asks for the runs of a lane, were they due. */
function isWanted(runs: Iterable<KeptRun>, filter: ClaimFilter): boolean {
  for (const { record } of runs) return isClaimable(record, filter, Number.POSITIVE_INFINITY);
  return false;
}

function byTurn(left: KeptRun, right: KeptRun): number {
  return dueOf(left.record) - dueOf(right.record) || left.n - right.n;
}

function byWake(left: KeptRun, right: KeptRun): number {
  return timeOf(left, "wakeAt") - timeOf(right, "wakeAt") || left.n - right.n;
}

function byStart(left: KeptRun, right: KeptRun): number {
  return timeOf(left, "startedAt") - timeOf(right, "startedAt") || left.n - right.n;
}

function timeOf({ record }: KeptRun, field: keyof RunRecord & ("wakeAt" | "startedAt")): number {
  return record[field] ?? 0;
}
