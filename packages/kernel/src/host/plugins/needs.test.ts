import { expect, test } from "vitest";
import type { Plugin } from "../../plugin.ts";
import { comingNeeds, findCycle, findStandstill, type Member, missingNeeds, parseNeeds } from "./needs.ts";

const plugin = (name: string, needs: readonly string[] = [], version = "1.0.0"): Plugin => ({
  name,
  version,
  needs,
  setup() {},
});
const member = (name: string, needs: readonly string[] = [], brings: readonly string[] = []): Member => {
  const made = plugin(name, needs);
  return { plugin: made, needs: parseNeeds(made), brings };
};
const there = {
  has: (kind: string, name?: string) => kind === "store" || (kind === "tool" && name === "weather"),
  version: (name: string) => ({ base: "2.1.0", odd: "odd", next: "3.0.0-beta" })[name],
};
const missing = (...needs: string[]) => missingNeeds(parseNeeds(plugin("p", needs)), there);

test("a need is a kind, a named thing, or a plugin with a range", () => {
  expect(missing("store", "model", "tool:weather", "tool:mail")).toEqual(["model", "tool:mail"]);
  expect(missing("plugin:base", "plugin:base@^2 || ^4", "plugin:base@1.x", "plugin:none", "plugin:@acme/x@^1")).toEqual(
    ["plugin:base@1.x", "plugin:none", "plugin:@acme/x@^1"],
  );
});

test("without a range any version will do, with one only a semantic version that is in it", () => {
  expect(missing("plugin:odd", "plugin:next", "plugin:odd@*", "plugin:next@*", "plugin:next@>=3.0.0-alpha")).toEqual([
    "plugin:odd@*",
    "plugin:next@*",
  ]);
});

test.each([
  "Store please",
  "plugin:",
  "plugin:base@",
  "plugin:base@newest",
  "plugin:base@^2 &",
  "tool:",
  "store??",
  "?",
  "",
])("%j is no need", (need) => {
  expect(() => parseNeeds(plugin("p", [need]))).toThrow(
    expect.objectContaining({ code: "plugin.bad_need", data: { name: "p", need } }),
  );
});

test("what is optional is never missing, but comes from those of the right version that have yet to start", () => {
  const needs = parseNeeds(plugin("p", ["memory?", "tool:x?", "plugin:b@^1?", "plugin:c@^2?", "model"]));
  expect(missingNeeds(needs, there)).toEqual(["model"]);
  expect(comingNeeds(needs, [member("b"), member("c"), member("d", [], ["memory:m", "tool:y", "model"])])).toEqual([
    "memory?",
    "plugin:b@^1?",
  ]);
});

test("a circle is printed from where it begins, also through what is optional and of the right version", () => {
  const members = [
    member("z", ["plugin:a"]),
    member("a", ["plugin:b@^1"]),
    member("b", ["store", "plugin:c?"]),
    member("c", ["plugin:a"]),
  ];
  expect([findCycle(members), findCycle(members.slice(0, 3))]).toEqual(["a → b → c → a", undefined]);
  expect(findCycle([member("a", ["plugin:b@^2?"]), member("b", ["plugin:a"])])).toBeUndefined();
});

test("those who wait for kinds that the other will bring stand still; who brings what it also needs does not", () => {
  const [a, b] = [member("a", ["model"], ["tool:t"]), member("b", ["tool:t"], ["model:m"])];
  expect([
    findStandstill([a, b], there),
    findStandstill([a], there),
    findStandstill([member("s", ["store"], ["store"])], there),
  ]).toEqual(["a → b → a", undefined, undefined]);
});
