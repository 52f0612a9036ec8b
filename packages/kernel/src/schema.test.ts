import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type Action, defineAction } from "./action.ts";
import type { JsonObject } from "./json.ts";
import { defineTool, describeTool, type Tool } from "./kinds/tool.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import { sayIssues, toCheck, toJsonSchema } from "./schema.ts";

const forecast = z.object({ city: z.string(), days: z.number().int().max(7).default(1) });

describe("a Standard Schema", () => {
  test("gives what is left after defaults and transformations", () => {
    expect(toCheck(forecast)({ city: "Oslo" })).toEqual({ value: { city: "Oslo", days: 1 } });
  });

  test("says where the value is wrong", () => {
    const list = z.object({ items: z.array(z.object({ price: z.number() })) });
    expect(toCheck(list)({ items: [{ price: 1 }, { price: "x" }] })).toEqual({
      issues: [{ path: "items[1].price", message: expect.stringContaining("expected number") }],
    });
  });

  test("that must wait answers with a promise", async () => {
    const slow = z.string().refine(async (text) => text === "yes", "must be yes");
    expect(await toCheck(slow)("no")).toEqual({ issues: [{ path: "", message: "must be yes" }] });
  });

  test("describes what callers may send", () => {
    expect(toJsonSchema(forecast)).toMatchObject({
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer", maximum: 7, default: 1 } },
      required: ["city"],
    });
  });

  test("that has no JSON form is refused with its library's name", () => {
    const bare = { "~standard": { version: 1, vendor: "tiny", validate: (value: unknown) => ({ value }) } } as const;
    for (const schema of [bare, z.object({ at: z.date() })]) {
      expect(() => toJsonSchema(schema)).toThrow(expect.objectContaining({ code: "schema.no_json_form" }));
    }
  });
});

test("a JSON Schema is itself and is checked as it stands", () => {
  const schema = { type: "object", required: ["city"] } as const;
  expect(toJsonSchema(schema)).toBe(schema);
  expect([toCheck(schema)({ city: 1 }), toCheck(schema)({})]).toEqual([
    { value: { city: 1 } },
    { issues: [{ path: "city", message: "is missing" }] },
  ]);
});

test("many issues are said in half a sentence", () => {
  const issues = ["a", "b", "", "d", "e", "f", "g"].map((path) => ({ path, message: "is bad" }));
  expect(sayIssues(issues)).toBe("a: is bad; b: is bad; is bad; d: is bad; e: is bad; and 2 more");
});

describe("types are inferred, without a cast", () => {
  test("a tool's run gets what the schema yields; its callers give what it accepts", () => {
    const tool = defineTool({
      name: "weather",
      input: forecast,
      run: ({ city, days }) => {
        expectTypeOf(city).toEqualTypeOf<string>();
        expectTypeOf(days).toEqualTypeOf<number>();
        return { sky: city.repeat(days) };
      },
    });
    expectTypeOf(tool).toEqualTypeOf<Tool<{ city: string; days?: number | undefined }, { sky: string }>>();
    expect(describeTool(tool)).toMatchObject({ name: "weather", description: "", input: { type: "object" } });
  });

  test("a transformation has one type outside and another inside, and run may be async", () => {
    const action = defineAction("node", {
      name: "length",
      input: z.string().transform((text) => text.length),
      run: async (length) => {
        expectTypeOf(length).toEqualTypeOf<number>();
        return length > 3;
      },
    });
    expectTypeOf(action).toExtend<Action<string, boolean>>();
    expectTypeOf(action.kind).toEqualTypeOf<"node">();
  });

  test("a JSON Schema gives a JSON object", () => {
    const tool = defineTool({ name: "any", input: { type: "object" }, run: (input) => input["x"] });
    expectTypeOf(tool).toExtend<Tool<JsonObject>>();
  });

  test("a plugin's options are typed by its schema, with defaults inside and not outside", () => {
    const weather = definePlugin({
      name: "weather",
      version: "1.0.0",
      options: z.object({ key: z.string(), units: z.enum(["c", "f"]).default("c") }),
      setup(_, options) {
        expectTypeOf(options).toEqualTypeOf<{ key: string; units: "c" | "f" }>();
      },
    });
    expectTypeOf(weather).toEqualTypeOf<(options?: { key: string; units?: "c" | "f" | undefined }) => Plugin>();
    // @ts-expect-error the key is text
    weather({ key: 1 });
    const bare = definePlugin({ name: "bare", version: "1.0.0", setup() {} });
    expectTypeOf(bare).toBeCallableWith();
  });
});
