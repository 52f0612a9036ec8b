/** How long an account counts. */
export interface Window {
  /** A day like `2026-01-31`, or `ever`. */
  readonly name: string;
  /** Epoch milliseconds when the next one begins. */
  readonly ends: number | undefined;
}

const DAY_MS = 86_400_000;
const EVER: Window = Object.freeze({ name: "ever", ends: undefined });

/** The window that a moment is in. */
export function windowAt(per: "day" | undefined, now: number): Window {
  if (per === undefined) return EVER;
  const began = Math.floor(now / DAY_MS) * DAY_MS;
  return { name: new Date(began).toISOString().slice(0, 10), ends: began + DAY_MS };
}
