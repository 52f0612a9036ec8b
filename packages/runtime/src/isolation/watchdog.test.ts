import { fakeClock } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { createWatchdog } from "./watchdog.ts";

function open(most = 800) {
  const clock = fakeClock();
  const seen = { pings: 0, looks: 0, hung: 0 };
  const state = { working: true };
  const watchdog = createWatchdog({
    clock,
    most,
    working: () => state.working,
    ping: () => void seen.pings++,
    look: async () => void seen.looks++,
    hung: () => void seen.hung++,
  });
  return { clock, seen, state, watchdog };
}

describe("a watchdog", () => {
  test("finds who gives no answer for too long, and says it once", async () => {
    const { clock, seen, watchdog } = open();
    watchdog.wake();
    await clock.advance(800);
    expect(seen).toMatchObject({ pings: 1, hung: 0 });
    await clock.advance(100);
    expect(seen.hung).toBe(1);
    await clock.advance(10_000);
    expect(seen.hung).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("is content with whoever answers in time", async () => {
    const { clock, seen, watchdog } = open();
    watchdog.wake();
    for (let index = 0; index < 20; index++) {
      await clock.advance(500);
      watchdog.answered();
    }
    expect(seen.hung).toBe(0);
    expect(seen.pings).toBeGreaterThan(10);
    watchdog.end();
    expect(clock.pending).toBe(0);
  });

  test("costs no timer when there is no work, and no old question counts later", async () => {
    const { clock, seen, state, watchdog } = open();
    watchdog.wake();
    await clock.advance(600);
    state.working = false;
    await clock.advance(100);
    expect(clock.pending).toBe(0);
    state.working = true;
    watchdog.wake();
    await clock.advance(700);
    expect(seen.hung).toBe(0);
    watchdog.end();
  });
});
