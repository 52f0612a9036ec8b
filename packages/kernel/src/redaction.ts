// Hides secrets in the events of one stream.
//
// 1. A secret that comes in pieces is hidden as well: the end of a growing answer that may be the beginning of a secret
//    waits for the next piece, and comes, at the latest, right before the event that ends the call.
// 2. What waits ends with its call: while something waits, ends must be told here, whoever watches.
import type { Event, EventBodies, EventHead } from "./event.ts";
import type { Secrets } from "./secrets.ts";

/** Stands between those who tell events and those who watch. */
export interface Redaction {
  /** Whether pieces of answers wait for the end of their calls. */
  waiting(): boolean;
  /** Hands an event on, without secrets. */
  pass(event: Event, deliver: (event: Event) => void): void;
}

type Delta = EventHead<"action.delta"> & EventBodies["action.delta"];

// Only what is told by calls that have ended piles up here.
const MOST = 10_000;

/** Makes the redaction of one event stream. */
export function createRedaction(secrets: Secrets): Redaction {
  const held = new Map<string, Delta>();

  /** The piece with what waited before it, less what must wait now; undefined when nothing is left to tell. */
  function take(delta: Delta): Delta | undefined {
    const before = held.get(delta.call)?.body ?? "";
    const body = before + delta.body;
    const waits = secrets.unfinished(body);
    if (waits === 0) held.delete(delta.call);
    else held.set(delta.call, { ...delta, body: body.slice(body.length - waits) });
    if (held.size > MOST) held.delete(held.keys().next().value as string);
    if (waits === 0 && before === "") return secrets.redact(delta);
    return waits === body.length ? undefined : secrets.redact({ ...delta, body: body.slice(0, body.length - waits) });
  }

  return {
    waiting: () => held.size > 0,
    pass(event, deliver) {
      if (secrets.size === 0) return deliver(event);
      if (event.type === "action.delta" && event.call !== "") {
        const delta = take(event);
        if (delta !== undefined) deliver(delta);
        return;
      }
      const last = event.type === "action.end" || event.type === "action.error" ? held.get(event.call) : undefined;
      if (last !== undefined) {
        held.delete(event.call);
        // What may begin one secret may be the whole of another.
        deliver(secrets.redact(last));
      }
      deliver(secrets.redact(event));
    },
  };
}
