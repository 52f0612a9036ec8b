import { createHash } from "node:crypto";

/** Remembers sources whose process had to be killed; after `KILLS` they are not run any more. */
export interface Quarantine {
  holds(source: string): boolean;
  strike(source: string): void;
}

/** How many kills a source is allowed. */
export const KILLS = 3;
// Beyond this many bad sources, the oldest are forgotten: the list must not grow for ever.
const MOST = 1_000;

export function createQuarantine(): Quarantine {
  const strikes = new Map<string, number>();
  return {
    // Nothing is hashed as long as nobody misbehaves.
    holds: (source) => strikes.size > 0 && (strikes.get(sourceHash(source)) ?? 0) >= KILLS,
    strike(source) {
      const hash = sourceHash(source);
      const count = (strikes.get(hash) ?? 0) + 1;
      strikes.delete(hash);
      strikes.set(hash, count);
      const [oldest] = strikes.keys();
      if (strikes.size > MOST && oldest !== undefined) strikes.delete(oldest);
    },
  };
}

/** The identity of a source: the version of what is made of it. */
export function sourceHash(source: string): string {
  return createHash("sha256").update(source).digest("hex");
}
