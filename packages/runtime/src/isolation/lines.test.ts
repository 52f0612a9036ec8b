import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { createLineCutter } from "./lines.ts";

test("lines come whole, however they were cut on their way", () => {
  const seed = 20_260_729;
  const random = seededRandom(seed);
  const lines = Array.from({ length: 200 }, (_, index) => `${index}${"x".repeat(Math.floor(random() * 300))}`);
  const text = lines.map((line) => `${line}\n`).join("");
  const seen: string[] = [];
  const cut = createLineCutter(1_000, (line) => void seen.push(line));
  for (let from = 0; from < text.length; ) {
    const to = from + Math.floor(random() * 50);
    expect(cut(text.slice(from, to)), `seed ${seed}`).toBe(true);
    from = to;
  }
  expect(seen, `seed ${seed}`).toEqual(lines);
});

test("a line that never ends is told once it is too long", () => {
  const cut = createLineCutter(10, () => {});
  expect(cut("0123456789")).toBe(true);
  expect(cut("0")).toBe(false);
});
