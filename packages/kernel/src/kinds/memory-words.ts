/** The two constants of BM25: how soon repetition stops to matter, and how much length does. */
export const BM25 = { repetition: 1.2, length: 0.75 } as const;

/** How much a word says that `holding` of `total` facts contain. */
export function rarity(total: number, holding: number): number {
  return Math.log(1 + (total - holding + 0.5) / (holding + 0.5));
}

/**
 * Counts the words of a text: letters and digits without case or accents. Scripts written without spaces are cut into
 * overlapping pairs, so that a part of a sentence is found too.
 */
export function countWords(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const plain = text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase()
    .normalize("NFC");
  for (const [word] of plain.matchAll(/[\p{L}\p{N}]+/gu)) {
    for (const part of cut(word)) counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  return counts;
}

const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]+/gu;

function cut(word: string): readonly string[] {
  const rest = word
    .replace(UNSPACED, " ")
    .split(" ")
    .filter((part) => part !== "");
  const runs = [...word.matchAll(UNSPACED)].map(([run]) => [...run]);
  return [
    ...rest,
    ...runs.flatMap((run) => (run.length === 1 ? run : run.slice(1).map((sign, i) => `${run[i]}${sign}`))),
  ];
}
