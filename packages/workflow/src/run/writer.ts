// Writes what runs came to, all runs of the process together.
//
// 1. At most one append is in flight; what comes meanwhile goes together into the next one.
// 2. Parts of one run keep the order in which they were given.
// 3. A part is answered only when the journal has it; a refused part closes its run's log.
import { type Clock, isMofaError, type Journal, type RunAppend, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { RunLog, RunPart } from "./run-log.ts";

export interface Writer {
  add(log: RunLog, part: RunPart): Promise<void>;
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly part: RunPart;
  resolve(): void;
  reject(reason: unknown): void;
}

const TRIES = 5;
const FIRST_PAUSE = 20;

export function createWriter(journal: Journal, clock: Clock): Writer {
  let pending = new Map<RunLog, Waiting[]>();
  let flushing: Promise<void> | undefined;

  async function flushAll(): Promise<void> {
    while (pending.size > 0) {
      // One turn of the event loop: everything that is ready by now travels in one append.
      await new Promise<void>((resolve) => setImmediate(resolve));
      const batch = [...pending];
      pending = new Map();
      await flush(batch);
    }
    flushing = undefined;
  }

  async function flush(batch: readonly (readonly [RunLog, readonly Waiting[]])[]): Promise<void> {
    try {
      const outcomes = await appendPatiently(batch.map(([log, waiting]) => toAppend(log, waiting)));
      batch.forEach(([log, waiting], index) => {
        if (outcomes[index] === "kept") keep(log, waiting);
        else refuse(log, waiting, fail("run.fenced", { run: log.run }, { stack: false }));
      });
    } catch (cause) {
      // What one run wrote may be what the journal cannot take: the others must not suffer for it.
      if (batch.length > 1) for (const one of batch) await flush([one]);
      else for (const [log, waiting] of batch) refuse(log, waiting, journalFailed(log, cause));
    }
  }

  /** A retried append that had been written all the same is answered `fenced`: safe, the run is only taken up anew. */
  async function appendPatiently(batch: readonly RunAppend[]) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await journal.append(batch);
      } catch (error) {
        if (attempt === TRIES || !isMofaError(error) || !error.retryable) throw error;
        await new Promise<void>((resolve) => void clock.after(FIRST_PAUSE * 2 ** attempt, resolve));
      }
    }
  }

  return {
    add(log, part) {
      return new Promise<void>((resolve, reject) => {
        const waiting = pending.get(log);
        if (waiting === undefined) pending.set(log, [{ part, resolve, reject }]);
        else waiting.push({ part, resolve, reject });
        flushing ??= flushAll();
      });
    },
    async idle() {
      await flushing;
    },
  };
}

function toAppend(log: RunLog, waiting: readonly Waiting[]): RunAppend {
  const tasks = waiting.flatMap(({ part }) => part.tasks ?? []);
  const update = waiting.findLast(({ part }) => part.update !== undefined)?.part.update;
  return {
    run: log.run,
    epoch: log.epoch,
    seq: log.next,
    rows: waiting.flatMap(({ part }) => part.rows ?? []),
    ...(tasks.length > 0 && { tasks }),
    ...(update !== undefined && { update }),
  };
}

function keep(log: RunLog, waiting: readonly Waiting[]): void {
  for (const { part, resolve } of waiting) {
    log.advance(part.rows?.length ?? 0);
    resolve();
  }
}

function refuse(log: RunLog, waiting: readonly Waiting[], reason: unknown): void {
  log.close(reason);
  for (const { reject } of waiting) reject(reason);
}

function journalFailed({ run }: RunLog, cause: unknown): unknown {
  return fail("run.journal_failed", { run, reason: toErrorJson(cause).message }, { cause });
}
