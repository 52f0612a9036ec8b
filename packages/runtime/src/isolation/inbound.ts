import { fail } from "../errors.ts";

// What honest senders check already, and a little more for the lists around it.
const DEEPEST = 1_020;

/** Reads a batch that may come from a thread or process that was taken over; throws when it is none, or could do harm. */
export function parseBatch(text: string, most: number): readonly (readonly unknown[])[] {
  if (text.length > most) throw fail("isolation.bad_message", { what: `${text.length} characters at once` });
  let batch: unknown;
  try {
    batch = JSON.parse(text);
  } catch {
    throw fail("isolation.bad_message", { what: "something that is not JSON" });
  }
  if (!Array.isArray(batch) || !batch.every(Array.isArray))
    throw fail("isolation.bad_message", { what: "something that is no list of messages" });
  // Only text that holds the name, written plainly or with escapes, can hold the key.
  const suspect = text.includes("__proto__") || text.includes("\\u00");
  if (suspect || text.length > DEEPEST) check(batch, 0, suspect);
  return batch as readonly (readonly unknown[])[];
}

function check(value: unknown, depth: number, suspect: boolean): void {
  if (value === null || typeof value !== "object") return;
  if (depth === DEEPEST) throw fail("isolation.bad_message", { what: "something nested too deep" });
  if (Array.isArray(value)) {
    for (const item of value) check(item, depth + 1, suspect);
    return;
  }
  if (suspect && Object.hasOwn(value, "__proto__"))
    throw fail("isolation.bad_message", { what: 'an object with the key "__proto__"' });
  for (const key in value) check((value as Record<string, unknown>)[key], depth + 1, suspect);
}
