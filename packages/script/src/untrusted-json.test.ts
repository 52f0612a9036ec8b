import { expect, test } from "vitest";
import { parseUntrusted } from "./untrusted-json.ts";

test("plain JSON is given back", () => {
  expect(parseUntrusted('{"a":[1,{"b":null}],"c":"__proto__"}')).toEqual({
    value: { a: [1, { b: null }], c: "__proto__" },
  });
});

test("keys that pollute whoever merges them are refused, however they are written", () => {
  const bad = ['{"__proto__":1}', '[{"a":{"\\u005f_proto__":1}}]', '{"constructor":{}}', '[[{"prototype":1}]]'];
  expect(bad.map((text) => "reason" in parseUntrusted(text))).toEqual([true, true, true, true]);
});

test("what is too deep for those who read it later is refused", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  expect(parseUntrusted(deep(200))).toHaveProperty("value");
  expect(parseUntrusted(deep(202))).toEqual({ reason: "it is nested deeper than 200 levels" });
  expect(parseUntrusted(deep(300_000))).toEqual({ reason: "it is nested deeper than 200 levels" });
});

test("what is not JSON is said to be none", () => {
  expect(parseUntrusted("{")).toEqual({ reason: "it is not JSON" });
});
