import { WINDOW } from "../isolate.ts";
import { createOutbox } from "../outbox.ts";
import type { FromIsolate, ToIsolate } from "../wire.ts";

/** Hears of what comes, and of what was too long to go. */
interface Listener {
  take(message: ToIsolate): void;
  refused(message: FromIsolate, length: number | undefined): void;
}

/** The way between an isolate and its kernel, seen from inside. */
export interface Port {
  send(message: FromIsolate): void;
  /** Sends what waits and this one at once. */
  sendNow(message: FromIsolate): void;
  /** Sends what waits at once. */
  flush(): void;
  listen(listener: Listener): void;
  /** Takes a text that the kernel wrote. */
  read(text: string): void;
}

/** Makes a port of a way to write texts of at most so many characters. */
export function createPort(write: (text: string) => void, most: number): Port {
  let listener: Listener | undefined;
  const outbox = createOutbox<FromIsolate>({
    write,
    most,
    window: WINDOW,
    refused: (message, length) => listener?.refused(message, length),
  });
  return {
    send: outbox.send,
    sendNow: outbox.sendNow,
    flush: outbox.flush,
    listen(one) {
      listener = one;
    },
    read(text) {
      // The kernel is trusted from here: it could do anything anyway.
      for (const message of JSON.parse(text) as readonly ToIsolate[]) {
        if (message[0] === "ack") outbox.read(message[1]);
        else listener?.take(message);
      }
    },
  };
}
