import { expect, test } from "vitest";
import { fakeClock } from "../../testing/clock.ts";
import { seededRandom } from "../../testing/ids.ts";
import { Deadlines, type Due } from "./deadlines.ts";

interface Item extends Due {
  readonly name: number;
}

test("each is told at its time, in order, with one timer at most, whatever is taken out meanwhile", async () => {
  const seed = 5;
  const random = seededRandom(seed);
  const clock = fakeClock();
  const start = clock.now();
  const told: [number, number][] = [];
  const deadlines = new Deadlines<Item>(clock, (item) => told.push([item.name, clock.now() - start]));
  const items = Array.from(
    { length: 300 },
    (_, name): Item => ({ name, due: start + Math.floor(random() * 500), place: -1 }),
  );
  for (const item of items) {
    deadlines.add(item);
    expect(clock.pending).toBe(1);
  }
  const out = new Set(items.filter(() => random() < 0.4));
  for (const item of out) deadlines.remove(item);
  for (const item of out) deadlines.remove(item);
  await clock.advance(600);
  const left = items.filter((item) => !out.has(item)).sort((one, other) => one.due - other.due);
  expect(
    told.map(([, at]) => at),
    `seed ${seed}`,
  ).toEqual(left.map(({ due }) => due - start));
  expect(new Set(told.map(([name]) => name))).toEqual(new Set(left.map(({ name }) => name)));
  expect(clock.pending).toBe(0);
});

test("no timer is left when the last is taken out, or all are forgotten", () => {
  const clock = fakeClock();
  const deadlines = new Deadlines<Item>(clock, () => {});
  const item: Item = { name: 1, due: clock.now() + 5, place: -1 };
  deadlines.add(item);
  deadlines.remove(item);
  expect([clock.pending, item.place]).toEqual([0, -1]);
  deadlines.add(item);
  deadlines.clear();
  expect([clock.pending, item.place]).toEqual([0, -1]);
});
