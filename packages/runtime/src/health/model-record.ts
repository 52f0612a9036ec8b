import { type Clock, isMofaError, type Middleware } from "@mofa/kernel";

/** What the last calls of each model came to. Bounded: so many calls, so many milliseconds back. */
export interface ModelRecord {
  /** Stands around every call of a model, nearest to it, and only looks. */
  readonly wrapper: Middleware;
  recent(model: string): { readonly calls: number; readonly failed: number };
  /** Forgets models that are not there any more. */
  keep(models: readonly string[]): void;
}

interface Outcome {
  readonly at: number;
  readonly failed: boolean;
}

const CALLS = 20;
// A model that nobody calls any more because it failed must get another chance.
const REMEMBERED = 60_000;

export function createModelRecord(clock: Clock): ModelRecord {
  const records = new Map<string, Outcome[]>();

  function note(model: string, failed: boolean): void {
    const outcomes = records.get(model) ?? [];
    outcomes.push({ at: clock.now(), failed });
    if (outcomes.length > CALLS) outcomes.shift();
    records.set(model, outcomes);
  }

  return {
    wrapper(step, next) {
      const { name } = step.action;
      const work = next(step);
      work.then(
        () => note(name, false),
        // One that was cancelled says nothing of the model; one that took too long does.
        (error: unknown) => {
          if (!step.call.signal.aborted || isMofaError(error, "call.timed_out")) note(name, true);
        },
      );
      return work;
    },
    recent(model) {
      const since = clock.now() - REMEMBERED;
      const outcomes = (records.get(model) ?? []).filter(({ at }) => at >= since);
      return { calls: outcomes.length, failed: outcomes.filter(({ failed }) => failed).length };
    },
    keep(models) {
      for (const name of records.keys()) if (!models.includes(name)) records.delete(name);
    },
  };
}
