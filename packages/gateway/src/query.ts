import type { Context } from "hono";
import { fail } from "./errors.ts";

const MOST = 1000;

/** Reads `?limit=`: from 1 to 1,000, 100 where nothing is said. */
export function readLimit({ req }: Context): number {
  const text = req.query("limit") ?? "100";
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit;
  throw fail(
    "gateway.bad_request",
    { problems: `limit must be a whole number from 1 to ${MOST}, not "${text}"` },
    { stack: false },
  );
}
