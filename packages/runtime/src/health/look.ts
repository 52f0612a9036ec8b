import type { HealthCheck } from "@mofa/kernel";

/** What one look saw: all is well (""), what is wrong, or why it could not be seen. */
export type Sight = { readonly wrong: string } | { readonly unknown: string };

/** One thing that is looked at again and again. */
export interface Look {
  readonly name: string;
  /** Whether a restart of the process heals it: then it counts for `live` too. */
  readonly live?: boolean;
  see(signal: AbortSignal): Sight | Promise<Sight>;
}

export const WELL: Sight = { wrong: "" };

/** How many bad looks one after the other make a failure. */
export const BAD_LOOKS = 2;

/** What is remembered of one thing between two looks. */
export interface Memory {
  readonly check: HealthCheck;
  /** Bad looks since the last good one. */
  readonly bad: number;
  /** Whether it was ever well. */
  readonly worked: boolean;
}

/** One look. */
export interface Seen {
  readonly name: string;
  readonly live: boolean;
  readonly at: number;
  readonly sight: Sight;
}

/**
 * Takes a look into account. What was well has failed after two bad looks in a row, and has recovered after one good
 * look: one slow answer takes nobody out of service, and what works again is used again. Until it was well once, one
 * bad look is enough, for what never worked is not ready; but never for `live`, for nothing is restarted on one look.
 */
export function remember(before: Memory | undefined, { name, live, at, sight }: Seen): Memory {
  const worked = before?.worked ?? false;
  if ("unknown" in sight) return { check: { name, status: "unknown", detail: sight.unknown, at }, bad: 0, worked };
  if (sight.wrong === "") return { check: { name, status: "ok", detail: "", at }, bad: 0, worked: true };
  const bad = (before?.bad ?? 0) + 1;
  const failed = bad >= BAD_LOOKS || !(worked || live);
  return { check: { name, status: failed ? "failed" : "ok", detail: sight.wrong, at }, bad, worked };
}
