// Reads a stream of events one by one, or in batches.
//
// 1. Written by hand over an array: an async generator costs three times as much per event.
// 2. Every event goes to exactly one reader, in order; readers who wait are served in the order they came.
// 3. Leaving the loop cancels the work that is watched.
// 4. Bounded: a reader that falls too far behind gets an error, the work goes on.
import { fail } from "../../errors.ts";
import type { Event } from "../../event.ts";

/** The events of one piece of work as they happen, and its result. */
export interface EventFeed<Output> extends AsyncIterableIterator<Event> {
  /** What the work came to. */
  readonly result: Promise<Output>;
  /** The same events, all that are there at a time. */
  batches(): AsyncIterableIterator<readonly Event[]>;
}

interface Source<Output> {
  /** Starts telling; the returned function stops. */
  watch(watcher: (event: Event) => void): () => void;
  start(): Promise<Output>;
  cancel(): void;
}

/** Waits for the next event, or for the next batch. */
interface Reader {
  readonly all: boolean;
  resolve(result: IteratorResult<Event | readonly Event[]>): void;
  reject(error: unknown): void;
}

const MAX_WAITING = 100_000;
const FORGET_AFTER = 10_000;
const END = { done: true, value: undefined } as const;

export function createEventFeed<Output>(source: Source<Output>): EventFeed<Output> {
  // Used again once it is read: an array that is cut off has to grow anew with every burst.
  let waiting: (Event | undefined)[] = [];
  let size = 0;
  let position = 0;
  let finished = false;
  let failure: { readonly error: unknown } | undefined;
  const readers: Reader[] = [];
  let serving = false;

  const unwatch = source.watch((event) => {
    if (finished) return;
    if (size - position >= MAX_WAITING) {
      return finish({ error: fail("stream.overflow", { max: MAX_WAITING }) });
    }
    waiting[size++] = event;
    if (readers.length === 0) return;
    // Whoever reads batches gets what is told in one go as one batch.
    if (readers[0]?.all !== true) serve();
    else if (!serving) {
      serving = true;
      queueMicrotask(serve);
    }
  });

  function finish(outcome?: { readonly error: unknown }): void {
    if (finished) return;
    finished = true;
    failure = outcome;
    unwatch();
    serve();
  }

  const result = source.start();
  // Whoever reads the events gets the failure there; the result may be left alone.
  result.then(
    () => finish(),
    (error: unknown) => finish({ error }),
  );

  function serve(): void {
    serving = false;
    while (readers.length > 0 && (position < size || finished)) {
      const reader = readers.shift() as Reader;
      if (position < size) reader.resolve({ done: false, value: reader.all ? takeAll() : takeOne() });
      else if (failure === undefined) reader.resolve(END);
      else reader.reject(takeFailure());
    }
  }

  function takeFailure(): unknown {
    const error = failure?.error;
    failure = undefined;
    return error;
  }

  function takeOne(): Event {
    const event = waiting[position] as Event;
    waiting[position++] = undefined;
    if (position === size) {
      position = 0;
      size = 0;
    } else if (position === FORGET_AFTER) {
      // A reader that is always a little behind must not keep the places of everything it has read.
      waiting = waiting.slice(position, size);
      size -= position;
      position = 0;
    }
    return event;
  }

  function takeAll(): readonly Event[] {
    const batch = position === 0 && size === waiting.length ? waiting : waiting.slice(position, size);
    drop();
    return batch as readonly Event[];
  }

  function drop(): void {
    waiting = [];
    size = 0;
    position = 0;
  }

  function read<T>(all: boolean, take: () => T): Promise<IteratorResult<T>> {
    if (readers.length === 0) {
      if (position < size) return Promise.resolve({ done: false, value: take() });
      if (finished) return failure === undefined ? Promise.resolve(END) : Promise.reject(takeFailure());
    }
    return new Promise((resolve, reject) => {
      readers.push({ all, resolve: resolve as Reader["resolve"], reject });
    });
  }

  function leave(): Promise<IteratorReturnResult<undefined>> {
    if (!finished) source.cancel();
    failure = undefined;
    drop();
    finish();
    return Promise.resolve(END);
  }

  const feed: EventFeed<Output> = {
    result,
    next: () => read(false, takeOne),
    return: leave,
    [Symbol.asyncIterator]: () => feed,
    batches: () => ({
      next: () => read(true, takeAll),
      return: leave,
      [Symbol.asyncIterator]() {
        return this;
      },
    }),
  };
  return feed;
}
