// Sends events to those who follow them over HTTP (server-sent events).
//
// 1. An event is turned into text once, however many follow it; what comes in one turn goes out in one write.
// 2. A client that does not read is dropped when `MAX_WAITING` bytes wait for it: a last comment says so, and its socket
//    is destroyed if it does not take even that.
// 3. When this ends, every client is told so and let go, and no timer is left. Nobody follows: no event is looked at.
import type { ServerResponse } from "node:http";
import type { Clock, Event, EventFilter } from "@mofa/kernel";
import { fail } from "./errors.ts";
import { type Redact, redactJson } from "./redaction.ts";

/** Who follows the events. */
export interface EventHub extends Disposable {
  readonly size: number;
  take(event: Event): void;
  /** Answers a request with the stream of matching events until the client leaves. */
  follow(response: ServerResponse, filter: EventFilter): void;
}

interface Client {
  readonly response: ServerResponse;
  readonly filter: EventFilter;
  waiting: string;
  /** Takes back the timer that will destroy a dropped client. */
  release?: () => void;
}

const MAX_CLIENTS = 100;
const MAX_WAITING = 1_048_576;
const MAX_EVENT = 65_536;
const HEARTBEAT = 15_000;
const GRACE = 5000;

export function createEventHub(clock: Clock, redact: Redact): EventHub {
  const clients = new Set<Client>();
  const dropped = new Set<Client>();
  let flushing = false;
  let stopHeartbeat: (() => void) | undefined;

  function take(event: Event): void {
    if (clients.size === 0) return;
    let text: string | undefined;
    let most = 0;
    for (const client of clients) {
      if (!wants(client.filter, event)) continue;
      text ??= `data: ${redactJson(toText(event), redact)}\n\n`;
      client.waiting += text;
      most = Math.max(most, client.waiting.length);
    }
    if (text === undefined) return;
    // A burst that never lets go of the turn must not gather without bound.
    if (most > MAX_WAITING) flush();
    else if (!flushing) {
      flushing = true;
      queueMicrotask(flush);
    }
  }

  function flush(): void {
    flushing = false;
    for (const client of clients) {
      if (client.waiting === "") continue;
      client.response.write(client.waiting);
      client.waiting = "";
      if (client.response.writableLength > MAX_WAITING) drop(client);
    }
  }

  function drop(client: Client): void {
    clients.delete(client);
    dropped.add(client);
    const { response } = client;
    response.end(": dropped, because you read too slowly; connect again to go on\n\n");
    client.release = clock.after(GRACE, () => response.destroy());
  }

  function beat(): void {
    for (const { response } of clients) response.write(": still here\n\n");
    stopHeartbeat = clients.size === 0 ? undefined : clock.after(HEARTBEAT, beat);
  }

  function leave(client: Client): void {
    clients.delete(client);
    dropped.delete(client);
    client.release?.();
    if (clients.size > 0) return;
    stopHeartbeat?.();
    stopHeartbeat = undefined;
  }

  return {
    get size() {
      return clients.size;
    },
    take,
    follow(response, filter) {
      if (clients.size >= MAX_CLIENTS) throw fail("gateway.too_many_streams", { limit: MAX_CLIENTS }, { stack: false });
      const client: Client = { response, filter, waiting: "" };
      response.once("close", () => leave(client));
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        // Nothing comes after a stream: the socket ends with it.
        connection: "close",
      });
      response.write(": following\n\n");
      clients.add(client);
      stopHeartbeat ??= clock.after(HEARTBEAT, beat);
    },
    [Symbol.dispose]() {
      flush();
      for (const { response } of clients) response.end(": the gateway ends\n\n");
      for (const { response } of dropped) response.destroy();
      clients.clear();
      stopHeartbeat?.();
    },
  };
}

function wants({ trace, type, kind }: EventFilter, event: Event): boolean {
  return (
    (trace === undefined || trace === event.trace) &&
    (type === undefined || type === event.type) &&
    (kind === undefined || kind === event.kind)
  );
}

/** One event as one line of JSON; what is too large or not JSON is left out, and said so. */
function toText(event: Event): string {
  const { type, at, trace, call, kind, name } = event;
  try {
    const text = JSON.stringify(event);
    if (text.length <= MAX_EVENT) return text;
    return JSON.stringify({ type, at, trace, call, kind, name, omitted: `${text.length} characters of JSON` });
  } catch (error) {
    return JSON.stringify({ type, at, trace, call, kind, name, omitted: `not JSON: ${String(error)}` });
  }
}
