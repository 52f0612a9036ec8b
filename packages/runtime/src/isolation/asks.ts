// What isolated code has asked for and not got yet.
//
// 1. Each wish is answered once, with what came of it or with why nothing did; after the end, with nothing.
// 2. There are never more than `MOST` at once.
import { type Call, type ErrorJson, fromErrorJson, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { perform, type RunThere } from "./asked.ts";
import { type Operation, type ToIsolate, toMaybe } from "./wire.ts";

export interface Asks {
  /** Does what is asked as a part of a call; undefined when that is over. */
  take(ask: number, call: Call | undefined, operation: Operation): Promise<void>;
  drop(ask: number, reason: ErrorJson): void;
  end(reason: unknown): void;
}

// More wishes at once are a mistake or an attack; each costs memory here.
const MOST = 10_000;

export function createAsks(agent: string, send: (message: ToIsolate) => void, runThere: RunThere): Asks {
  const open = new Map<number, AbortController | undefined>();
  let ended = false;

  async function fulfil(ask: number, call: Call | undefined, operation: Operation): Promise<ToIsolate> {
    try {
      if (call === undefined) throw fail("isolation.turn_over", { agent }, { stack: false });
      if (open.size >= MOST) throw fail("isolation.too_many_asks", { agent, most: MOST }, { stack: false });
      const stop = "stoppable" in operation && operation.stoppable ? new AbortController() : undefined;
      open.set(ask, stop);
      return ["answer", ask, toMaybe(await perform(operation, call, { signal: stop?.signal, runThere }))];
    } catch (error) {
      return ["refusal", ask, toErrorJson(error)];
    }
  }

  return {
    async take(ask, call, operation) {
      const reply = await fulfil(ask, call, operation);
      open.delete(ask);
      if (!ended) send(reply);
    },
    drop: (ask, reason) => open.get(ask)?.abort(fromErrorJson(reason)),
    end(reason) {
      ended = true;
      for (const stop of open.values()) stop?.abort(reason);
    },
  };
}
