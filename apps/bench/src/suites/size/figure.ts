import type { Result } from "../../measure.ts";

/** A result that is counted, not timed. */
export function figure(
  name: string,
  subject: string,
  unit: string,
  value: number,
  ratio: number | null = null,
): Result {
  return { suite: "size", case: name, subject, unit, median: value, min: value, max: value, ratio, better: "lower" };
}
