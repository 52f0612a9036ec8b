import type { ScriptLimits } from "@mofa/kernel";
import { fail } from "./errors.ts";

/** What a script may spend unless told otherwise. */
export const DEFAULT_LIMITS: ScriptLimits = {
  time: 500,
  wall: 10_000,
  memory: 32,
  output: 1024 * 1024,
  hostCalls: 100,
};

// V8 cannot do with less than 8 MiB.
const LEAST: ScriptLimits = { time: 1, wall: 1, memory: 8, output: 1, hostCalls: 0 };

/** Puts limits over others; refuses what cannot be enforced. */
export function toLimits(base: ScriptLimits, over: Partial<ScriptLimits> = {}): ScriptLimits {
  const limits = { ...base, ...over };
  for (const name of Object.keys(LEAST) as (keyof ScriptLimits)[]) {
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < LEAST[name]) {
      throw fail("script.bad_limit", { limit: name, value, least: LEAST[name] });
    }
  }
  return limits;
}
