import { expect, test } from "vitest";
import type { Plugin } from "../plugin.ts";
import { findCycle, inRange, missingNeeds } from "./needs.ts";

test.each([
  ["1.2.3", "*", true],
  ["1.2.3", "1", true],
  ["1.2.3", "1.2", true],
  ["1.2.3", "1.2.3", true],
  ["1.2.4", "1.2.3", false],
  ["2.0.0", "1", false],
  ["1.9.0", "^1.2.3", true],
  ["1.2.2", "^1.2.3", false],
  ["2.0.0", "^1.2.3", false],
  ["0.2.9", "^0.2.3", true],
  ["0.3.0", "^0.2.3", false],
  ["0.0.3", "^0.0.3", true],
  ["0.0.4", "^0.0.3", false],
  ["0.9.0", "^0", true],
  ["1.2.9", "~1.2.3", true],
  ["1.3.0", "~1.2.3", false],
  ["1.9.0", "~1", true],
  ["9.0.0", ">=1.2", true],
  ["1.1.9", ">= 1.2", false],
  ["1.2.3-beta.1+x", "^1.2", true],
  ["odd", "odd", true],
  ["1.0.0", "odd", false],
])("%s in %s: %s", (version, range, expected) => {
  expect(inRange(version, range)).toBe(expected);
});

const plugin = (name: string, ...needs: string[]): Plugin => ({ name, version: "1.0.0", needs, setup() {} });

test("a need is a kind, a named thing, or a plugin with a range", () => {
  const there = {
    has: (kind: string, name?: string) => kind === "store" || (kind === "tool" && name === "weather"),
    version: (name: string) => (name === "base" ? "2.1.0" : undefined),
  };
  const needs = [
    "store",
    "model",
    "tool:weather",
    "tool:mail",
    "plugin:base",
    "plugin:base@^2",
    "plugin:base@^3",
    "plugin:none",
  ];
  expect(missingNeeds(plugin("p", ...needs), there)).toEqual(["model", "tool:mail", "plugin:base@^3", "plugin:none"]);
  expect(() => missingNeeds(plugin("p", "Store please"), there)).toThrow(
    expect.objectContaining({ code: "plugin.bad_need" }),
  );
});

test("a circle is printed from where it begins", () => {
  const plugins = [
    plugin("z", "plugin:a"),
    plugin("a", "plugin:b@^1"),
    plugin("b", "store", "plugin:c"),
    plugin("c", "plugin:a"),
  ];
  expect([findCycle(plugins), findCycle(plugins.slice(0, 3))]).toEqual(["a → b → c → a", undefined]);
});
