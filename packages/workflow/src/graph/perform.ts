import {
  type Call,
  type InvokeOptions,
  isMofaError,
  type Json,
  type NodeKind,
  type NodeResult,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { outcomesOf } from "./check-kinds.ts";
import type { PlanStep } from "./plan.ts";
import type { Slots } from "./slots.ts";

/** What a step came to. */
export interface Finished {
  readonly outcome: string;
  readonly output: Json;
}

/** One step, about to be done. */
export interface Work {
  readonly step: PlanStep;
  readonly settings: Json;
  readonly call: Call;
  readonly options: InvokeOptions;
  readonly slots: Slots | undefined;
}

/** Does a step, again where it may be retried; rejects with its last failure. */
export function perform(work: Work): Promise<Finished> {
  const first = attempt(work);
  return work.step.times === 0 ? first : first.catch((error: unknown) => again(work, error));
}

async function again(work: Work, failure: unknown): Promise<Finished> {
  const { step, call } = work;
  let error = failure;
  for (let retry = 1; retry <= step.times && mayRetry(error); retry++) {
    // The whole workflow is being stopped: that is nothing to retry.
    if (call.signal.aborted) throw error;
    await call.sleep(step.backoff * 2 ** (retry - 1));
    try {
      return await attempt(work);
    } catch (next) {
      error = next;
    }
  }
  throw error;
}

function attempt(work: Work): Promise<Finished> {
  try {
    const kind = work.call.get("node", work.step.use);
    const waits = kind.waits === true || work.step.queue !== undefined;
    if (work.slots === undefined || kind.bodies !== undefined || waits) return invoke(work, kind);
    return inSlot(work.slots, () => invoke(work, kind));
  } catch (error) {
    // A kind that is gone fails the node, not whoever looks for it.
    return Promise.reject(error);
  }
}

async function inSlot<T>(slots: Slots, run: () => Promise<T>): Promise<T> {
  await slots.take();
  try {
    return await run();
  } finally {
    slots.give();
  }
}

function invoke({ step, settings, call, options }: Work, kind: NodeKind): Promise<Finished> {
  return call.invoke(step.action(kind), settings, options).then((result) => toFinished(step, kind, result));
}

/** Takes what a node kind gave; throws when its outcome is not one of its own, or its output is no JSON. */
export function toFinished(step: PlanStep, kind: NodeKind, result: unknown): Finished {
  const { outcome, output } = result as NodeResult;
  if (outcome !== "done") checkOutcome(step, kind, outcome);
  return { outcome, output: toPlain(output) };
}

function toPlain(output: unknown): Json {
  if (output === undefined || output === null) return null;
  if (typeof output === "string" || typeof output === "boolean") return output;
  return typeof output === "number" && Number.isFinite(output) ? output : toJson(output);
}

/** An outcome that nobody could have named would silently skip all that comes after. */
function checkOutcome({ label, use, given }: PlanStep, kind: NodeKind, outcome: string): void {
  const known = kind.outcomesOf === undefined && kind.outcomes === undefined ? undefined : outcomesOf(kind, given);
  const reserved = outcome === "failed" || outcome === "skipped" || typeof outcome !== "string";
  if (!reserved && (known === undefined || known.includes(outcome))) return;
  throw fail("node.bad_outcome", { node: label, use, outcome, known: (known ?? ["done"]).join(", ") });
}

// A bad input stays bad, and what may have happened once must not happen again because somebody is patient.
function mayRetry(error: unknown): boolean {
  return !["input.invalid", "step.in_doubt", "node.bad_outcome"].some((code) => hasCode(error, code));
}

function hasCode(error: unknown, code: string): boolean {
  return (
    isMofaError(error, code) || (error instanceof Error && error.cause !== undefined && hasCode(error.cause, code))
  );
}
