import { type JsonSchema, toCheck } from "@mofa/kernel";
import { expect, test } from "vitest";
import { z } from "zod";
import { fromPattern } from "./from-pattern.ts";
import { rehearse } from "./rehearse.ts";

const LETTER =
  'Order A-1001 is late, 12 days now, and I am angry. Write to ann@example.com before 2026-11-24. "Asap" please!';

const answer = (schema: JsonSchema, text = LETTER, seed = 1): unknown =>
  JSON.parse(rehearse({ messages: [{ role: "user", text }], output: { name: "out", schema } }, { seed }).reply.text);

const text = { type: "string" } as const;
const whole = { type: "integer" } as const;
const object = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const tree: JsonSchema = {
  $ref: "#/$defs/node",
  $defs: { node: object({ name: text, children: { type: "array", items: { $ref: "#/$defs/node" } } }) },
};

const schemas: Readonly<Record<string, JsonSchema>> = {
  "a text": text,
  "a short text": { type: "string", minLength: 3, maxLength: 5 },
  "a long text": { type: "string", minLength: 900 },
  "an empty text": { type: "string", maxLength: 0 },
  "a text without a type": { minLength: 2 },
  "an integer in bounds": { type: "integer", minimum: 40, maximum: 42 },
  "a number between": { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
  "an integer above": { type: "integer", exclusiveMinimum: 100 },
  "an integer below zero": { type: "integer", maximum: -5 },
  "a multiple": { type: "integer", multipleOf: 7, minimum: 20, maximum: 30 },
  "a fine multiple": { type: "number", multipleOf: 0.25, minimum: 0.3, maximum: 0.6 },
  "a boolean": { type: "boolean" },
  nothing: { type: "null" },
  "a constant": { const: { fixed: [1, 2] } },
  "an option": { enum: ["red", 7, null, { a: 1 }] },
  "several types": { type: ["null", "integer"] },
  anything: {},
  "an object without properties": { type: "object" },
  "a code": { type: "string", pattern: "^[A-Z]{2}-\\d{4}(?:/[a-f0-9]+)?$" },
  "a code of a length": { type: "string", pattern: "^(?:ab|cd)+x*$", minLength: 9, maxLength: 12 },
  formats: object(
    Object.fromEntries(
      ["email", "uri", "uuid", "date", "date-time", "time", "hostname", "ipv4"].map((format) => [
        format,
        { type: "string", format },
      ]),
    ),
  ),
  "a list with bounds": { type: "array", items: whole, minItems: 3, maxItems: 4, uniqueItems: true },
  "a list of different options": { type: "array", items: { enum: ["a", "b", "c"] }, minItems: 3, uniqueItems: true },
  "an empty list": { type: "array", items: text, maxItems: 0 },
  "a tuple": { type: "array", prefixItems: [text, whole], items: false, minItems: 2 },
  "lists of objects": object({
    steps: {
      type: "array",
      items: object({ title: text, minutes: { type: "integer", minimum: 1 } }),
      minItems: 2,
      uniqueItems: true,
    },
  }),
  "a reference": object(
    { a: { $ref: "#/$defs/money" }, b: { $ref: "#/$defs/money" } },
    { $defs: { money: object({ amount: { type: "number", minimum: 0 }, currency: { enum: ["EUR", "USD"] } }) } },
  ),
  "a tree": tree,
  "a tree with optional children": {
    type: "object",
    properties: { next: { $ref: "#" }, value: whole },
    required: ["value"],
    additionalProperties: false,
  },
  "a choice of forms": {
    anyOf: [
      object({ kind: { const: "a" }, n: { type: "integer", minimum: 9 } }),
      object({ kind: { const: "b" }, t: text }),
    ],
  },
  "exactly one form": object({
    x: {
      oneOf: [
        { type: "integer", minimum: 10 },
        { type: "integer", maximum: 20, multipleOf: 50 },
      ],
    },
  }),
  "parts joined": {
    allOf: [
      { type: "object", properties: { a: text }, required: ["a"] },
      { properties: { b: whole }, required: ["b"] },
    ],
  },
  "free names": { type: "object", additionalProperties: { type: "integer", minimum: 5 }, minProperties: 2 },
  "few properties": { type: "object", properties: { a: text, b: text, c: text }, required: ["c"], maxProperties: 2 },
  "a required name that is not described": { type: "object", required: ["a"], additionalProperties: whole },
  "something but": { type: "string", not: { const: LETTER } },
};

for (const [name, schema] of Object.entries(schemas)) {
  test(`${name}: the instance is valid, whatever the seed and the text`, async () => {
    const check = toCheck(schema);
    for (const said of [LETTER, "", "Schöne Grüße 👋", "0"]) {
      for (let seed = 0; seed < 5; seed++) {
        const value = answer(schema, said, seed);
        expect(await check(value), JSON.stringify(value)).toEqual({ value });
      }
    }
  });
}

test("a schema of zod is filled as well", () => {
  const schema = z.object({
    name: z.string().min(2),
    tags: z.array(z.string()).min(1),
    when: z.iso.date().optional(),
    size: z.union([z.literal("s"), z.literal("m")]),
  });
  expect(() => schema.parse(answer(z.toJSONSchema(schema) as JsonSchema))).not.toThrow();
});

test("what was said is in the instance: numbers, codes, dates, options that mean it", () => {
  const schema = object({
    order: { type: "string", pattern: "^[A-Z]-\\d{4}$" },
    days: whole,
    email: { type: "string", format: "email" },
    until: { type: "string", format: "date" },
    topic: { enum: ["invoice", "delivery", "other"] },
    mood: { enum: ["positive", "neutral", "negative"] },
    refunded: { type: "boolean" },
  });
  expect(answer(schema)).toEqual({
    order: "A-1001",
    days: 12,
    email: "ann@example.com",
    until: "2026-11-24",
    topic: "delivery",
    mood: "negative",
    refunded: false,
  });
});

test("an option for what nothing was said of is the one that says so", () => {
  expect(answer(object({ topic: { enum: ["invoice", "delivery", "other"] } }), "I like tea.")).toEqual({
    topic: "other",
  });
});

test("the answer of the tools goes where an answer belongs", () => {
  const made = rehearse({
    messages: [
      { role: "user", text: "Where is A-1?" },
      { role: "assistant", text: "", toolCalls: [{ id: "1", name: "order.get", input: { id: "A-1" } }] },
      { role: "tool", call: "1", name: "order.get", text: '{"id":"A-1","status":"sent"}' },
    ],
    output: { name: "out", schema: object({ reply: text, status: text }) },
  });
  expect(JSON.parse(made.reply.text)).toEqual({ reply: "Your order A-1 is sent.", status: "sent" });
});

test("patterns that cannot be read are said to be so", () => {
  expect([fromPattern("^a{2}(b|c)[^a-z]\\.?$", 0), fromPattern("(?=x)y", 0), fromPattern("(a)\\1", 0)]).toEqual([
    "aabA",
    undefined,
    undefined,
  ]);
});
