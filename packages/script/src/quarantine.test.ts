import { expect, test } from "vitest";
import { createQuarantine, sourceHash } from "./quarantine.ts";

test("a source is held after three kills, and only that one", () => {
  const quarantine = createQuarantine();
  const held: boolean[] = [];
  for (let kill = 0; kill < 3; kill++) {
    quarantine.strike("bad");
    held.push(quarantine.holds("bad"));
  }
  expect([...held, quarantine.holds("good")]).toEqual([false, false, true, false]);
});

test("the list of bad sources does not grow for ever", () => {
  const quarantine = createQuarantine();
  for (let kill = 0; kill < 3; kill++) quarantine.strike("first");
  for (let other = 0; other < 1_000; other++) quarantine.strike(`other ${other}`);
  expect(quarantine.holds("first")).toBe(false);
});

test("a source has one hash", () => {
  expect(sourceHash("a")).toBe("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
});
