// The worker processes: started, kept ready, given out and ended.
//
// 1. A process is starting, idle, given out, or gone; only a starting one that never was ready counts as a failure.
// 2. One that cannot start under Node's permission model for want of access is started without it, and so are all later ones.
// 3. A process that is given back unclean, or after `RUNS` jobs, or that is not needed, is killed.
// 4. When the fleet has ended, all processes have.
import type { Clock, Log } from "@mofa/kernel";
import type { FromWorker } from "./wire.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

export interface FleetOptions {
  /** MiB of the isolates that are kept ready. */
  readonly memory: number;
  /** How many may be idle. */
  readonly spare: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Starts a process; tests start others. */
  readonly start?: typeof startWorker;
  take(worker: WorkerProcess, line: FromWorker): void;
  /** There may be a process to take, or room for another. */
  changed(): void;
  /** Several in a row could not be started. */
  broken(reason: string): void;
}

export interface Fleet extends AsyncDisposable {
  /** Idle or about to be. */
  readonly coming: number;
  readonly size: number;
  pids(): readonly number[];
  grow(): void;
  /** The process that was idle longest: it had the most time to make an isolate ready. */
  next(): WorkerProcess | undefined;
  giveBack(worker: WorkerProcess, clean: boolean): void;
}

const RUNS = 500;
const BOOT_MS = 20_000;
const BOOT_TRIES = 3;

/** Makes a fleet without processes. */
export function createFleet(options: FleetOptions): Fleet {
  const { clock, log, memory, start = startWorker } = options;
  const alive = new Set<WorkerProcess>();
  const starting = new Set<WorkerProcess>();
  const idle: WorkerProcess[] = [];
  let restricted = true;
  let failures = 0;
  let ended = false;

  function grow() {
    const careful = restricted;
    const take = (line: FromWorker) => (line.type === "ready" ? ready(worker) : options.take(worker, line));
    const worker = start({ restricted: careful, memory, take });
    const cancelBoot = clock.after(BOOT_MS, () => {
      if (starting.has(worker)) worker.kill(`it was not ready after ${BOOT_MS} ms`);
    });
    alive.add(worker);
    starting.add(worker);
    void worker.gone.then(({ how, said, killedFor }) => {
      cancelBoot();
      const place = idle.indexOf(worker);
      if (place >= 0) idle.splice(place, 1);
      alive.delete(worker);
      if (starting.delete(worker) && !ended) notStarted(killedFor ?? `${how} ${said}`.trim(), careful);
      else options.changed();
    });
  }

  function ready(worker: WorkerProcess) {
    if (!starting.delete(worker)) return;
    failures = 0;
    worker.base = worker.memory();
    idle.push(worker);
    options.changed();
  }

  function notStarted(reason: string, careful: boolean) {
    if (careful && reason.includes("ERR_ACCESS_DENIED")) {
      // Unusual places of installation are not readable under the permission model; all other layers hold without it.
      const message = "Script processes run without Node's permission model, because here they cannot start with it.";
      if (restricted) log.warn(message, { reason });
      restricted = false;
      return options.changed();
    }
    // Whatever killed one may have been passing; with several in a row, those who wait must hear of it.
    if (++failures < BOOT_TRIES) return options.changed();
    log.error("No script process could be started.", { reason });
    options.broken(reason);
  }

  return {
    get coming() {
      return idle.length + starting.size;
    },
    get size() {
      return alive.size;
    },
    pids: () => [...alive].map((worker) => worker.pid),
    grow,
    next: () => idle.shift(),
    giveBack(worker, clean) {
      if (!clean || worker.jobs >= RUNS || idle.length > options.spare) worker.kill("retired");
      else if (alive.has(worker)) idle.push(worker);
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      const all = [...alive];
      for (const worker of all) worker.kill("script.sandbox_ended");
      await Promise.all(all.map((worker) => worker.gone));
    },
  };
}
