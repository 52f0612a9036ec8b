import type { Clock, JsonObject, Log } from "@mofa/kernel";
import { toErrorJson } from "@mofa/kernel";
import type { Context } from "hono";

/** Something that an operator asked for. */
interface Change {
  /** For the log: `restart of the agent "ann"`. */
  readonly what: string;
  /** Does it, and gives the answer. */
  readonly change: () => JsonObject | Promise<JsonObject>;
}

/** Answers a request with what a change came to. */
export type Steer = (context: Context, change: Change) => Promise<Response>;

/** Milliseconds after which the answer is that it goes on. */
const PATIENCE = 3000;

/** Makes what answers changes: each is in the log; one that takes its time is answered 202 and goes on. */
export function createSteer({ clock, log }: { readonly clock: Clock; readonly log: Log }): Steer {
  return async (context, { what, change }) => {
    log.info(`asked over HTTP: ${what}`);
    // A change that throws at once fails like one that fails later.
    const work = Promise.resolve().then(change);
    const answer = await inTime(work, clock);
    if (answer !== undefined) return context.json(answer);
    work.catch((error: unknown) => log.warn(`asked over HTTP: ${what} failed: ${toErrorJson(error).message}`));
    return context.json({ status: "going on" }, 202);
  };
}

function inTime<T>(work: Promise<T>, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(PATIENCE, () => resolve(undefined));
    work.finally(cancel).then(resolve, reject);
  });
}
