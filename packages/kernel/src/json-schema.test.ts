import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "./json.ts";
import { compileJsonSchema } from "./json-schema.ts";
import { seededRandom } from "./testing/ids.ts";

type Row = readonly [schema: JsonObject, good: readonly unknown[], bad: readonly (readonly [unknown, string])[]];

const tree: JsonObject = {
  $defs: {
    node: {
      type: "object",
      properties: { name: { type: "string" }, children: { type: "array", items: { $ref: "#/$defs/node" } } },
      required: ["name"],
    },
  },
  $ref: "#/$defs/node",
};

// Each wrong value with what is said of it, `path: message` joined by "; ".
const rows: Readonly<Record<string, Row>> = {
  "type string": [
    { type: "string" },
    ["", "x"],
    [
      [1, ": expected string"],
      [null, ": expected string"],
    ],
  ],
  "type number": [
    { type: "number" },
    [0, -1.5],
    [
      ["1", ": expected number"],
      [Number.NaN, ": expected number"],
    ],
  ],
  "type integer": [{ type: "integer" }, [0, 1.0, -7], [[1.5, ": expected integer"]]],
  "type boolean": [{ type: "boolean" }, [true, false], [[0, ": expected boolean"]]],
  "type null": [{ type: "null" }, [null], [[undefined, ": expected null"]]],
  "type array": [{ type: "array" }, [[]], [[{}, ": expected array"]]],
  "type object": [
    { type: "object" },
    [{}],
    [
      [[], ": expected object"],
      [null, ": expected object"],
    ],
  ],
  "several types": [{ type: ["string", "null"] }, ["x", null], [[1, ": expected string or null"]]],
  enum: [
    { enum: ["a", 1, null, { b: [1] }] },
    ["a", 1, null, { b: [1] }],
    [
      ["1", ': must be one of "a", 1, null, {"b":[1]}'],
      [{ b: [2] }, ': must be one of "a", 1, null, {"b":[1]}'],
    ],
  ],
  const: [
    { const: { a: [1, { b: 2 }], c: 3 } },
    [{ c: 3, a: [1, { b: 2 }] }],
    [[{ a: [1, { b: 2 }] }, ': must be {"a":[1,{"b":2}],"c":3}']],
  ],
  "const null": [
    { const: null },
    [null],
    [
      [Number.NaN, ": must be null"],
      [undefined, ": must be null"],
    ],
  ],
  minimum: [{ minimum: 3 }, [3, 4, "not a number"], [[2.9, ": must be at least 3"]]],
  maximum: [{ maximum: 3 }, [3, -1], [[4, ": must be at most 3"]]],
  exclusiveMinimum: [{ exclusiveMinimum: 3 }, [3.1], [[3, ": must be more than 3"]]],
  exclusiveMaximum: [{ exclusiveMaximum: 3 }, [2.9], [[3, ": must be less than 3"]]],
  "multipleOf whole": [{ multipleOf: 3 }, [0, 9, -3], [[10, ": must be a multiple of 3"]]],
  "multipleOf cents": [
    { multipleOf: 0.01 },
    [19.99, 0.07, 1_000_000.01, 4.35],
    [[0.005, ": must be a multiple of 0.01"]],
  ],
  "multipleOf far out": [
    { multipleOf: 2 },
    [9_007_199_254_740_990],
    [[9_007_199_254_740_991, ": must be a multiple of 2"]],
  ],
  minLength: [
    { minLength: 2 },
    ["ab", 1],
    [
      ["a", ": must have at least 2 characters"],
      ["😀", ": must have at least 2 characters"],
    ],
  ],
  maxLength: [{ maxLength: 2 }, ["ab", "😀😀"], [["abc", ": must have at most 2 characters"]]],
  pattern: [{ pattern: "^\\p{Lu}" }, ["Äb", 1], [["äb", ": must match ^\\p{Lu}"]]],
  minItems: [{ minItems: 1 }, [[1], "x"], [[[], ": must have at least 1 items"]]],
  maxItems: [{ maxItems: 1 }, [[1]], [[[1, 2], ": must have at most 1 items"]]],
  uniqueItems: [
    { uniqueItems: true },
    [[1, "1", [1], { a: 1 }]],
    [
      [
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
        ": must not repeat items",
      ],
    ],
  ],
  "uniqueItems off": [{ uniqueItems: false }, [[1, 1]], []],
  minProperties: [{ minProperties: 1 }, [{ a: 1 }], [[{}, ": must have at least 1 fields"]]],
  maxProperties: [{ maxProperties: 1 }, [{ a: 1 }], [[{ a: 1, b: 2 }, ": must have at most 1 fields"]]],
  required: [{ required: ["a", "b"] }, [{ a: 1, b: null }, "x"], [[{ b: undefined }, "a: is missing; b: is missing"]]],
  "required with a name every object inherits": [
    { required: ["toString"] },
    [{ toString: 1 }],
    [[{}, "toString: is missing"]],
  ],
  properties: [
    { properties: { a: { type: "string" } } },
    [{}, { a: "x" }, { a: undefined }],
    [[{ a: 1 }, "a: expected string"]],
  ],
  "properties with a name every object inherits": [
    { properties: { constructor: { type: "string" } } },
    [{}],
    [[{ constructor: 1 }, "constructor: expected string"]],
  ],
  "nested properties": [
    { properties: { a: { properties: { b: { items: { type: "integer" } } } } } },
    [{ a: { b: [1] } }],
    [[{ a: { b: [1, "x"] } }, "a.b[1]: expected integer"]],
  ],
  "additionalProperties false": [
    { properties: { a: {} }, additionalProperties: false },
    [{ a: 1 }],
    [[{ a: 1, b: 2 }, "b: is not allowed"]],
  ],
  "additionalProperties schema": [
    { properties: { a: {} }, additionalProperties: { type: "number" } },
    [{ a: "x", b: 1 }],
    [[{ b: "x" }, "b: expected number"]],
  ],
  "additionalProperties beside patterns": [
    { patternProperties: { "^x": {} }, additionalProperties: false },
    [{ x1: 1 }],
    [[{ y: 1 }, "y: is not allowed"]],
  ],
  patternProperties: [
    { patternProperties: { "^n_": { type: "number" } } },
    [{ n_a: 1, other: "x" }],
    [[{ n_a: "x" }, "n_a: expected number"]],
  ],
  propertyNames: [
    { propertyNames: { maxLength: 2 } },
    [{ ab: 1 }],
    [[{ abc: 1 }, "abc: must have at most 2 characters"]],
  ],
  items: [{ items: { type: "string" } }, [["a"], []], [[["a", 1, 2], "[1]: expected string; [2]: expected string"]]],
  "items false": [{ items: false }, [[]], [[[1], "[0]: is not allowed"]]],
  prefixItems: [
    { prefixItems: [{ type: "string" }, { type: "number" }] },
    [["a", 1, true], ["a"]],
    [[[1, 1], "[0]: expected string"]],
  ],
  "items after prefixItems": [
    { prefixItems: [{}], items: { type: "number" } },
    [["a", 1]],
    [[["a", "b"], "[1]: expected number"]],
  ],
  allOf: [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, [1.5], [[3, ": must be at most 2"]]],
  anyOf: [{ anyOf: [{ type: "string" }, { minimum: 5 }] }, ["x", 6], [[4, ": matches none of the allowed forms"]]],
  oneOf: [
    { oneOf: [{ multipleOf: 2 }, { multipleOf: 3 }] },
    [4, 9],
    [
      [6, ": must match exactly one of the allowed forms, not 2"],
      [5, ": must match exactly one of the allowed forms, not 0"],
    ],
  ],
  not: [{ not: { type: "null" } }, [1], [[null, ": has a form that is not allowed"]]],
  "an empty schema": [{}, [undefined, 1, {}], []],
  annotations: [
    {
      title: "t",
      description: "d",
      default: 1,
      examples: [1],
      format: "email",
      $comment: "c",
      "x-own": 1,
      deprecated: true,
    } as JsonObject,
    ["no email"],
    [],
  ],
  "a $ref to a definition": [
    { $defs: { id: { type: "integer" } }, properties: { a: { $ref: "#/$defs/id" } } },
    [{ a: 1 }],
    [[{ a: "x" }, "a: expected integer"]],
  ],
  "a $ref with escapes": [
    { $defs: { "a/b~c%": { type: "integer" } }, $ref: "#/$defs/a~1b~0c%" } as JsonObject,
    [1],
    [["x", ": expected integer"]],
  ],
  "a $ref into a list": [
    { properties: { a: { anyOf: [{ type: "integer" }] }, b: { $ref: "#/properties/a/anyOf/0" } } },
    [{ b: 1 }],
    [[{ b: "x" }, "b: expected integer"]],
  ],
  "a recursive $ref": [
    tree,
    [{ name: "a", children: [{ name: "b", children: [] }] }],
    [[{ name: "a", children: [{ name: "b", children: [{}] }] }, "children[0].children[0].name: is missing"]],
  ],
  "a $ref to the whole": [
    { properties: { next: { $ref: "#" } }, required: ["id"] },
    [{ id: 1, next: { id: 2 } }],
    [[{ id: 1, next: {} }, "next.id: is missing"]],
  ],
  "a $ref that only means itself": [{ $ref: "#" }, [], [[1, ": is nested too deeply to be checked"]]],
};

describe.each(Object.entries(rows))("%s", (_, [schema, good, bad]) => {
  const validate = compileJsonSchema(schema);
  const said = (value: unknown) =>
    validate(value)
      .map(({ path, message }) => `${path}: ${message}`.trim())
      .join("; ");

  test("takes what fits", () => {
    expect(good.map(said)).toEqual(good.map(() => ""));
  });

  test("refuses what does not, with the place and the reason", () => {
    expect(bad.map(([value]) => said(value))).toEqual(bad.map(([, message]) => message));
  });
});

test.each<[string, JsonObject, string]>([
  ["an unknown keyword", { properties: { a: { minimun: 1 } } }, '"minimun" at $.properties.a'],
  ["a keyword that names something of every object", { toString: 1 } as JsonObject, '"toString" at $'],
  ["a $ref to nowhere", { $ref: "#/$defs/none" }, '"$ref #/$defs/none" at $'],
  ["a $ref to another document", { $ref: "https://example.com/x" }, '"$ref https://example.com/x" at $'],
])("%s is refused when the schema is made ready", (_, schema, place) => {
  expect(() => compileJsonSchema(schema)).toThrow(
    expect.objectContaining({ code: "schema.unknown_keyword", message: expect.stringContaining(place) }),
  );
});

test.each<[string, Json, string]>([
  ["type", "strng", "one or several of string, number, integer, boolean, null, array, object"],
  ["enum", "a", "a list"],
  ["exclusiveMinimum", true, "a number"],
  ["minLength", -1, "a whole number, not negative"],
  ["maxItems", "3", "a whole number, not negative"],
  ["multipleOf", 0, "a number above 0"],
  ["pattern", "(", "a regular expression"],
  ["required", "name", "a list of names"],
  ["properties", ["a"], "an object of schemas"],
  ["patternProperties", { "(": {} }, "a regular expression"],
  ["uniqueItems", "yes", "true or false"],
  ["anyOf", { type: "string" }, "a list of schemas"],
])("%s with an argument that could not be enforced is refused", (keyword, argument, wanted) => {
  expect(() => compileJsonSchema({ [keyword]: argument })).toThrow(
    expect.objectContaining({ code: "schema.bad_keyword", data: { keyword, path: "$", wanted } }),
  );
});

test("what is not a schema is refused with its place", () => {
  expect(() => compileJsonSchema({ properties: { a: 1 } })).toThrow(
    expect.objectContaining({
      code: "schema.bad_keyword",
      data: { keyword: "$.properties.a", path: "$.properties.a", wanted: "a schema" },
    }),
  );
});

test("a value without end is refused, not a crash", () => {
  let value: unknown = [];
  for (let depth = 0; depth < 100_000; depth++) value = [value];
  const validate = compileJsonSchema({ items: { $ref: "#" } });
  expect(validate(value)).toEqual([{ path: "", message: "is nested too deeply to be checked" }]);
});

test("what is asked in one go is what is asked keyword by keyword", () => {
  const seed = 20_260_122;
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const names = ["a", "b", "constructor", "toString"];
  const some = () => names.filter(() => random() < 0.5);
  const schemaOf = (depth: number): JsonObject => {
    if (depth === 0 || random() < 0.3) {
      return pick<JsonObject>([
        { type: "string", minLength: 2 },
        { type: "integer", minimum: 0, maximum: 3 },
        { enum: [1, "x"] },
        {},
      ]);
    }
    const properties = Object.fromEntries(some().map((name) => [name, random() < 0.1 ? false : schemaOf(depth - 1)]));
    const more = random() < 0.3 ? { additionalProperties: false } : {};
    return { type: "object", properties, required: some(), ...more };
  };
  const randomValue = (depth: number): unknown =>
    depth === 0 || random() < 0.4
      ? pick<unknown>(["x", "xyz", 1, 2.5, 7, null, undefined, [], () => 1, Object.prototype])
      : Object.fromEntries(some().map((name) => [name, randomValue(depth - 1)]));
  // One keyword a schema: nothing is left to put together.
  const apart = (schema: JsonObject): JsonObject => {
    const { properties, additionalProperties, ...rest } = schema;
    const parts: JsonObject[] = Object.entries(rest).map(([name, argument]) => ({ [name]: argument ?? null }));
    if (properties === undefined) return { allOf: parts };
    const inner = Object.entries(properties as JsonObject).map(([name, part]) => {
      return [name, part === false ? false : apart(part as JsonObject)] as const;
    });
    const fields = Object.fromEntries(inner);
    const more: JsonObject = additionalProperties === undefined ? {} : { additionalProperties };
    return { allOf: [...parts, { properties: fields, ...more }] };
  };
  const counts = { good: 0, bad: 0 };
  for (let round = 0; round < 3000; round++) {
    const schema = schemaOf(3);
    const value = randomValue(3);
    const together = compileJsonSchema(schema)(value).map(({ path, message }) => `${path}: ${message}`);
    const singly = compileJsonSchema(apart(schema))(value).map(({ path, message }) => `${path}: ${message}`);
    expect(together.toSorted(), `seed ${seed}, round ${round}: ${JSON.stringify(schema)}`).toEqual(singly.toSorted());
    if (together.length === 0) counts.good++;
    else counts.bad++;
  }
  expect(Math.min(counts.good, counts.bad)).toBeGreaterThan(300);
});
