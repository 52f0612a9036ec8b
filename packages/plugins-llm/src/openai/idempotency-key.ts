import { createHash } from "node:crypto";
import type { RunFrame } from "@mofa/kernel";

/** The key under which an endpoint can count a step of a run once, however often it is sent: safe in any header. */
export function idempotencyKey({ key }: Pick<RunFrame, "key">): string {
  if (/^[\w:/.#=~@-]{1,255}$/.test(key)) return key;
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
