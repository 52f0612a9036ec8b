import { PLACES } from "./tables.ts";

/** The keys of one run's rows, or one session's entries: from `first` (included) to `end` (excluded). */
export function placesOf(n: number): { readonly first: number; readonly end: number } {
  return { first: n * PLACES, end: (n + 1) * PLACES };
}

/** The first text that comes after all texts beginning with a prefix; undefined when there is none. */
export function afterPrefix(prefix: string): string | undefined {
  const signs = [...prefix];
  for (let last = signs.pop(); last !== undefined; last = signs.pop()) {
    const code = last.codePointAt(0) ?? 0;
    // Half characters are no text, so the one before them is followed by the one behind.
    if (code < 0x10ffff) return signs.join("") + String.fromCodePoint(code === 0xd7ff ? 0xe000 : code + 1);
  }
  return undefined;
}
