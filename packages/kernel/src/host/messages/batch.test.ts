import { expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { Batch } from "./batch.ts";

test("what is said in one go bears one time, read once", async () => {
  let reads = 0;
  const batch = new Batch({ ...systemClock, now: () => ++reads });
  const first = [batch.now(), batch.now()];
  await Promise.resolve();
  expect([first, batch.now()]).toEqual([[1, 1], 2]);
});

test("what a batch leads to is the next batch, after promises that were settled meanwhile", async () => {
  const order: string[] = [];
  const batch = new Batch(systemClock);
  batch.add(() => {
    order.push("a");
    void Promise.resolve().then(() => order.push("promise"));
    batch.add(() => void order.push("next"));
  });
  batch.add(() => void order.push("b"));
  await new Promise((resolve) => setTimeout(resolve));
  expect(order).toEqual(["a", "b", "promise", "next"]);
});

test("batches that lead to each other for ever let timers and sockets have their turn", async () => {
  const batch = new Batch(systemClock);
  let fired = false;
  let batches = 0;
  setTimeout(() => {
    fired = true;
  });
  const again = () => {
    if (!fired && ++batches < 1_000_000) batch.add(again);
  };
  batch.add(again);
  while (!fired) await new Promise((resolve) => setTimeout(resolve));
  expect(batches).toBeLessThan(1_000_000);
});

test("work that throws keeps no other from its turn", () => {
  const microtasks: (() => void)[] = [];
  const done: string[] = [];
  const batch = new Batch(systemClock, (work) => void microtasks.push(work));
  batch.add(() => void done.push("before"));
  batch.add(() => {
    throw new TypeError("broken");
  });
  batch.add(() => void done.push("after"));
  expect(() => microtasks.shift()?.()).toThrow("broken");
  microtasks.shift()?.();
  expect([done, microtasks]).toEqual([["before", "after"], []]);
});
