// Holds back what a run has not kept while its action runs on what it has.
//
// 1. A step that is not kept is noted and waits until it is stopped; only actions without effect run, as in every life.
// 2. It is quiet when nothing has come by for a while, and whatever runs has begun something or is known to wait.
import type { Call, Middleware, Next, NodeKind, Step } from "@mofa/kernel";
import { durable } from "../run/durable.ts";
import { StepFrame } from "../run/frame.ts";
import type { RunLog } from "../run/run-log.ts";

export interface DryFrames {
  readonly wrapper: Middleware;
  /** Keys of what was kept and nobody has asked for, though what it belongs to has run. */
  orphans(): readonly string[];
  /** Keys of steps that are held back. */
  readonly held: ReadonlySet<string>;
  /** Notes that something has happened. */
  move(): void;
  /** Resolves when nothing goes on any more, or `over` says so. */
  quiet(over: () => boolean): Promise<void>;
}

/** Turns of the event loop in which nothing has happened, until it is quiet. */
const QUIET_TURNS = 30;
/** The same, a millisecond each, while code without effect is still at work. */
const PATIENCE_TURNS = 500;

/** The wrapper for frames that are in a dry run, as `journalOf` tells; every other call passes untouched. */
export function createDryFrames(journalOf: Parameters<typeof durable>[0]): DryFrames {
  const held = new Set<string>();
  const inside = new Map<Call, number>();
  const keep = durable(journalOf);
  let log: RunLog | undefined;
  let moves = 0;

  const pathOf = ({ run }: Call) => (run instanceof StepFrame ? run.path : "");

  function hold(step: Step, next: Next): Promise<unknown> {
    if (step.call.parent !== undefined && step.action.effect !== "none") {
      held.add(pathOf(step.call));
      return stopped(step.call);
    }
    inside.set(step.call, 0);
    return next(step).finally(() => {
      inside.delete(step.call);
      moves++;
    });
  }

  function wrapper(step: Step, next: Next): Promise<unknown> {
    const { parent } = step.call;
    const frame = (parent ?? step.call).run;
    if (!(frame instanceof StepFrame) || journalOf(frame.host) === undefined) return next(step);
    moves++;
    const around = parent !== undefined && inside.has(parent) ? parent : undefined;
    if (around !== undefined) inside.set(around, (inside.get(around) ?? 0) + 1);
    log ??= frame.log;
    return keep(step, (each) => hold(each, next)).finally(() => {
      const left = around === undefined ? undefined : inside.get(around);
      if (around !== undefined && left !== undefined) inside.set(around, left - 1);
    });
  }

  /** Whether something runs that has begun nothing and is not known to wait. */
  const working = () => [...inside].some(([call, begun]) => begun === 0 && call.parent !== undefined && !waits(call));

  return {
    wrapper,
    orphans: () => log?.orphans() ?? [],
    held,
    move: () => void moves++,
    async quiet(over) {
      let seen = moves;
      for (let still = 0; still < (working() ? PATIENCE_TURNS : QUIET_TURNS) && !over(); still++) {
        await (working() ? new Promise((resolve) => setTimeout(resolve, 1)) : new Promise(setImmediate));
        if (moves !== seen) still = 0;
        seen = moves;
      }
    },
  };
}

/** Of the node kinds, those say so that wait for somebody or some time. */
function waits({ action }: Call): boolean {
  return action.kind === "node" && (action as NodeKind).waits === true;
}

function stopped({ signal }: Call): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
