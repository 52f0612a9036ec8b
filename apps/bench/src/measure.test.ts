import { expect, test } from "vitest";
import { type Case, median, type Subject, sumUp } from "./measure.ts";
import { toLine, toTable } from "./print.ts";
import { runCase } from "./runner.ts";

test("the median of an even number of figures is between the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

test("the ratio is the median of what each round says, not a quotient of medians", () => {
  // The machine is slow in the second round: for both.
  expect(sumUp([20, 200, 40], [10, 100, 10])).toEqual({ median: 40, min: 20, max: 200, ratio: 2 });
  expect(sumUp([1, 2, 3], undefined).ratio).toBeNull();
});

test("the subjects take turns, nobody twice in a row, and those that are missing are left out", async () => {
  const turns: string[] = [];
  const ended: string[] = [];
  const subject = (name: string) => (): Subject => ({
    name,
    turn: () => {
      turns.push(name);
      busy(1);
    },
    end: () => void ended.push(name),
  });
  const one: Case = { name: "one", subjects: [subject("limit"), subject("mofa"), () => undefined] };
  const results = await runCase("test", one, { count: 4, turn: 2 });
  expect(results.map((result) => result.subject)).toEqual(["limit", "mofa"]);
  // Each has an untimed part before the timed one.
  expect(turns.slice(-16).join(" ")).toBe(
    "limit limit mofa mofa mofa mofa limit limit limit limit mofa mofa mofa mofa limit limit",
  );
  expect(ended).toEqual(["limit", "mofa"]);
  expect(results[0]?.ratio).toBe(1);
});

test("a result is one line of JSON with the fields that were promised", () => {
  const result = { suite: "s", case: "c", subject: "mofa", unit: "ns", median: 12.34567, min: 1, max: 20, ratio: 1.5 };
  expect(JSON.parse(toLine({ ...result, better: "lower" }))).toEqual({ ...result, median: 12.35, better: "lower" });
});

test("a table begins with the limit, then the best", () => {
  const row = (subject: string, figure: number) => ({
    ...{ suite: "s", case: "c", subject, unit: "ns", median: figure, min: figure, max: figure },
    ...{ ratio: figure / 10, better: "lower" as const },
  });
  const lines = toTable([row("peer", 2000), row("mofa", 30), row("limit", 10)]).split("\n");
  expect(lines.slice(1, 4).map((line) => line.split(/\s{2,}/).join(" | "))).toEqual([
    "limit | 10.0 ns | 10.0 ns … 10.0 ns | 1.00 ×",
    "mofa | 30.0 ns | 30.0 ns … 30.0 ns | 3.00 ×",
    "peer | 2.00 µs | 2.00 µs … 2.00 µs | 200 ×",
  ]);
});

function busy(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}
