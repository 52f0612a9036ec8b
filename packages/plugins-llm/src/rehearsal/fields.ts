import { wordsOf } from "./words.ts";

/** Finds a field by its name in what tools answered: the newest answer first, however deep, in any style of writing. */
export function fieldIn({ answers }: { readonly answers: readonly unknown[] }, name: string): unknown {
  const wanted = wordsOf(name).join(" ");
  if (wanted === "") return undefined;
  for (const answer of answers) {
    const found = search(answer, wanted, 0);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

function search(value: unknown, wanted: string, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > 6) return undefined;
  for (const [name, item] of Object.entries(value)) {
    if (wordsOf(name).join(" ") === wanted && (typeof item !== "object" || Array.isArray(item))) return item;
  }
  for (const item of Object.values(value)) {
    const found = search(item, wanted, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
