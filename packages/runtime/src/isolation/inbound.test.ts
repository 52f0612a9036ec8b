import { expect, test } from "vitest";
import { parseBatch } from "./inbound.ts";

test("a batch is a list of lists", () => {
  expect(parseBatch('[["done",1,[{"a":1}]],["pong"]]', 100)).toEqual([["done", 1, [{ a: 1 }]], ["pong"]]);
});

test.each([
  ["{", "not JSON"],
  ["", "not JSON"],
  ['{"0":["pong"]}', "no list of messages"],
  ['["pong"]', "no list of messages"],
  ["null", "no list of messages"],
  ['[["done",1,[{"__proto__":{"admin":true}}]]]', "__proto__"],
  ['[["done",1,[{"a":[{"\\u005f_proto__":{"admin":true}}]}]]]', "__proto__"],
  [`[[${"[".repeat(5_000)}${"]".repeat(5_000)}]]`, "nested too deep"],
  [`[["${"x".repeat(20_000)}"]]`, "20006 characters"],
])("what no honest host sends is refused: %.40s", (text, reason) => {
  expect(() => parseBatch(text, 15_000)).toThrow(reason);
  expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
});

test("text that only speaks of a prototype is welcome", () => {
  expect(parseBatch('[["emit","__proto__ is a word","\\u00e9"]]', 100)).toEqual([["emit", "__proto__ is a word", "é"]]);
});
