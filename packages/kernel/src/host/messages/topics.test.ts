import { expect, test } from "vitest";
import { seededRandom } from "../../testing/ids.ts";
import { Topics } from "./topics.ts";

function fits(pattern: string, topic: string): boolean {
  const words = pattern.split(".");
  const said = topic.split(".");
  const rest = words.at(-1) === ">";
  const fixed = rest ? words.slice(0, -1) : words;
  const long = rest ? said.length > fixed.length : said.length === fixed.length;
  return long && fixed.every((word, index) => word === "*" || word === said[index]);
}

test("finds exactly who a plain comparison finds, under any coming and going", () => {
  const random = seededRandom(7);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const words = ["a", "b", "c", "*", ""];
  const pattern = () =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(words)).join(".") + pick(["", "", ".>"]);
  const topic = () =>
    Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick(["a", "b", "c", "d", ""])).join(".");
  const topics = new Topics<{ pattern: string }>();
  const there = new Set<{ pattern: string }>();
  for (let round = 0; round < 5000; round++) {
    const dice = random();
    if (dice < 0.3 || there.size === 0) {
      const listener = { pattern: pick([pattern(), ">"]) };
      there.add(listener);
      topics.add(listener.pattern, listener);
    } else if (dice < 0.5) {
      const listener = pick([...there]);
      there.delete(listener);
      topics.remove(listener.pattern, listener);
    }
    const first = topic();
    // And one that differs from it in the last word only.
    for (const said of [first, `${first.slice(0, first.lastIndexOf(".") + 1)}${pick(["a", "b", "", "d.a"])}`]) {
      const wanted = [...there].filter((listener) => fits(listener.pattern, said));
      expect(new Set(topics.find(said))).toEqual(new Set(wanted));
    }
  }
});

test("a listener by several patterns is found once", () => {
  const topics = new Topics<string>();
  topics.add("orders.*", "ann");
  topics.add("orders.new", "ann");
  expect(topics.find("orders.new")).toEqual(["ann"]);
  topics.remove("orders.*", "ann");
  expect(topics.find("orders.new")).toEqual(["ann"]);
});

test("a list that was given out does not change", () => {
  const topics = new Topics<string>();
  topics.add("a", "x");
  const before = topics.find("a");
  topics.add("a", "y");
  topics.remove("a", "x");
  expect([before, topics.find("a")]).toEqual([["x"], ["y"]]);
});
