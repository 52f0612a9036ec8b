import type { Middleware, Next } from "../../call.ts";
import { isMofaError } from "../../error.ts";
import type { Named } from "../../kind.ts";

/** When a plugin that is at fault again and again is taken out. */
export interface QuarantineOptions {
  /** Faults after which a plugin is taken out. Default 5. */
  readonly faults?: number;
  /** Milliseconds within which they count. Default 60,000. */
  readonly within?: number;
  /** Whether errors that are not MoFA errors, thrown by its actions, count as well. Default no. */
  readonly actions?: boolean;
}

/** The faults that still count, with one more. */
export function withFault(
  faults: readonly number[],
  now: number,
  { within = 60_000 }: QuarantineOptions,
): readonly number[] {
  return [...faults.filter((at) => at > now - within), now];
}

/** Whether these are so many that the plugin is taken out. */
export function areTooMany(faults: readonly number[], { faults: most = 5 }: QuarantineOptions): boolean {
  return faults.length >= most;
}

/** Says why a plugin was taken out. */
export function sayFaults(options: QuarantineOptions, last: string): string {
  const { faults = 5, within = 60_000 } = options;
  return `${faults} faults within ${within} ms, the last: ${last}`;
}

/** A wrapper that tells on itself when it fails by itself; what it only hands on is not its fault. */
export function blaming(middleware: Middleware, blame: (error: unknown) => void): Middleware {
  return (step, next) => {
    let inner: Promise<unknown> | undefined;
    const go: Next = (handed) => {
      inner = next(handed);
      return inner;
    };
    let output: Promise<unknown>;
    try {
      output = middleware(step, go);
    } catch (error) {
      blame(error);
      throw error;
    }
    // One that returned what `next` gave has nothing of its own to fail with.
    if (output !== inner && output instanceof Promise)
      output.then(undefined, (error) => attribute(error, inner, blame));
    return output;
  };
}

function attribute(error: unknown, inner: Promise<unknown> | undefined, blame: (error: unknown) => void): void {
  if (inner === undefined) blame(error);
  else
    inner.then(
      () => blame(error),
      () => {},
    );
}

/** A wrapper that tells which action threw something that is not a MoFA error, the innermost only. */
export function watchActions(blame: (kind: string, action: Named, error: unknown) => void): Middleware {
  const seen = new WeakSet<object>();
  return (step, next) => {
    const output = next(step);
    output.then(undefined, (error: unknown) => {
      if (isMofaError(error)) return;
      if (typeof error === "object" && error !== null) {
        if (seen.has(error)) return;
        seen.add(error);
      }
      blame(step.action.kind, step.action, error);
    });
    return output;
  };
}
