import { expect, test } from "vitest";
import { seededRandom } from "../testing/ids.ts";
import { createOrdered, inOrder } from "./ordered.ts";

const byValue = (left: number, right: number) => left - right;

test("what goes in and out in any order is walked through in order, both ways, from any place", () => {
  const random = seededRandom(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const list = createOrdered(byValue);
  const model = new Set<number>();
  for (let step = 0; step < 30_000; step++) {
    const value = below(6000);
    // More comes than goes at first, so that there are many parts, and less at the end, so that they empty.
    if (random() < (step < 15_000 ? 0.7 : 0.3)) {
      if (!model.has(value)) list.add(value);
      model.add(value);
    } else {
      list.delete(value);
      model.delete(value);
    }
    if (step % 3000 !== 0) continue;
    const expected = [...model].sort(byValue);
    expect([...list]).toEqual(expected);
    expect([...list.backwards()]).toEqual(expected.toReversed());
    expect([...list.backwards(value)]).toEqual(expected.filter((one) => one < value).toReversed());
    expect(list.size).toBe(model.size);
  }
});

test("a list that was long is good again after all or a part of it has gone", () => {
  const list = createOrdered(byValue);
  const values = Array.from({ length: 3000 }, (_, index) => index);
  for (const value of values) list.add(value);
  for (const value of values.slice(400, 2600)) list.delete(value);
  list.add(1000);
  const left = [...values.slice(0, 400), 1000, ...values.slice(2600)];
  expect([[...list], [...list.backwards()]]).toEqual([left, left.toReversed()]);
  for (const value of left) list.delete(value);
  list.add(5);
  expect([[...list], [...list.backwards(6)], list.size]).toEqual([[5], [5], 1]);
});

test("one thing more or less costs a few comparisons, however long the list is", () => {
  let compared = 0;
  const list = createOrdered<number>((left, right) => {
    compared++;
    return left - right;
  });
  for (let value = 0; value < 200_000; value += 2) list.add(value);
  compared = 0;
  list.add(77_777);
  list.delete(33_332);
  expect([list.size, compared < 60]).toEqual([100_000, true]);
  compared = 0;
  const [last] = list.backwards(77_777);
  expect([last, compared < 30]).toEqual([77_776, true]);
});

test("several lists are walked through as one, and only as far as somebody asks", () => {
  let asked = 0;
  function* endless(from: number): Iterable<number> {
    for (let value = from; ; value += 3) {
      asked++;
      yield value;
    }
  }
  const found: number[] = [];
  for (const value of inOrder([endless(2), [], endless(1), [4, 4]], byValue)) {
    if (found.push(value) === 7) break;
  }
  expect(found).toEqual([1, 2, 4, 4, 4, 5, 7]);
  expect(asked).toBeLessThan(8);
});
