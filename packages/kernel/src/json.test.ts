import { describe, expect, test } from "vitest";
import { isMofaError } from "./error.ts";
import { canonicalJson, type Json, toJson } from "./json.ts";
import { seededRandom } from "./testing/ids.ts";

describe("toJson", () => {
  test("copies plain data and shares nothing with it", () => {
    const given = { a: [1, "x", null, true], b: { c: -0.5 } };
    const copy = toJson(given) as unknown as typeof given;
    given.a.push(2);
    expect(copy).toEqual({ a: [1, "x", null, true], b: { c: -0.5 } });
  });

  test("undefined is absent in an object and null in a list, holes included", () => {
    // biome-ignore lint/suspicious/noSparseArray: the hole is the point.
    expect(toJson({ a: undefined, b: [undefined, , 1] })).toEqual({ b: [null, null, 1] });
  });

  test("an object with toJSON becomes what that returns", () => {
    expect(toJson({ at: new Date(0) })).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });

  test("the same object twice is no cycle", () => {
    const shared = { x: 1 };
    expect(toJson([shared, shared])).toEqual([{ x: 1 }, { x: 1 }]);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = [cycle];
  const endless = { toJSON: () => endless };
  const deep = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
  test.each<[string, unknown, string, string]>([
    ["a function", { a: { run() {} } }, "$.a.run", "a value of type function"],
    ["a symbol", [Symbol("x")], "$[0]", "a value of type symbol"],
    ["a big integer", { n: 1n }, "$.n", "a value of type bigint"],
    ["nothing at all", undefined, "$", "a value of type undefined"],
    ["NaN", { n: Number.NaN }, "$.n", "the number NaN"],
    ["infinity", [[Number.NEGATIVE_INFINITY]], "$[0][0]", "the number -Infinity"],
    ["a map", { m: new Map() }, "$.m", "an instance of Map"],
    ["a class instance", new (class Cat {})(), "$", "an instance of Cat"],
    ["a cycle", cycle, "$.self[0]", "a cycle"],
    ["a toJSON that returns itself", endless, "$", "a cycle"],
    ["a polluting key", JSON.parse('{"a":{"__proto__":1}}'), "$.a", 'the key "__proto__"'],
    ["data without end", deep, "$", "something nested more than 1000 deep"],
  ])("refuses %s, naming the place", (_, value, path, what) => {
    let thrown: unknown;
    try {
      toJson(value);
    } catch (error) {
      thrown = error;
    }
    expect(isMofaError(thrown, "json.not_json") && thrown.data).toEqual({ path, what });
  });
});

describe("canonicalJson", () => {
  const random = seededRandom(20_261_122);
  const pick = (count: number) => Math.floor(random() * count);
  const leaf = (): Json =>
    [null, true, pick(1e6), random(), -0, "", 'ä\u2028"\\', "\ud83d\ude00", `k${pick(9)}`][pick(9)] as Json;
  function build(depth: number): Json {
    const shape = depth === 0 ? 2 : pick(3);
    if (shape === 0) return Array.from({ length: pick(4) }, () => build(depth - 1));
    if (shape === 1)
      return Object.fromEntries(Array.from({ length: pick(5) }, () => [`k${pick(20)}`, build(depth - 1)]));
    return leaf();
  }
  function shuffled(value: Json): Json {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(shuffled);
    const entries = Object.entries(value).map(([key, item]) => [key, shuffled(item as Json)] as const);
    return Object.fromEntries(entries.sort(() => random() - 0.5));
  }

  test("means the same as the value, and is the same text for any order of keys", () => {
    for (let round = 0; round < 500; round++) {
      const value = build(4);
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(shuffled(value))).toBe(text);
    }
  });

  test("different values have different texts", () => {
    const texts = [[1, 2], [2, 1], ["1"], [1], { a: 1 }, { a: "1" }, {}, [], "", null, "null", [[]]].map((value) =>
      canonicalJson(value as Json),
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("a property that is undefined is absent", () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  });
});
