import { expect, test } from "vitest";
import { seededRandom } from "../testing/ids.ts";
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

test("shelves and names follow any order of coming and going", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const registry = createRegistry();
    let model: { readonly thing: { name: string }; readonly take: () => void }[] = [];
    for (let step = 0; step < 200; step++) {
      const place = Math.floor(random() * model.length);
      if (random() < 0.55 || model.length === 0) {
        const made = thing(`n${Math.floor(random() * 6)}`, String(step));
        model.push({ thing: made, take: registry.provide("tool", made, made.from) });
      } else {
        model[place]?.take();
        model = model.filter((_, index) => index !== place);
      }
      const newestFirst = model.map((one) => one.thing).reverse();
      const tops = newestFirst.filter((one, index) => newestFirst.findIndex(({ name }) => name === one.name) === index);
      const seen = {
        seed,
        step,
        newest: registry.find("tool"),
        list: registry.list("tool"),
        byName: [0, 1, 2, 3, 4, 5].map((n) => registry.find("tool", `n${n}`)),
        owners: newestFirst.map((one) => registry.owner("tool", one)),
        shelf: registry.shelves()["tool"]?.length ?? 0,
      };
      expect(seen).toEqual({
        seed,
        step,
        newest: newestFirst[0],
        list: tops,
        byName: [0, 1, 2, 3, 4, 5].map((n) => tops.find(({ name }) => name === `n${n}`)),
        owners: newestFirst.map((one) => (one as { from?: string }).from),
        shelf: model.length,
      });
    }
  }
});

test("what a watcher refuses is not left on the shelf", () => {
  const registry = createRegistry();
  const first = thing("a", "1");
  registry.provide("tool", first, "p");
  const heard: unknown[] = [];
  registry.watch((_, { name }, there) => void heard.push([name, there]));
  registry.watch((_, __, there) => {
    if (there) throw new Error("no room");
  });
  expect(() => registry.provide("tool", thing("a", "2"), "p")).toThrow("no room");
  expect([registry.get("tool", "a"), registry.list("tool"), heard]).toEqual([
    first,
    [first],
    [
      ["a", true],
      ["a", false],
    ],
  ]);
});

test.each(["", "Tool", "a tool", "x".repeat(65)])("%j cannot be a kind, and a thing needs a name", (kind) => {
  const registry = createRegistry();
  expect(() => registry.provide(kind, thing("a", ""), "p")).toThrow(
    expect.objectContaining({ code: "registry.bad_kind" }),
  );
  // What comes from a file knows no types.
  expect(() => registry.provide("tool", {} as never, "p")).toThrow(
    expect.objectContaining({ code: "registry.bad_name" }),
  );
});
