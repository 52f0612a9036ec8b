// The jobs: which of them run, and who waits.
//
// 1. A process runs one job at a time, so that what it does to memory and processor is that job's doing.
// 2. At most `processes` jobs compute at once. A job that waits for its host gives up its place (else scripts that call
//    scripts would wait for each other), and at most `PARKED` of them wait beside the computing ones.
// 3. Nothing is started before the first job; from then on one process more than needed is kept ready.
// 4. A job that is told to the pool ends: with its outcomes, or with the reason why there are none.
import type { Clock, Log } from "@mofa/kernel";
import { createFleet } from "./fleet.ts";
import { createQuarantine, KILLS } from "./quarantine.ts";
import { type Job, type JobEnd, type RunningJob, runJob } from "./running-job.ts";
import type { startWorker, WorkerProcess } from "./worker-process.ts";

export interface PoolOptions {
  /** How many jobs compute at once. */
  readonly processes: number;
  /** How many jobs may wait. */
  readonly queue: number;
  /** MiB of the isolates that are kept ready. */
  readonly memory: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly start?: typeof startWorker;
}

export interface Pool extends AsyncDisposable {
  run(job: Job, signal?: AbortSignal): Promise<JobEnd>;
  /** The ids of the processes that live now. */
  pids(): readonly number[];
}

interface Waiting {
  readonly job: Job;
  readonly settle: (end: JobEnd) => void;
  running: RunningJob | undefined;
}

const PARKED = 8;
const POLL = 20;

/** Makes a pool; no process is started yet. */
export function createPool(options: PoolOptions): Pool {
  const { clock, processes } = options;
  const quarantine = createQuarantine();
  const queue: Waiting[] = [];
  const busy = new Map<WorkerProcess, RunningJob>();
  const fleet = createFleet({
    ...options,
    spare: processes,
    take: (worker, line) => busy.get(worker)?.take(line),
    changed: dispatch,
    broken: (reason) => dropAll(lostTo("script.worker_failed", reason)),
  });
  let jobs = 0;
  let ended = false;
  let cancelPoll: (() => void) | undefined;

  function dispatch() {
    if (ended) return;
    while (queue.length > 0 && places() > 0) {
      const worker = fleet.next();
      if (worker === undefined) break;
      assign(worker, queue.shift() as Waiting);
    }
    const wanted = Math.min(queue.length, places()) + 1;
    while (fleet.coming < wanted && fleet.size <= processes + PARKED) fleet.grow();
  }

  /** How many more jobs may compute now. */
  function places(): number {
    let computing = 0;
    for (const job of busy.values()) if (!job.parked) computing++;
    return Math.max(0, Math.min(processes - computing, processes + PARKED - busy.size));
  }

  function assign(worker: WorkerProcess, waiting: Waiting) {
    const running = runJob(waiting.job, worker, { id: ++jobs, clock, changed: dispatch });
    waiting.running = running;
    busy.set(worker, running);
    worker.jobs++;
    cancelPoll ??= clock.after(POLL, poll);
    void running.ended.then((end) => {
      busy.delete(worker);
      if (end.blame) quarantine.strike(waiting.job.line.text);
      fleet.giveBack(worker, end.clean);
      waiting.settle(end);
      dispatch();
    });
  }

  function poll() {
    for (const running of busy.values()) running.checkMemory();
    cancelPoll = busy.size > 0 ? clock.after(POLL, poll) : undefined;
  }

  function dropAll(end: JobEnd) {
    for (const waiting of queue.splice(0)) waiting.settle(end);
  }

  function cancel(waiting: Waiting) {
    if (waiting.running !== undefined) return waiting.running.stop("script.cancelled");
    queue.splice(queue.indexOf(waiting), 1);
    waiting.settle(lostTo("script.cancelled"));
  }

  return {
    async run(job, signal) {
      if (ended) return lostTo("script.sandbox_ended");
      if (signal?.aborted) return lostTo("script.cancelled");
      if (quarantine.holds(job.line.text)) return lostTo("script.quarantined", String(KILLS));
      if (queue.length >= options.queue) return lostTo("script.queue_full", String(queue.length));
      const { promise, resolve } = Promise.withResolvers<JobEnd>();
      const waiting: Waiting = { job, settle: resolve, running: undefined };
      const abort = () => cancel(waiting);
      signal?.addEventListener("abort", abort, { once: true });
      queue.push(waiting);
      dispatch();
      return promise.finally(() => signal?.removeEventListener("abort", abort));
    },
    pids: fleet.pids,
    async [Symbol.asyncDispose]() {
      ended = true;
      cancelPoll?.();
      dropAll(lostTo("script.sandbox_ended"));
      await fleet[Symbol.asyncDispose]();
    },
  };
}

function lostTo(code: string, how?: string): JobEnd {
  return { outcomes: [], lost: how === undefined ? { code } : { code, how }, blame: false, clean: false };
}
