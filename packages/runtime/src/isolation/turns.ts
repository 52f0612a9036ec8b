// The turns in one isolate.
//
// 1. A turn ends when the isolate says so, or when it is gone; then no listener and no timer of it is left.
// 2. A cancel crosses; a turn that goes on nevertheless for too long is told of once.
import { type Call, type Clock, toErrorJson } from "@mofa/kernel";
import { createShelfReader } from "./shelves.ts";
import { type CallHead, type ToIsolate, toMaybe } from "./wire.ts";

export interface TurnsOptions {
  readonly clock: Clock;
  /** Milliseconds that a cancelled turn may go on. */
  readonly graceMs: number;
  /** Kinds that isolated code may look at. */
  readonly shelves: readonly string[];
  send(message: ToIsolate): void;
  sendNow(message: ToIsolate): void;
  /** A cancelled turn goes on. */
  stubborn(): void;
}

/** A turn in the isolate, for whoever settles it. */
interface Turn {
  readonly call: Call;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

export interface Turns {
  readonly size: number;
  /** Throws when the input cannot cross, or the call was cancelled before. */
  begin(ref: number, input: unknown, call: Call): Promise<unknown>;
  get(id: number): Turn | undefined;
  /** Takes a turn out, to be resolved or rejected. */
  settle(id: number): Turn | undefined;
  rejectAll(error: unknown): void;
}

export function createTurns({ clock, graceMs, shelves, send, sendNow, stubborn }: TurnsOptions): Turns {
  const turns = new Map<number, Turn & { release(): void }>();
  const shelvesOf = createShelfReader(shelves);
  let count = 0;

  /** Hands on a cancel; the returned function lets go of signal and timer. */
  function follow(id: number, signal: AbortSignal): () => void {
    let stopWaiting: (() => void) | undefined;
    const cancel = () => {
      send(["cancel", id, toErrorJson(signal.reason)]);
      stopWaiting = clock.after(graceMs, stubborn);
    };
    signal.addEventListener("abort", cancel, { once: true });
    return () => {
      signal.removeEventListener("abort", cancel);
      stopWaiting?.();
    };
  }

  function settle(id: number): Turn | undefined {
    const turn = turns.get(id);
    turns.delete(id);
    turn?.release();
    return turn;
  }

  return {
    get size() {
      return turns.size;
    },
    begin(ref, input, call) {
      const crossing = toMaybe(input);
      const { signal } = call;
      signal.throwIfAborted();
      const seen = shelvesOf(call);
      if (seen !== undefined) send(["shelves", seen]);
      const id = ++count;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      turns.set(id, { call, resolve, reject, release: follow(id, signal) });
      // The first starts its way at once; more that begin in the same turn of the event loop leave together.
      const post = turns.size === 1 ? sendNow : send;
      post(["turn", id, ref, crossing, headOf(call)]);
      return promise;
    },
    get: (id) => turns.get(id),
    settle,
    rejectAll(error) {
      for (const id of [...turns.keys()]) settle(id)?.reject(error);
    },
  };
}

function headOf(call: Call): CallHead {
  const { id, trace, tenant, session, deadline, run } = call;
  const head = { id, trace, tenant, session };
  if (deadline === undefined && run === undefined) return head;
  return {
    ...head,
    ...(deadline === undefined ? {} : { deadline }),
    ...(run === undefined ? {} : { run: { run: run.run, key: run.key, attempt: run.attempt } }),
  };
}
