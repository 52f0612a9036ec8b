// Works on the runs of one journal, for this process.
//
// 1. A run is worked on at most once in a process, and only under the epoch it was claimed with.
// 2. Leases are renewed together; a run that was not renewed, or whose append was refused, is dropped at once.
// 3. Beyond `maxConcurrent` runs that do something (waiting for a human or a time is not doing), runs stay queued.
// 4. Stopping writes nothing about the runs but gives up their leases, so that the next worker need not wait.
import {
  type AnyAction,
  type Claim,
  type ClaimFilter,
  type Clock,
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
import { execute } from "./execute.ts";
import { type FrameHost, StepFrame } from "./frame.ts";
import { repeat } from "./repeat.ts";
import { RunLog } from "./run-log.ts";
import { createWriter } from "./writer.ts";

export interface WorkerOptions {
  readonly id: string;
  readonly leaseMs: number;
  readonly maxConcurrent: number;
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
}

/** A run that this process works on. */
interface LocalRun {
  readonly log: RunLog;
  /** Resolves when this process works on it no more. */
  readonly done: Promise<void>;
  cancel(reason: unknown): void;
}

export interface Worker {
  readonly id: string;
  /** Keeps a new run, and works on it at once if there is room. */
  start(run: NewRun): Promise<RunRecord>;
  /** Takes over runs that nobody works on, as far as there is room. */
  claim(filter: Omit<ClaimFilter, "limit">): Promise<void>;
  local(run: string): LocalRun | undefined;
  /** Stops the calls of all runs at once and writes nothing more about them. */
  interrupt(): void;
  stop(): Promise<void>;
}

export function createWorker(journal: Journal, options: WorkerOptions): Worker {
  const { clock, log, leaseMs } = options;
  const claim: Claim = { worker: options.id, leaseMs };
  const writer = createWriter(journal, clock);
  const runs = new Map<string, LocalRun>();
  let starting = 0;
  let backlog = false;
  let stopped = false;

  const busy = () => [...runs.values()].filter((run) => !run.log.idle).length;
  const room = () => (stopped ? 0 : Math.max(0, options.maxConcurrent - busy() - starting));

  /** Renews leases in one go and drops the runs that are no longer ours. */
  async function renew(logs: readonly RunLog[]): Promise<void> {
    if (logs.length === 0) return;
    const asked = clock.monotonic();
    const kept = new Set(
      await journal.renew(
        claim,
        logs.map(({ run, epoch }) => ({ run, epoch })),
      ),
    );
    for (const each of logs) {
      if (kept.has(each.run)) each.guard = asked + leaseMs * 0.8;
      else if (runs.get(each.run)?.log === each) each.close(fail("run.fenced", { run: each.run }, { stack: false }));
    }
  }

  async function confirm(each: RunLog): Promise<void> {
    try {
      await renew([each]);
    } catch (cause) {
      each.close(fail("run.journal_failed", { run: each.run, reason: toErrorJson(cause).message }, { cause }));
    }
  }

  async function cancelAsAsked(): Promise<void> {
    const records = await Promise.all([...runs.keys()].map((id) => journal.get(id)));
    for (const record of records) {
      if (record?.cancelRequested !== undefined) runs.get(record.id)?.cancel(fromErrorJson(record.cancelRequested));
    }
  }

  const renewals = repeat({
    clock,
    delay: () => leaseMs / 3,
    async work() {
      try {
        await renew([...runs.values()].map((run) => run.log));
        await cancelAsAsked();
      } catch (error) {
        log.warn(`Leases could not be renewed: ${toErrorJson(error).message}`);
      }
    },
  });

  function openLog(record: RunRecord, rows: readonly JournalRow[]): RunLog {
    const idled = () => backlog && options.freed();
    const opened = new RunLog({ record, rows, writer, clock, confirm, idled });
    opened.guard = clock.monotonic() + leaseMs * 0.8;
    return opened;
  }

  /** Gives up leases, so that whoever comes next need not wait for them to run out. */
  async function giveUp(owned: readonly { readonly run: string; readonly epoch: number }[]): Promise<void> {
    try {
      const plain = owned.map(({ run, epoch }) => ({ run, epoch }));
      if (owned.length > 0) await journal.renew({ ...claim, leaseMs: 0 }, plain);
    } catch (error) {
      log.warn(`Leases could not be given up, so others wait for them to run out: ${toErrorJson(error).message}`);
    }
  }

  function work(record: RunRecord, action: AnyAction, rows: readonly JournalRow[]): void {
    const runLog = openLog(record, rows);
    const frame = new StepFrame(options.frames, runLog);
    if (record.cancelRequested !== undefined) runLog.cancel(fromErrorJson(record.cancelRequested));
    const { invoke } = options;
    const done = execute({
      record,
      action: options.revive(action, rows),
      frame,
      invoke,
      warn: (message) => log.warn(message),
    })
      .catch((error: unknown) => {
        log.warn(`Work on the run "${record.id}" stopped: ${toErrorJson(error).message}`);
        return false;
      })
      .then(async (ended) => {
        runs.delete(record.id);
        // After a journal's failure, the lease is the pause before the next try: every try may pay for a step in flight.
        if (!ended && isMofaError(runLog.reason, "run.interrupted")) await giveUp([runLog]);
        if (backlog) options.freed();
      });
    runs.set(record.id, { log: runLog, done, cancel: (reason) => runLog.cancel(reason) });
  }

  async function takeUp(record: RunRecord): Promise<void> {
    const action = options.find(record.kind, record.name);
    // Our own lease had run out, by a stalled process: the old life ends, and the next look takes the run up anew.
    const before = runs.get(record.id);
    before?.log.close(fail("run.fenced", { run: record.id }, { stack: false }));
    const rows = action === undefined || before !== undefined ? undefined : await journal.rows(record.id);
    if (action === undefined || rows === undefined || stopped) return giveUp([{ run: record.id, epoch: record.epoch }]);
    if (record.takeovers > 0) log.info(`Took over the run "${record.id}" after ${rows.length} kept rows.`);
    work(record, action, rows);
  }

  function interrupt(): void {
    stopped = true;
    for (const { log: each } of runs.values()) each.close(fail("run.interrupted", { run: each.run }, { stack: false }));
  }

  return {
    id: options.id,
    async start(run) {
      const now = room() > 0 && !backlog;
      if (now) starting++;
      try {
        const kept = await journal.create(run, now ? claim : undefined);
        const action = options.find(run.kind, run.name);
        if (kept.created && !now) {
          backlog = true;
          if (room() > 0) options.freed();
        }
        if (kept.created) options.tell({ run: run.id, status: kept.run.status });
        if (kept.created && now && action !== undefined && !stopped) work(kept.run, action, []);
        return kept.run;
      } finally {
        if (now) starting--;
      }
    },
    async claim(filter) {
      const limit = room();
      if (limit === 0) return;
      starting += limit;
      // A start that finds no room while we ask must not be forgotten.
      backlog = false;
      try {
        const records = await journal.claim({ ...claim, ...filter, limit });
        if (records.length === limit) backlog = true;
        await Promise.all(records.map(takeUp));
      } finally {
        starting -= limit;
        if (backlog && room() > 0) options.freed();
      }
    },
    local: (run) => runs.get(run),
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
