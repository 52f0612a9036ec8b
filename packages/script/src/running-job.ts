// One job on one worker process, from the first line to the last.
//
// 1. It ends exactly once: with the worker's last line, or with the worker.
// 2. It is stopped at its wall limit, or when asked; a worker that does not stop in time is killed.
// 3. When it ends, what it still asks of the host is aborted and its timers are gone.
import type { Clock } from "@mofa/kernel";
import type { DoneLine, FromWorker, HostLine, JobLine, RawOutcome } from "./wire.ts";
import type { Ending, WorkerProcess } from "./worker-process.ts";

/** What a worker is asked to do, and who answers when the script turns to its host. */
export interface Job {
  readonly line: Omit<JobLine, "type" | "job">;
  host(line: HostLine, signal: AbortSignal): Promise<HostAnswer>;
}

export interface HostAnswer {
  readonly good: boolean;
  /** JSON. */
  readonly text: string;
}

/** How a job ended: the outcomes that were told, and why there are no more. */
export interface JobEnd {
  readonly outcomes: readonly RawOutcome[];
  readonly lost?: { readonly code: string; readonly how?: string };
  /** The process had to be killed, and the script is to blame. */
  readonly blame: boolean;
  /** The process may be used again. */
  readonly clean: boolean;
}

export interface RunningJob {
  readonly ended: Promise<JobEnd>;
  /** It waits for its host, and needs no processor. */
  readonly parked: boolean;
  take(line: FromWorker): void;
  stop(code: string): void;
  /** Kills the worker when it has grown beyond what the job may use. */
  checkMemory(): void;
}

export interface RunningJobTools {
  readonly id: number;
  readonly clock: Clock;
  /** Called when `parked` changed. */
  changed(): void;
}

const GRACE = 500;
// V8 frees memory in its own time; an isolate may reach three times its limit for a moment without harm.
const MEMORY_FACTOR = 3;
const MEMORY_MARGIN = 100;
// Signals that a process does not send itself when V8 gives up.
const FROM_OUTSIDE = new Set(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

/** Sends a job to a worker and sees it through. */
export function runJob(job: Job, worker: WorkerProcess, tools: RunningJobTools): RunningJob {
  const { limits } = job.line;
  const { promise: ended, resolve } = Promise.withResolvers<JobEnd>();
  const calls = new AbortController();
  let asked = 0;
  let parked = false;
  let over = false;
  let stopped: string | undefined;
  let cancelGrace = () => {};
  const cancelWall = tools.clock.after(limits.wall, () => stop("script.wall_exceeded"));
  const most = worker.base + MEMORY_FACTOR * limits.memory + MEMORY_MARGIN;

  function finish(end: JobEnd) {
    if (over) return;
    over = true;
    cancelWall();
    cancelGrace();
    calls.abort();
    resolve(end);
  }

  function stop(code: string) {
    if (over || stopped !== undefined) return;
    stopped = code;
    worker.send({ type: "stop", job: tools.id });
    cancelGrace = tools.clock.after(GRACE, () => worker.kill(code));
  }

  function done({ outcomes, clean }: DoneLine) {
    if (stopped !== undefined) return finish({ outcomes: [], lost: { code: stopped }, blame: false, clean });
    // Reaching the memory limit is contained by the isolate; that we do not use the process again is caution, not blame.
    const blame = !clean && !outcomes.some(({ text }) => text.startsWith('E{"code":"script.memory_exceeded"'));
    finish({ outcomes, blame, clean });
  }

  async function answer(line: HostLine) {
    if (line.operation !== "log") asked++;
    const { good, text } = await job.host(line, calls.signal);
    if (over || line.operation === "log") return;
    asked--;
    worker.send({ type: "answer", job: tools.id, call: line.call, good, text });
    park(false);
  }

  function park(now: boolean) {
    if (parked === now) return;
    parked = now;
    tools.changed();
  }

  void worker.gone.then((ending) => finish(toEnd(ending)));
  worker.send({ ...job.line, type: "job", job: tools.id });

  return {
    ended,
    get parked() {
      return parked;
    },
    take(line) {
      if (line.type === "catastrophe") worker.kill("script.memory_exceeded");
      else if (line.type === "done" && line.job === tools.id) done(line);
      else if (line.type === "host" && line.job === tools.id) void answer(line);
      // An answer may have left while it said that it waits.
      else if (line.type === "waiting") park(asked > 0);
    },
    stop,
    checkMemory() {
      if (worker.memory() > most) worker.kill("script.memory_exceeded");
    },
  };
}

function toEnd({ killedFor, how, signal }: Ending): JobEnd {
  const end = { outcomes: [], clean: false } as const;
  if (killedFor !== undefined) {
    const ours = killedFor === "script.memory_exceeded" || killedFor === "script.wall_exceeded";
    return {
      ...end,
      lost: killedFor.startsWith("script.") ? { code: killedFor } : { code: "script.crashed", how: killedFor },
      blame: ours,
    };
  }
  if (signal !== null && FROM_OUTSIDE.has(signal))
    return { ...end, lost: { code: "script.worker_lost", how }, blame: false };
  return { ...end, lost: { code: "script.crashed", how }, blame: true };
}
