// A scope owns things and ends them together.
//
// 1. What is owned is ended exactly once, after the signal has fired: things and children alike, last-in first-out.
// 2. Ending never stops half-way: failures are gathered and thrown as one error at the end.
// 3. A child that ends itself lets go of its parent: a long-lived scope does not grow.
// 4. Ending twice gives the same promise.
import { type MofaError, toErrorJson } from "./error.ts";
import { fail } from "./errors.ts";

/** What a scope can own: a function, or anything with a dispose method. */
export type Owned = (() => void | Promise<void>) | Disposable | AsyncDisposable;

/** Owns things and ends them together: signal first, then last-in first-out. */
export interface Scope extends AsyncDisposable {
  readonly name: string;
  /** Fires when the scope begins to end. Made on first use. */
  readonly signal: AbortSignal;
  readonly ended: boolean;
  /** How many things and children it owns right now. */
  readonly size: number;
  /** Takes responsibility for a thing and returns it, so it can wrap creation. */
  own<T extends Owned>(thing: T): T;
  /** Takes responsibility, and gives a function that ends the thing early. */
  hold(thing: Owned): () => Promise<void>;
  /** Opens a scope that ends with this one, or before. */
  child(name: string): Scope;
  end(reason?: unknown): Promise<void>;
}

/** Opens a scope. */
export function createScope(name: string, detach?: () => void): Scope {
  const owned = new Set<{ readonly end: () => void | PromiseLike<void> }>();
  let controller: AbortController | undefined;
  let reason: unknown;
  let ending: Promise<void> | undefined;

  function add(end: () => void | PromiseLike<void>) {
    if (ending !== undefined) throw fail("scope.closed", { scope: name });
    const entry = { end };
    owned.add(entry);
    return entry;
  }

  async function endAll(): Promise<void> {
    controller?.abort(reason);
    const failures: unknown[] = [];
    for (const entry of [...owned].reverse()) {
      if (!owned.delete(entry)) continue;
      try {
        await entry.end();
      } catch (error) {
        failures.push(error);
      }
    }
    detach?.();
    if (failures.length > 0) throw gathered(name, failures);
  }

  const scope: Scope = {
    name,
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (ending !== undefined) controller.abort(reason);
      }
      return controller.signal;
    },
    get ended() {
      return ending !== undefined;
    },
    get size() {
      return owned.size;
    },
    own(thing) {
      add(toEnd(thing));
      return thing;
    },
    hold(thing) {
      const entry = add(toEnd(thing));
      return async () => {
        if (owned.delete(entry)) await entry.end();
      };
    },
    child(childName) {
      const child = createScope(childName, () => owned.delete(entry));
      const entry = add(() => child.end(reason));
      return child;
    },
    end(why = fail("scope.closed", { scope: name }, { stack: false })) {
      if (ending === undefined) {
        reason = why;
        // Set before the first owner is told, so that nothing can be added while ending.
        ending = Promise.resolve().then(endAll);
      }
      return ending;
    },
    [Symbol.asyncDispose]: () => scope.end(),
  };
  return scope;
}

/** One error for all that went wrong while something ended. */
export function gathered(scope: string, failures: readonly unknown[]): MofaError {
  const said = failures.map((failure) => toErrorJson(failure).message).join("; ");
  const cause = failures.length === 1 ? failures[0] : new AggregateError(failures, said);
  return fail("scope.end_failed", { scope, count: failures.length }, { cause });
}

function toEnd(thing: Owned): () => void | PromiseLike<void> {
  if (Symbol.asyncDispose in thing) return () => thing[Symbol.asyncDispose]();
  if (Symbol.dispose in thing) return () => thing[Symbol.dispose]();
  return thing;
}
