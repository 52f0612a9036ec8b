import { describe, expect, test } from "vitest";
import { type Queued, servedRank, TaskQueue } from "./task-queue.ts";
import { seededRandom } from "./testing/ids.ts";

interface Item extends Queued {
  slot: number;
}

const item = (rank: number, age: number, tenant = ""): Item => ({ slot: -1, rank, age, tenant });
const drained = (queue: TaskQueue<Item>) => {
  const items: Item[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) items.push(next);
  return items;
};

describe("order", () => {
  test("the most urgent first, within a priority the oldest", () => {
    const queue = new TaskQueue<Item>();
    for (const [age, rank] of [3, 1, 0, 1, 2, 0].entries()) queue.push(item(rank, age));
    expect(drained(queue).map(({ age }) => age)).toEqual([2, 5, 1, 3, 4, 0]);
    expect([queue.size, queue.ready]).toEqual([0, 0]);
  });

  test("of four priorities that never run dry, each is served: low one time in sixteen, those between as often together", () => {
    const queue = new TaskQueue<Item>();
    for (let rank = 0; rank < 4; rank++) for (let age = 0; age < 700; age++) queue.push(item(rank, age));
    const served = [0, 0, 0, 0];
    for (let takes = 0; takes < 640; takes++) {
      const rank = queue.take()?.rank ?? 0;
      served[rank] = (served[rank] ?? 0) + 1;
    }
    expect(served).toEqual([560, 20, 20, 40]);
  });

  test("where only two priorities wait, the lower has one take in sixteen", () => {
    const takes = Array.from({ length: 32 }, (_, index) => servedRank(0b1001, index + 1));
    expect(takes.map((rank, index) => (rank === 3 ? index + 1 : 0)).filter(Boolean)).toEqual([16, 32]);
  });

  test("what is put back goes before what is younger, and behind what is older", () => {
    const queue = new TaskQueue<Item>();
    const items = Array.from({ length: 20 }, (_, age) => item(1, age));
    for (const one of items) queue.push(one);
    const taken = [1, 2, 3, 4, 5].map(() => queue.takeFrom(1) as Item);
    for (const age of [3, 0, 4, 1, 2]) queue.restore(taken[age] as Item);
    expect(drained(queue).map(({ age }) => age)).toEqual(items.map(({ age }) => age));
  });
});

describe("cancelling", () => {
  test("takes out whatever waits, once", () => {
    const queue = new TaskQueue<Item>();
    const items = Array.from({ length: 9 }, (_, age) => item(2, age));
    for (const one of items) queue.push(one);
    const gone = [0, 4, 8].map((age) => items[age] as Item);
    expect(gone.map((one) => queue.remove(one))).toEqual([true, true, true]);
    expect(gone.map((one) => queue.remove(one))).toEqual([false, false, false]);
    expect(drained(queue).map(({ age }) => age)).toEqual([1, 2, 3, 5, 6, 7]);
    expect(queue.remove(items[1] as Item)).toBe(false);
  });

  test("a place that another has now is not freed by who had it before", () => {
    const queue = new TaskQueue<Item>();
    const first = item(0, 0);
    queue.push(first);
    queue.remove(first);
    const second = item(0, 1);
    queue.push(second);
    expect([queue.remove(first), queue.size]).toEqual([false, 1]);
  });
});

describe("tenants", () => {
  test("take turns within a priority, however much one of them has", () => {
    const queue = new TaskQueue<Item>();
    for (let age = 0; age < 6; age++) queue.push(item(2, age, "a"));
    queue.push(item(2, 6, "b"));
    queue.push(item(2, 7, "c"));
    queue.push(item(2, 8, "b"));
    expect(
      drained(queue)
        .map(({ tenant }) => tenant)
        .join(""),
    ).toBe("abcabaaaa");
  });

  test("one whose last item is cancelled has no turn any more", () => {
    const queue = new TaskQueue<Item>();
    const only = item(2, 1, "b");
    queue.push(item(2, 0, "a"));
    queue.push(only);
    queue.push(item(2, 2, "c"));
    queue.push(item(2, 3, "a"));
    queue.remove(only);
    expect(drained(queue).map(({ tenant }) => tenant)).toEqual(["a", "c", "a"]);
  });
});

test("whatever is done to it, it gives out what was put in: as a plain list would", () => {
  const seed = 20_261;
  const random = seededRandom(seed);
  const upTo = (count: number) => Math.floor(random() * count);
  const queue = new TaskQueue<Item>();
  const waiting = new Set<Item>();
  const taken: Item[] = [];
  for (let age = 0; age < 20_000; age++) {
    const dice = random();
    // It grows for a while and shrinks for a while, so that rings wrap, are packed and given back.
    const growing = Math.floor(age / 5000) % 2 === 0;
    if (dice < (growing ? 0.6 : 0.25)) {
      const one = item(upTo(4), age, ["", "a", "b", "c"][upTo(4)]);
      queue.push(one);
      waiting.add(one);
    } else if (dice < 0.8) {
      const one = queue.take();
      expect(one === undefined, `seed ${seed}`).toBe(waiting.size === 0);
      if (one === undefined) continue;
      expect(waiting.delete(one), `seed ${seed}`).toBe(true);
      const older = [...waiting].filter((other) => other.rank === one.rank && other.tenant === one.tenant);
      expect(
        older.some((other) => other.age < one.age),
        `seed ${seed}`,
      ).toBe(false);
      taken.push(one);
    } else if (dice < 0.9) {
      const one = [...waiting][upTo(waiting.size)];
      if (one === undefined) continue;
      expect(queue.remove(one), `seed ${seed}`).toBe(true);
      waiting.delete(one);
    } else {
      const one = taken.splice(upTo(taken.length), 1)[0];
      if (one === undefined) continue;
      queue.restore(one);
      waiting.add(one);
    }
    expect(queue.size, `seed ${seed}`).toBe(waiting.size);
  }
  expect(new Set(drained(queue))).toEqual(waiting);
});
