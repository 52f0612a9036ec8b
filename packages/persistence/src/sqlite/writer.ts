// Gathers the writes of one turn of the event loop into one transaction: one flush to disk for all of them.
//
// 1. A piece of work is synchronous, and refuses (throws a MofaError) before its first write: a refusal is its own
//    and leaves its neighbours in the transaction alone.
// 2. Nobody hears of success before the commit.
// 3. When the transaction breaks on one piece of work, all are rolled back and each is tried in its own; when the
//    database itself is the cause, all fail alike. So work may run twice, and must depend on nothing but the database.
// 4. Closing writes what still waits.
import { isMofaError } from "@mofa/kernel";

/** Runs pieces of work together. */
export interface Writer {
  /** Puts work into the next transaction, and gives its result when that is committed. */
  write<T>(work: () => T): Promise<T>;
  /** The same without waiting for others: for what its caller has gathered already. What waits goes along. */
  writeNow<T>(work: () => T): Promise<T>;
  /** Writes what waits, and accepts no more. */
  close(): void;
}

export interface WriterOptions {
  /** Runs all or nothing. */
  readonly transaction: (work: () => void) => void;
  /** Makes an error of what the database threw. */
  readonly wrap: (thrown: unknown) => Error;
  /** Whether the error concerns everybody. */
  readonly wide: (error: Error) => boolean;
  readonly closed: () => Error;
}

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly refusal: unknown };

// Longer transactions gain nothing and keep readers of other turns waiting.
const MOST = 512;

/** Makes a writer. */
export function createWriter({ transaction, wrap, wide, closed }: WriterOptions): Writer {
  const queue: Waiting[] = [];
  let next: NodeJS.Immediate | undefined;
  let open = true;

  function flush(): void {
    next = undefined;
    const batch = queue.splice(0, MOST);
    if (queue.length > 0) next = setImmediate(flush);
    if (batch.length > 0) runTogether(batch);
  }

  function runTogether(batch: readonly Waiting[]): void {
    const outcomes: Outcome[] = [];
    try {
      transaction(() => {
        for (const { work } of batch) outcomes.push(attempt(work));
      });
    } catch (thrown) {
      const error = wrap(thrown);
      if (batch.length === 1 || wide(error)) for (const one of batch) one.reject(error);
      else for (const one of batch) runTogether([one]);
      return;
    }
    for (const [at, one] of batch.entries()) {
      const outcome = outcomes[at];
      if (outcome !== undefined && "value" in outcome) one.resolve(outcome.value);
      else one.reject(outcome?.refusal);
    }
  }

  function put<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!open) return reject(closed());
      queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
      next ??= setImmediate(flush);
    });
  }

  return {
    write: put,
    writeNow(work) {
      const written = put(work);
      clearImmediate(next);
      flush();
      return written;
    },
    close() {
      open = false;
      while (queue.length > 0) flush();
      clearImmediate(next);
      next = undefined;
    },
  };
}

function attempt(work: () => unknown): Outcome {
  try {
    return { value: work() };
  } catch (thrown) {
    if (isMofaError(thrown)) return { refusal: thrown };
    throw thrown;
  }
}
