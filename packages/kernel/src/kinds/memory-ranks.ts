// Lists of facts, best first, and how two become one: the same in every memory, so that all find the same.
//
// 1. Facts go by a number that grows with each one remembered. Of equally near vectors the newer fact comes first.
// 2. Scores of different kinds are never added: a hybrid search adds shares of ranks.
import type { FactRanks } from "./memory.ts";
import type { Near, Search } from "./memory-search.ts";

/** A fact in a list. */
export interface Ranked {
  readonly n: number;
  readonly score: number;
}

/** A fact that was found. */
export interface Hit extends Ranked {
  readonly why: FactRanks;
}

/** The constant of reciprocal rank fusion, as its authors chose it. */
const K = 60;

/**
 * Makes one list of two, each cut to its depth already. A hybrid search fuses them by reciprocal rank (Cormack, Clarke
 * and Büttcher 2009): a fact scores the sum of 1 / (60 + rank) over the lists that hold it. Else scores stay as they are.
 */
export function fuse(words: readonly Ranked[], vectors: readonly Ranked[], { mode, limit }: Search): readonly Hit[] {
  const hits = new Map<number, Hit>();
  const put = (list: readonly Ranked[], name: keyof FactRanks) => {
    for (const [at, { n, score }] of list.entries()) {
      const before = hits.get(n);
      const share = mode === "hybrid" ? 1 / (K + at + 1) : score;
      hits.set(n, { n, score: (before?.score ?? 0) + share, why: { ...before?.why, [name]: at + 1 } });
    }
  };
  put(words, "words");
  put(vectors, "vectors");
  // Sorting is stable: of equal sums, what was found by words comes first.
  return [...hits.values()].sort((left, right) => right.score - left.score).slice(0, limit);
}

/** Gathers the nearest of any number of vectors, holding a few times `depth` of them at most. */
export function createNearest({ vector, floor }: Near, depth: number) {
  const most = 1_000 + 4 * depth;
  let best: Ranked[] = [];
  let least = floor;
  const cut = () => {
    best = best.sort((left, right) => right.score - left.score || right.n - left.n).slice(0, depth);
  };
  return {
    /** Looks at one vector of the same space, which begins at `from`. */
    look(n: number, numbers: Float32Array, from = 0): void {
      let score = 0;
      for (let at = 0; at < vector.length; at++) score += (vector[at] ?? 0) * (numbers[from + at] ?? 0);
      if (!(score > floor) || score < least) return;
      best.push({ n, score });
      if (best.length < most) return;
      cut();
      least = Math.max(floor, best.at(-1)?.score ?? floor);
    },
    /** The nearest ones, best first. */
    list(): readonly Ranked[] {
      cut();
      return best;
    },
  };
}
