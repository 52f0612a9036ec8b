// Works on the runs of one journal, for this process.
//
// 1. A run is worked on at most once in a process, and only under the epoch it was claimed with.
// 2. Leases are renewed together; a run that was not renewed, or whose append was refused, is dropped at once.
// 3. Beyond `maxConcurrent` runs that do something (waiting for a human or a time is not doing), runs stay queued.
// 4. Stopping writes nothing about the runs but gives up their leases, so that the next worker need not wait.
// 5. A run that only waits is let go: before that, what has come for it is looked at once more.
import {
  type AnyAction,
  type Claim,
  type ClaimFilter,
  type Clock,
  type CreateOptions,
  type EventBodies,
  fromErrorJson,
  type InvokeOptions,
  isMofaError,
  type Journal,
  type JournalRow,
  type Log,
  type NewRun,
  type RunRecord,
  toErrorJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { createArrivals, type LocalRun } from "./arrivals.ts";
import { armDeadline } from "./deadline.ts";
import { execute } from "./execute.ts";
import { type FrameHost, StepFrame } from "./frame.ts";
import { createGrowth } from "./growth.ts";
import { createLeases, GUARDED } from "./leases.ts";
import { createLetGo } from "./let-go.ts";
import { createParking } from "./parking.ts";
import { repeat } from "./repeat.ts";
import { RunLog } from "./run-log.ts";
import { createWriter } from "./writer.ts";

export interface WorkerOptions {
  readonly id: string;
  readonly leaseMs: number;
  readonly maxConcurrent: number;
  /** Milliseconds of nothing but waiting after which a run is let go. */
  readonly parkAfterMs: number;
  /** The most rows that a run may keep. */
  readonly maxRows: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly frames: FrameHost;
  /** The registered action that a run names; undefined when there is none. */
  find(kind: string, name: string): AnyAction | undefined;
  /** The action as it was when the run began, as far as its kept rows say. */
  revive(action: AnyAction, rows: readonly JournalRow[]): AnyAction;
  invoke(action: AnyAction, input: unknown, options: InvokeOptions): Promise<unknown>;
  /** Tells about a run when no call of it can. */
  tell(event: EventBodies["run.changed"]): void;
  /** Hears that there may be room for a queued run. */
  freed(): void;
  /** Looks at what has come for a run that waits. */
  look(log: RunLog): Promise<void>;
  /** Hears that a run is stopped, before that is kept. */
  stopping(run: string, reason: unknown): Promise<void>;
  /** Hears that a run has ended. */
  ended(run: string): void;
}

/** What is known of a run that was just taken. */
interface Taken {
  readonly rows: readonly JournalRow[];
  readonly asked: number;
}

export interface Worker {
  readonly claim: Claim;
  /** Keeps a new run, and works on it at once if there is room. */
  start(run: NewRun, options?: CreateOptions): Promise<RunRecord>;
  /** Takes over runs that nobody works on, as far as there is room. */
  take(filter: Omit<ClaimFilter, "limit">): Promise<void>;
  local(run: string): LocalRun | undefined;
  /** Looks which of its runs something has come for. */
  poll(): Promise<void>;
  /** Looks at what has come for one of its runs. */
  look(run: string): Promise<void>;
  /** Stops the calls of all runs at once and writes nothing more about them. */
  interrupt(): void;
  stop(): Promise<void>;
}

export function createWorker(journal: Journal, options: WorkerOptions): Worker {
  const { clock, log, leaseMs } = options;
  const claim: Claim = { worker: options.id, leaseMs };
  const writer = createWriter(journal, clock);
  const grew = createGrowth({ most: options.maxRows, warn: (message) => log.warn(message) });
  const runs = new Map<string, LocalRun>();
  const { takeIn, poll } = createArrivals({ journal, runs, look: (each) => options.look(each) });
  const leases = createLeases(journal, { claim, clock, log, isCurrent: (each) => runs.get(each.run)?.log === each });
  let starting = 0;
  let backlog = false;
  let stopped = false;

  const busy = () => [...runs.values()].filter((run) => !run.log.idle).length;
  const room = () => (stopped ? 0 : Math.max(0, options.maxConcurrent - busy() - starting));

  const renewals = repeat({
    clock,
    delay: () => leaseMs / 3,
    async work() {
      try {
        await leases.renew([...runs.values()].map((run) => run.log));
      } catch (error) {
        log.warn(`Leases could not be renewed: ${toErrorJson(error).message}`);
      }
    },
  });

  const park = createLetGo({
    ...{ journal, worker: claim.worker, clock, log, takeIn },
    stopped: () => stopped,
    due: () => options.freed(),
  });

  /** `asked` is the time before its lease was asked for: the lease may have run out since. */
  function work(record: RunRecord, action: AnyAction, { rows, asked }: Taken): void {
    const parking = createParking(() => runLog, { clock, afterMs: options.parkAfterMs, park });
    const idled = () => {
      if (runLog.idle) parking.waits();
      if (backlog) options.freed();
    };
    const runLog: RunLog = new RunLog({ record, rows, writer, clock, confirm: leases.confirm, idled, grew });
    runLog.guard = asked + leaseMs * GUARDED;
    const frame = new StepFrame(options.frames, runLog);
    if (record.cancelRequested !== undefined) runLog.cancel(fromErrorJson(record.cancelRequested));
    grew(runLog, 0);
    const disarm = armDeadline(record, runLog, clock);
    const { invoke, stopping } = options;
    const warn = (message: string) => log.warn(message);
    const done = execute({ record, action: options.revive(action, rows), frame, invoke, stopping, warn })
      .catch((error: unknown) => {
        log.warn(`Work on the run "${record.id}" stopped: ${toErrorJson(error).message}`);
        return false;
      })
      .then((ended) => {
        parking.stop();
        disarm();
        runs.delete(record.id);
        return settle(record, runLog, ended);
      });
    runs.set(record.id, { log: runLog, done, cancel: (reason) => runLog.cancel(reason) });
  }

  async function settle(record: RunRecord, each: RunLog, ended: boolean): Promise<void> {
    // After a journal's failure, the lease is the pause before the next try: every try may pay for a step in flight.
    if (!ended && isMofaError(each.reason, "run.interrupted")) await leases.giveUp([each]);
    if (!ended && isMofaError(each.reason, "run.continued")) await nextTurn(each);
    if (!ended && isMofaError(each.reason, "run.fenced")) lost(each);
    if (ended) options.ended(each.run);
    // Its end may have let another one of its queue in, or woken its parent.
    const awaited = ended && (record.queue !== undefined || record.parent !== undefined);
    if (awaited || backlog) options.freed();
  }

  function lost(each: RunLog): void {
    const silent = Math.round(clock.monotonic() - (each.guard - leaseMs * GUARDED));
    const late = Number.isFinite(silent) && silent > leaseMs;
    const reason = late
      ? `Its lease of ${leaseMs} ms was not renewed for ${silent} ms: this process stood still, or the database did.`
      : "Another worker holds it.";
    log.warn(`The run "${each.run}" is no longer ours. ${reason}`);
    options.tell({ run: each.run, status: "running", hold: "lost", reason });
  }

  async function nextTurn({ run, epoch }: RunLog): Promise<void> {
    // Its lease is the one that it had: asked about before the first step.
    const asked = Number.NEGATIVE_INFINITY;
    const record = await journal.get(run);
    const action = record === undefined ? undefined : options.find(record.kind, record.name);
    if (record === undefined || record.epoch !== epoch || record.owner !== claim.worker) return;
    if (action === undefined || stopped) return leases.giveUp([{ run, epoch }]);
    work(record, action, { rows: [], asked });
  }

  async function takeUp(record: RunRecord, asked: number): Promise<void> {
    if (record.status === "dead") {
      log.error(record.error?.message ?? `The run "${record.id}" is dead.`);
      options.tell({ run: record.id, status: "dead", reason: record.error?.message ?? "" });
      return options.ended(record.id);
    }
    const action = options.find(record.kind, record.name);
    // Our own lease had run out, by a stalled process: the old life ends, and the next look takes the run up anew.
    const before = runs.get(record.id);
    before?.log.close(fail("run.fenced", { run: record.id }, { stack: false }));
    const rows = action === undefined || before !== undefined ? undefined : await journal.rows(record.id);
    if (action === undefined || rows === undefined || stopped)
      return leases.giveUp([{ run: record.id, epoch: record.epoch }]);
    if (record.takeovers > 0) {
      log.info(`Took over the run "${record.id}" after ${rows.length} kept rows.`);
      options.tell({ run: record.id, status: "running", hold: "taken" });
    }
    work(record, action, { rows, asked });
  }

  function interrupt(): void {
    stopped = true;
    for (const { log: each } of runs.values()) each.close(fail("run.interrupted", { run: each.run }, { stack: false }));
  }

  return {
    claim,
    async start(run, create = {}) {
      const now = room() > 0 && !backlog;
      if (now) starting++;
      const asked = clock.monotonic();
      try {
        const { run: record, created } = await journal.create(run, now ? claim : undefined, create);
        const action = options.find(run.kind, run.name);
        const mine = created && record.owner === claim.worker;
        if (created && !mine) {
          backlog ||= !now;
          if (room() > 0) options.freed();
        }
        if (created) options.tell({ run: record.id, status: record.status });
        const rows = (create.rows ?? []).map((row, seq) => ({ ...row, seq }));
        if (mine && action !== undefined && !stopped) work(record, action, { rows, asked });
        return record;
      } finally {
        if (now) starting--;
      }
    },
    async take(filter) {
      const limit = room();
      if (limit === 0) return;
      starting += limit;
      // A start that finds no room while we ask must not be forgotten.
      backlog = false;
      const asked = clock.monotonic();
      try {
        const records = await journal.claim({ ...claim, ...filter, limit });
        if (records.length === limit) backlog = true;
        await Promise.all(records.map((record) => takeUp(record, asked)));
      } finally {
        starting -= limit;
        if (backlog && room() > 0) options.freed();
      }
    },
    local: (run) => runs.get(run),
    poll,
    async look(run) {
      const record = runs.has(run) ? await journal.get(run) : undefined;
      if (record !== undefined) await takeIn(record);
    },
    interrupt,
    async stop() {
      interrupt();
      await renewals.stop();
      const left = [...runs.values()];
      await Promise.all(left.map((run) => run.done));
      await writer.idle();
    },
  };
}
