import { expect, test } from "vitest";
import { createLineCutter } from "./wire.ts";

test("lines are found wherever the stream is cut", () => {
  const text = '{"a":1}\n{"b":"ä"}\n\n{"c":3}\n';
  for (let size = 1; size <= text.length; size++) {
    const lines: string[] = [];
    const cut = createLineCutter(100, (line) => void lines.push(line));
    for (let from = 0; from < text.length; from += size) cut(text.slice(from, from + size));
    expect(lines).toEqual(['{"a":1}', '{"b":"ä"}', "", '{"c":3}']);
  }
});

test("a line without end is refused before it fills the memory", () => {
  const cut = createLineCutter(10, () => {});
  cut("12345\n12345");
  expect(() => cut("678901")).toThrow(RangeError);
});
