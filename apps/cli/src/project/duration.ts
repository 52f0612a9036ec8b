import { z } from "zod";

const SAYS = 'write a duration like "500ms", "10s", "5m" or "24h", or a number of milliseconds';
const FACTOR: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as people write it, in milliseconds: `10s`, `5m`, `1.5h`, `200`. */
export function duration(least = 1) {
  return z
    .union([z.number(), z.string().regex(/^\d+(?:\.\d+)? ?(?:ms|s|m|h|d)?$/u, { error: SAYS, abort: true })], {
      error: SAYS,
    })
    .transform(toMs)
    .refine((ms) => ms >= least && Number.isSafeInteger(ms), least > 0 ? `${SAYS}, more than none` : SAYS);
}

function toMs(written: number | string): number {
  if (typeof written === "number") return written;
  const unit = /[a-z]+$/u.exec(written)?.[0] ?? "ms";
  return Math.round(Number.parseFloat(written) * (FACTOR[unit] ?? 1));
}
