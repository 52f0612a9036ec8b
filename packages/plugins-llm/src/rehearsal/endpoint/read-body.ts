import type { IncomingMessage } from "node:http";

/** Reads a request's body as text; undefined when it is longer than `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes = part as Buffer;
    size += bytes.length;
    // Read on to the end: who is still sending would never see the answer.
    if (size <= most) parts.push(bytes);
  }
  return size > most ? undefined : Buffer.concat(parts).toString("utf8");
}
