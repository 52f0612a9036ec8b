// Writes what runs came to, all runs of the process together.
//
// 1. At most one append is in flight; what comes meanwhile goes together into the next one.
// 2. Parts of one run keep the order in which they were given.
// 3. A part is answered only when the journal has it; a part of a run that is ours no more closes its log.
// 4. What waits behind a part that was not written goes with it: it would stand in its place.
// 5. A part with writes travels alone: when they cannot be done, nothing else of the run is refused with it.
import {
  type AppendOutcome,
  type Clock,
  fromErrorJson,
  isMofaError,
  type Journal,
  type RunAppend,
  toErrorJson,
} from "@mofa/kernel";
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
      const batch = [...pending].map(([log, waiting]) => [log, firstOf(waiting)] as const);
      const rest = [...pending].map(([log, waiting]) => [log, waiting.slice(firstOf(waiting).length)] as const);
      pending = new Map(rest.filter(([, waiting]) => waiting.length > 0));
      await flush(batch);
    }
    flushing = undefined;
  }

  async function flush(batch: readonly (readonly [RunLog, readonly Waiting[]])[]): Promise<void> {
    try {
      const outcomes = await appendPatiently(batch.map(([log, waiting]) => toAppend(log, waiting)));
      batch.forEach(([log, waiting], index) => {
        const outcome = outcomes[index] ?? "fenced";
        settle(log, outcome === "fenced" ? withAllBehind(log, waiting) : waiting, outcome);
      });
    } catch (cause) {
      // What one run wrote may be what the journal cannot take: the others must not suffer for it.
      if (batch.length > 1) for (const one of batch) await flush([one]);
      else for (const [log, waiting] of batch) refuse(log, withAllBehind(log, waiting), journalFailed(log, cause));
    }
  }

  function withAllBehind(log: RunLog, waiting: readonly Waiting[]): readonly Waiting[] {
    const behind = pending.get(log) ?? [];
    pending.delete(log);
    return [...waiting, ...behind];
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

/** What travels next of what waits: up to a part with writes, or that part. */
function firstOf(waiting: readonly Waiting[]): readonly Waiting[] {
  const alone = waiting.findIndex(({ part }) => part.writes !== undefined);
  return alone < 0 ? waiting : waiting.slice(0, Math.max(1, alone));
}

const LISTS = ["tasks", "letters", "consumed", "listens", "unlistens", "writes"] as const;

function toAppend(log: RunLog, waiting: readonly Waiting[]): RunAppend {
  const update = waiting.findLast(({ part }) => part.update !== undefined)?.part.update;
  const lists = LISTS.flatMap((name) => {
    const all = waiting.flatMap(({ part }): readonly unknown[] => part[name] ?? []);
    return all.length === 0 ? [] : [[name, all]];
  });
  return {
    run: log.run,
    epoch: log.epoch,
    seq: log.next,
    rows: waiting.flatMap(({ part }) => part.rows ?? []),
    // Each list holds what the parts had under its name.
    ...(Object.fromEntries(lists) as Pick<RunAppend, (typeof LISTS)[number]>),
    ...(update !== undefined && { update }),
  };
}

function settle(log: RunLog, waiting: readonly Waiting[], outcome: AppendOutcome): void {
  if (outcome === "kept") keep(log, waiting);
  else if (outcome === "fenced") refuse(log, waiting, fail("run.fenced", { run: log.run }, { stack: false }));
  // Its writes could not be done: that is a failure of the step, not of the run.
  else for (const { reject } of waiting) reject(fromErrorJson(outcome.refused));
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
