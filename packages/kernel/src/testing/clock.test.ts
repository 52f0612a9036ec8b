import { expect, test } from "vitest";
import { fakeClock } from "./clock.ts";

test("calls back what is due, in order of time and then of coming, with what follows in between", async () => {
  const clock = fakeClock(1000);
  const order: unknown[] = [];
  const note = (name: string) => async () => {
    order.push([name, clock.now()]);
    await Promise.resolve();
    order.push(`after ${name}`);
  };
  clock.after(20, note("c"));
  clock.after(10, note("a"));
  clock.after(10, note("b"));
  clock.after(21, note("never"));
  const cancel = clock.after(5, note("cancelled"));
  cancel();
  cancel();
  await clock.advance(20);
  expect(order).toEqual([["a", 1010], "after a", ["b", 1010], "after b", ["c", 1020], "after c"]);
  expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([1020, 20, 1]);
});

test("a timer set by a timer fires in the same advance when it is due", async () => {
  const clock = fakeClock();
  const at: number[] = [];
  const again = () => {
    at.push(clock.monotonic());
    clock.after(10, again);
  };
  again();
  await clock.advance(35);
  expect(at).toEqual([0, 10, 20, 30]);
});
