/** A word of a query with its weight. */
export interface Weighted {
  readonly term: string;
  readonly weight: number;
}

// The usual constants: how soon repetition stops counting, and how much length counts.
const K = 1.2;
const B = 0.75;

/** Scores documents (lists of stems) against a query: BM25, 0 where nothing matches. */
export function bm25(query: readonly Weighted[], documents: readonly (readonly string[])[]): readonly number[] {
  const average = documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, documents.length);
  const found = new Map(query.map(({ term }) => [term, documents.filter((words) => words.includes(term)).length]));
  return documents.map((words) =>
    query.reduce((score, { term, weight }) => {
      const times = words.filter((word) => word === term).length;
      if (times === 0) return score;
      const many = found.get(term) ?? 0;
      const rarity = Math.log(1 + (documents.length - many + 0.5) / (many + 0.5));
      const density = (times * (K + 1)) / (times + K * (1 - B + (B * words.length) / Math.max(1, average)));
      return score + weight * rarity * density;
    }, 0),
  );
}
