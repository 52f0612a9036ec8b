import type { Result } from "./measure.ts";

/** Prints results as one JSON object a line. */
export function toLine(result: Result): string {
  const { suite, subject, unit, better } = result;
  const [middle, min, max] = [result.median, result.min, result.max].map(short);
  const ratio = result.ratio === null ? null : short(result.ratio);
  return JSON.stringify({ suite, case: result.case, subject, unit, median: middle, min, max, ratio, better });
}

/** Prints the results of one case as a table, the limit first, then by figure. */
export function toTable(results: readonly Result[]): string {
  const [first] = results;
  if (first === undefined) return "";
  const sorted = results.toSorted((left, right) => rank(left) - rank(right));
  const rows = sorted.map((result) => [
    result.subject,
    figure(result.median, result.unit),
    `${figure(result.min, result.unit)} … ${figure(result.max, result.unit)}`,
    result.ratio === null ? "" : `${result.ratio.toPrecision(3)} ×`,
  ]);
  const all = [[`${first.suite}: ${first.case}`, "median", "min … max", "to limit"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)));
  return `${all.map((row) => line(row).join("  ").trimEnd()).join("\n")}\n`;
}

function rank({ subject, median }: Result): number {
  return subject === "limit" ? Number.NEGATIVE_INFINITY : median;
}

function figure(value: number, unit: string): string {
  if (unit !== "ns") return `${short(value)} ${unit}`;
  if (value < 1000) return `${value.toPrecision(3)} ns`;
  return value < 1e6 ? `${(value / 1e3).toPrecision(3)} µs` : `${(value / 1e6).toPrecision(3)} ms`;
}

function short(value: number): number {
  return Number(value.toPrecision(4));
}
