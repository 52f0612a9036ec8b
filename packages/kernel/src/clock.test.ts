import { expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

test("a monotonic reading is dated like a look at the date", () => {
  const before = systemClock.now();
  const dated = systemClock.epochOf(systemClock.monotonic());
  const after = systemClock.now();
  // The two clocks of the machine may be a rounding apart.
  expect([dated >= before - 2, dated <= after + 2, Number.isInteger(dated)]).toEqual([true, true, true]);
});

test("when the date is set, readings follow it, and of two that are near each other the later is not before", () => {
  const { clock, move, set } = machine();
  const first = clock.epochOf(move(0));
  const second = clock.epochOf(move(10));
  set(3_600_000);
  const soon = clock.epochOf(move(10));
  const followed = clock.epochOf(move(60));
  expect([second - first, soon - second, followed - first]).toEqual([10, 10, 80 + 3_600_000]);
  vi.restoreAllMocks();
});

/** The machine's clock, with the time of the machine in hand. */
function machine() {
  let measured = 0;
  let ahead = 0;
  const start = performance.timeOrigin + 1e9;
  vi.spyOn(performance, "now").mockImplementation(() => 1e9 + measured);
  vi.spyOn(Date, "now").mockImplementation(() => Math.floor(start + measured + ahead));
  return {
    clock: systemClock,
    move(by: number) {
      measured += by;
      return systemClock.monotonic();
    },
    set(by: number) {
      ahead += by;
    },
  };
}
