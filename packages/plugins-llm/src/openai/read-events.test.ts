import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { createEventReader } from "./read-events.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function readAll(parts: readonly Uint8Array[]): readonly string[] {
  const reader = createEventReader();
  const events = parts.flatMap((part) => [...reader.push(part)]);
  const rest = reader.rest();
  return rest === undefined ? events : [...events, rest];
}

test("data lines of one event are joined; comments, other fields and empty events are passed over", () => {
  const text = ": hello\n\nevent: x\ndata: one\ndata:two\nid: 7\n\n\n\nretry: 5\n\ndata: three\n\n";
  expect(readAll([bytes(text)])).toEqual(["one\ntwo", "three"]);
});

test("LF, CRLF and CR end lines, even when a chunk ends between CR and LF", () => {
  expect(readAll([bytes("data: a\r"), bytes("\n\r"), bytes("\ndata: b\r\rdata: c\n\n")])).toEqual(["a", "b", "c"]);
});

test("what the end of the stream cuts off is given as the rest", () => {
  const reader = createEventReader();
  expect(reader.push(bytes('data: a\n\ndata: {"hal'))).toEqual(["a"]);
  expect(reader.rest()).toBe('{"hal');
  expect(createEventReader().rest()).toBeUndefined();
});

test("however a stream is cut into chunks, its events are the same", () => {
  const seed = 20261122;
  const random = seededRandom(seed);
  const text =
    'data: {"text":"Grüße, 世界 👩‍🚀"}\r\n\r\n: ping\n\ndata: two\ndata: lines\n\ndata: ☕\r\rdata: [DONE]\n\n';
  const whole = bytes(text);
  const expected = ['{"text":"Grüße, 世界 👩‍🚀"}', "two\nlines", "☕", "[DONE]"];
  for (let round = 0; round < 500; round++) {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < whole.length; ) {
      const end = at + 1 + Math.floor(random() * random() * 30);
      parts.push(whole.slice(at, end));
      at = end;
    }
    expect(readAll(parts), `seed ${seed}, round ${round}`).toEqual(expected);
  }
});
