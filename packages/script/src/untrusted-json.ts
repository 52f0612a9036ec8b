import type { Json } from "@mofa/kernel";

const DEEPEST = 200;
// Own keys that would change the prototype of whatever the value is merged into later.
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** Parses JSON that a script wrote; gives what is wrong with it instead of a value that could harm its reader. */
export function parseUntrusted(text: string): { readonly value: Json } | { readonly reason: string } {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return { reason: "it is not JSON" };
  }
  const reason = whatIsWrong(value, 0);
  return reason === undefined ? { value } : { reason };
}

function whatIsWrong(value: Json, depth: number): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (depth === DEEPEST) return `it is nested deeper than ${DEEPEST} levels`;
  for (const [key, item] of Object.entries(value)) {
    if (FORBIDDEN.has(key)) return `it has the key "${key}"`;
    const reason = whatIsWrong(item as Json, depth + 1);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
