import { expect, test } from "vitest";
import { createRegistry } from "./registry.ts";

const thing = (name: string, from: string) => ({ name, from });

test("the newest of a name wins; taking it back uncovers the one below, in any order", () => {
  const registry = createRegistry();
  const [first, second, third] = [thing("a", "1"), thing("a", "2"), thing("a", "3")];
  registry.provide("tool", first, "p1");
  const takeSecond = registry.provide("tool", second, "p2");
  const takeThird = registry.provide("tool", third, "p3");
  const seen = [registry.get("tool", "a")];
  takeSecond();
  seen.push(registry.get("tool", "a"));
  takeThird();
  takeThird();
  seen.push(registry.get("tool", "a"));
  expect(seen).toEqual([third, third, first]);
});

test("a list has one thing for each name, newest first; find without a name gives the newest", () => {
  const registry = createRegistry();
  const [a, b, again] = [thing("a", "1"), thing("b", "2"), thing("a", "3")];
  for (const one of [a, b, again]) registry.provide("tool", one, "p");
  expect([registry.list("tool"), registry.find("tool"), registry.find("model"), registry.list("model")]).toEqual([
    [again, b],
    again,
    undefined,
    [],
  ]);
});

test("what is not there is refused with the nearest name and those that are known", () => {
  const registry = createRegistry();
  registry.provide("tool", thing("weather", ""), "p");
  expect(() => registry.get("tool", "wheather")).toThrow(
    'There is no tool "wheather". Did you mean "weather"? Known: weather.',
  );
  expect(() => registry.get("model", "x")).toThrow("No model is registered: add the plugin that brings it.");
});

test.each(["", "a b", "x\n", "a".repeat(129)])("%j cannot be a name", (name) => {
  expect(() => createRegistry().provide("tool", thing(name, ""), "p")).toThrow(
    expect.objectContaining({ code: "registry.bad_name" }),
  );
});

test("the shelves say who brought what", () => {
  const registry = createRegistry();
  registry.provide("tool", { ...thing("a", "1"), description: "does a" } as never, "p1");
  registry.provide("tool", thing("a", "2"), "p2");
  registry.provide("model", thing("m", ""), "p1")();
  expect(registry.shelves()).toEqual({
    tool: [
      { name: "a", owner: "p2" },
      { name: "a", owner: "p1", description: "does a" },
    ],
  });
});

test("watchers hear of every change until they leave", () => {
  const registry = createRegistry();
  const heard: unknown[] = [];
  const stop = registry.watch((kind, { name }, there) => void heard.push([kind, name, there]));
  const take = registry.provide("tool", thing("a", ""), "p");
  take();
  take();
  stop();
  registry.provide("tool", thing("b", ""), "p");
  expect(heard).toEqual([
    ["tool", "a", true],
    ["tool", "a", false],
  ]);
});
