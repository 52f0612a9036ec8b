import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { patternProbe } from "./patterns.ts";
import { script } from "./plugin.ts";

test("patterns are found wherever they stand in a schema", () => {
  const schema = {
    anyOf: [{ pattern: "^a$" }, { patternProperties: { "^b": { items: { pattern: "c" } } } }],
    properties: { pattern: { type: "string" } },
  };
  expect(patternProbe("x.js", [schema, undefined])?.text).toContain('const patterns = ["^a$","^b","c"];');
  expect(patternProbe("x.js", [{ type: "object" }])).toBeUndefined();
});

test("patterns in daily use pass, patterns that try for ever do not", async () => {
  await using kernel = await testKernel(script());
  const { describe } = kernel.get("sandbox", "isolated");
  const probe = (...patterns: string[]) => {
    const source = patternProbe(
      "x.js",
      patterns.map((pattern) => ({ pattern })),
    );
    return source === undefined ? undefined : describe(source);
  };
  const good = [
    "^[A-Z]-\\d{4}$",
    "^[a-z0-9]+(-[a-z0-9]+)*$",
    "^[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+$",
    "^\\d{4}-\\d\\d-\\d\\d$",
    "[a-z]+@",
    "^https?://[^\\s/]+(/\\S*)?$",
  ];
  expect(await probe(...good)).toEqual({ checked: good.length });
  for (const bad of ["^(a+)+$", "^(\\w+\\s?)*$", "(x|x)*y$", "^([ab]|ab)*c", "(.*)*\\d"]) {
    await expect(probe(bad), bad).rejects.toMatchObject({ code: "script.time_exceeded" });
  }
});
