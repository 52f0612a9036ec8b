import { type ErrorJson, fromErrorJson, type Json, toErrorJson } from "@mofa/kernel";
import type { FromIsolate, Maybe, Operation } from "../wire.ts";

/** Asks the kernel for things, and remembers who waits for which answer. */
export interface Asker {
  ask(turn: number, operation: Operation, signal?: AbortSignal): Promise<Json | undefined>;
  answered(ask: number, value: Maybe): void;
  refused(ask: number, error: ErrorJson): void;
}

interface Waiting {
  resolve(value: Json | undefined): void;
  reject(error: unknown): void;
  release(): void;
}

export function createAsker(send: (message: FromIsolate) => void): Asker {
  const waiting = new Map<number, Waiting>();
  let count = 0;

  function settle(ask: number): Waiting | undefined {
    const one = waiting.get(ask);
    waiting.delete(ask);
    one?.release();
    return one;
  }

  return {
    ask(turn, operation, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const ask = ++count;
      const drop = () => send(["drop", ask, toErrorJson(signal?.reason)]);
      signal?.addEventListener("abort", drop, { once: true });
      const release = () => signal?.removeEventListener("abort", drop);
      const answer = new Promise<Json | undefined>((resolve, reject) => {
        waiting.set(ask, { resolve, reject, release });
      });
      send(["ask", ask, turn, operation]);
      return answer;
    },
    answered: (ask, value) => settle(ask)?.resolve(value[0]),
    refused: (ask, error) => settle(ask)?.reject(fromErrorJson(error)),
  };
}
