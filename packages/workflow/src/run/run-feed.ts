// The live events of runs, for readers who come and go.
//
// 1. The event stream is watched, once, while there are readers.
// 2. A reader that falls too far behind loses the oldest events, never the run.
import type { Event, PluginContext } from "@mofa/kernel";

export interface RunFeeds {
  /** The events of a run from now on, until it has ended or the reader leaves. */
  open(run: string, ended: () => Promise<unknown>): AsyncIterable<Event>;
}

const MAX_WAITING = 10_000;

export function createRunFeeds(ctx: PluginContext): RunFeeds {
  const readers = new Map<string, Set<(event: Event) => void>>();
  let unwatch: (() => void) | undefined;

  function subscribe(run: string, reader: (event: Event) => void): () => void {
    unwatch ??= ctx.watch({}, (event) => {
      for (const each of readers.get(event.trace) ?? []) each(event);
    });
    const others = readers.get(run) ?? new Set();
    readers.set(run, others.add(reader));
    return () => {
      others.delete(reader);
      if (others.size === 0) readers.delete(run);
      if (readers.size > 0) return;
      unwatch?.();
      unwatch = undefined;
    };
  }

  return {
    open: (run, ended) => ({
      async *[Symbol.asyncIterator]() {
        const waiting: Event[] = [];
        let finished = false;
        let wake = () => {};
        const leave = subscribe(run, (event) => {
          if (waiting.length === MAX_WAITING) waiting.shift();
          waiting.push(event);
          wake();
        });
        const finish = () => {
          finished = true;
          wake();
        };
        // However the run ends, and also when this process stops: there is nothing more to read.
        ended().then(finish, finish);
        try {
          while (!finished || waiting.length > 0) {
            const next = waiting.shift();
            if (next !== undefined) yield next;
            else await new Promise<void>((resolve) => (wake = resolve));
          }
        } finally {
          leave();
        }
      },
    }),
  };
}
