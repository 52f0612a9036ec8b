// The wrapper that makes a call tree resumable: it stands outermost, so it records what came out in the end.
//
// 1. A kept result is given back, or thrown again, without running anything and without being told as new work.
// 2. A result is given to the caller only after its row is kept, and as it will be given on every replay.
// 3. Failures are results. Not kept: that the run was taken over, that its engine ends, and cancellations from outside.
// 4. What was begun with the effect `once` and has no result is never run again.
import {
  fromErrorJson,
  isMofaError,
  type Journal,
  type JournalRow,
  type Middleware,
  type Next,
  type Step,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type FrameHost, StepFrame } from "./frame.ts";
import { identify } from "./identity.ts";
import { posted } from "./letters.ts";
import { failureJson, outputJson, toKept } from "./outcome.ts";

/** Keeps the steps of runs whose frames are ours, as their journal tells; every other call passes untouched. */
export function durable(journalOf: (frames: FrameHost) => DurableJournal | undefined): Middleware {
  return (step, next) => {
    const { parent } = step.call;
    const frame = parent === undefined ? step.call.run : parent.run;
    if (!(frame instanceof StepFrame)) return next(step);
    const journal = journalOf(frame.host);
    // Another engine's, such as the next version of this plugin beside the old one: keeping twice would be wrong.
    if (journal === undefined) return next(step);
    if (parent === undefined) {
      frame.call ??= step.call;
      frame.log.call ??= step.call;
      frame.open();
      return next(step);
    }
    return keep(step, next, { parent: frame, journal });
  };
}

type DurableJournal = Pick<Journal, "name" | "transactional">;

interface Place {
  readonly parent: StepFrame;
  readonly journal: DurableJournal;
}

function keep(step: Step, next: Next, { parent, journal }: Place): Promise<unknown> {
  const { kind, name, effect } = step.action;
  const { log } = parent;
  // Everything up to the claim of the row is synchronous: equal calls take equal rows in the order of the calls.
  const frame = parent.child(identify({ kind, name, input: step.input, key: step.options.key }), step.call);
  const row = log.take(frame.path);
  step.enter(frame);
  if (row !== undefined) return replay(step, row);
  if (effect === "tx" && journal.transactional !== true)
    return Promise.reject(fail("step.tx_unsupported", { kind, name, journal: journal.name }));
  frame.open();
  const run = wrapperOf(step, { frame, parent })(next);
  const waiting = log.ready();
  const work = () => (effect === "none" ? run(step) : record(step, run, { frame, parent }));
  const unlessStopped = () => {
    step.call.signal.throwIfAborted();
    return work();
  };
  const result = waiting === undefined ? work() : waiting.then(unlessStopped);
  const close = () => frame.close();
  result.then(close, close);
  return result;
}

interface Here {
  readonly frame: StepFrame;
  readonly parent: StepFrame;
}

/** What a step needs around it beside being kept. */
function wrapperOf({ action: { kind, name, effect } }: Step, here: Here): (next: Next) => Next {
  if (effect === "once") return (next) => atMostOnce(here, next);
  if (effect === "tx") here.frame.writes = [];
  if (kind === "message" && name === "send") return (next) => posted(here, next);
  return (next) => next;
}

function replay(step: Step, row: JournalRow): Promise<unknown> {
  step.call.emit("action.replayed", { ms: 0 });
  return row.error === undefined ? Promise.resolve(row.body) : Promise.reject(fromErrorJson(row.error));
}

/** Writes that it begins, before it does; refuses when an earlier life had begun it. */
function atMostOnce({ frame, parent }: Here, next: Next): Next {
  return async (step) => {
    const { kind, name } = step.action;
    if (frame.log.wasBegun(frame.path)) throw fail("step.in_doubt", { step: frame.key, kind, name });
    await frame.log.append({ rows: [parent.row({ key: frame.path, type: "begin", kind, name })] });
    // A process that stalled meanwhile may have lost the run, and its successor found the step in doubt.
    await frame.log.ready();
    return next(step);
  };
}

async function record(step: Step, run: Next, { frame, parent }: Here): Promise<unknown> {
  const { log, path } = frame;
  const { kind, name } = step.action;
  const toRow = (result: Pick<JournalRow, "body" | "error">) =>
    parent.row({ key: path, type: "step", kind, name, ...result });
  const limit = noteTimeout(step, (error) => log.note({ rows: [toRow({ error: failureJson(error) })] }));
  try {
    const body = outputJson(frame.key, await run(step));
    const writes = frame.writes ?? [];
    if (limit.crossed()) throw step.call.signal.reason;
    const rows = [toRow(body === undefined ? {} : { body })];
    // What is written with it may be refused, which is a failure of the step.
    if (writes.length > 0) await log.append({ rows, writes });
    else log.keep({ rows });
    return body;
  } catch (error) {
    if (log.closed) throw log.reason;
    // A cancel is an echo of something that is kept, or must not be; only genuine failures are results of this step.
    if (limit.crossed() || step.call.signal.aborted) throw error;
    const kept = failureJson(error);
    log.keep({ rows: [toRow({ error: kept })] });
    // What is caught now must be what is caught in every later life.
    throw toKept(error, kept);
  } finally {
    limit.release();
  }
}

/**
 * A call with a time-out of its own is rejected by the kernel the moment it is crossed, outside of this wrapper; the
 * caller may act on that at once, so it is written then, and what the action still does about it is not.
 */
function noteTimeout(step: Step, note: (error: unknown) => void): { crossed(): boolean; release(): void } {
  const ms = step.options.timeout ?? step.action.timeout;
  if (ms === undefined) return { crossed: () => false, release() {} };
  const { signal } = step.call;
  let crossed = false;
  const cross = () => {
    const { reason } = signal;
    const own =
      isMofaError(reason, "call.timed_out") && reason.data["name"] === step.action.name && reason.data["ms"] === ms;
    if (!own) return;
    crossed = true;
    note(reason);
  };
  signal.addEventListener("abort", cross, { once: true });
  return { crossed: () => crossed, release: () => signal.removeEventListener("abort", cross) };
}
