import {
  type AnyAction,
  type InvokeOptions,
  isMofaError,
  type Json,
  type RunAppend,
  type RunRecord,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { StepFrame } from "./frame.ts";
import { failureJson, outputJson } from "./outcome.ts";

export interface Execution {
  readonly record: RunRecord;
  readonly action: AnyAction;
  readonly frame: StepFrame;
  invoke(action: AnyAction, input: unknown, options: InvokeOptions): Promise<unknown>;
  /** Hears that the run is stopped, before that is kept: what it began is stopped as well. */
  stopping(run: string, reason: unknown): Promise<void>;
  warn(message: string): void;
}

type End = NonNullable<RunAppend["update"]>;

/** Runs the action of a run from its beginning, kept steps replayed, and keeps what it came to; false if it was dropped. */
export async function execute(execution: Execution): Promise<boolean> {
  const { frame, record, warn } = execution;
  const { log } = frame;
  const end = await run(execution);
  // Taken over, or stopped with its engine: whoever works on it next finds all that was kept.
  if (end === undefined || log.closed) {
    log.close(fail("run.interrupted", { run: record.id }, { stack: false }));
    return false;
  }
  if (log.signal.aborted) await execution.stopping(record.id, log.signal.reason);
  await log.append({ update: end });
  const orphans = end.status === "cancelled" ? [] : log.orphans();
  if (orphans.length > 0) {
    warn(
      `The run "${record.id}" ended without asking for ${orphans.length} kept step(s) (${orphans.slice(0, 3).join(", ")}): its code changed or is not deterministic.`,
    );
  }
  log.end();
  const reason = end.error?.message;
  frame.call?.emit("run.changed", { run: record.id, status: end.status, ...(reason !== undefined && { reason }) });
  return true;
}

async function run({ record, action, frame, invoke }: Execution): Promise<End | undefined> {
  const { log } = frame;
  const timeout = remaining(record, action, log.clock.now());
  const { tenant } = record;
  const limits = { ...(timeout !== undefined && { timeout }), ...(tenant !== undefined && { tenant }) };
  const options = { frame, trace: record.id, signal: log.signal, ...limits };
  try {
    const output: Json | undefined = outputJson(record.id, await invoke(action, record.input, options));
    return output === undefined ? { status: "done" } : { status: "done", output };
  } catch (error) {
    if (log.closed) return undefined;
    if (log.signal.aborted) return stopped(log.signal.reason);
    return stoppedFromOutside(frame, timeout) ? undefined : { status: "failed", error: failureJson(error) };
  }
}

// Limits of its own: crossing one is a failure, not somebody's wish.
const LIMITS = ["run.deadline", "run.too_many_rows"];

function stopped(reason: unknown): End {
  return {
    status: LIMITS.some((code) => isMofaError(reason, code)) ? "failed" : "cancelled",
    error: failureJson(reason),
  };
}

/** A run's time-out counts from its start, whoever worked on it since. */
function remaining(record: RunRecord, { timeout }: AnyAction, now: number): number | undefined {
  return timeout === undefined ? undefined : Math.max(1, (record.startedAt ?? record.createdAt) + timeout - now);
}

/** The whole kernel ends, say: that is no result of the run. Its own time-out is one. */
function stoppedFromOutside({ call }: StepFrame, timeout: number | undefined): boolean {
  const signal = call?.signal;
  if (signal === undefined || !signal.aborted) return false;
  return timeout === undefined || !isMofaError(signal.reason, "call.timed_out");
}
