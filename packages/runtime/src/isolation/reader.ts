import { fail } from "../errors.ts";
import { parseBatch } from "./inbound.ts";
import { ACK_EVERY, type IsolateOptions } from "./isolate.ts";

/** Makes what reads the batches of an isolate: acknowledges them, and gives up an isolate that breaks the rules. */
export function createReader(
  { most, take }: IsolateOptions,
  isolate: { ack(characters: number): void; kill(reason: unknown): void },
): (text: unknown) => void {
  let read = 0;
  return (text) => {
    try {
      if (typeof text !== "string") throw fail("isolation.bad_message", { what: "something that is no text" });
      for (const message of parseBatch(text, most)) take(message);
      read += text.length;
      if (read < ACK_EVERY) return;
      isolate.ack(read);
      read = 0;
    } catch (error) {
      isolate.kill(error);
    }
  };
}
