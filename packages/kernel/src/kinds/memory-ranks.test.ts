import { expect, test } from "vitest";
import { seededRandom } from "../testing/ids.ts";
import { createNearest, fuse } from "./memory-ranks.ts";
import type { Search } from "./memory-search.ts";

const search = (mode: Search["mode"], limit = 10): Search => ({
  namespace: "n",
  mode,
  words: [],
  limit,
  depth: 100,
  filter: {},
});
const list = (...numbers: number[]) => numbers.map((n, at) => ({ n, score: 9 - at }));

test("what stands in both lists comes before what is first in one of them", () => {
  const hits = fuse(list(1, 2, 3), list(4, 3, 2), search("hybrid"));
  expect(hits.map(({ n, why }) => [n, why])).toEqual([
    [2, { words: 2, vectors: 3 }],
    [3, { words: 3, vectors: 2 }],
    [1, { words: 1 }],
    [4, { vectors: 1 }],
  ]);
  expect(hits[0]?.score).toBeCloseTo(1 / 63 + 1 / 62, 15);
});

test("of equal sums what was found by words comes first, and the limit cuts the fused list", () => {
  expect(fuse(list(1, 2), list(3, 4), search("hybrid", 3)).map(({ n }) => n)).toEqual([1, 3, 2]);
});

test("a list that stands alone keeps its scores", () => {
  expect(fuse(list(1, 2), [], search("words"))).toEqual([
    { n: 1, score: 9, why: { words: 1 } },
    { n: 2, score: 8, why: { words: 2 } },
  ]);
});

test("the nearest of many are those that sorting all of them gives, newer first where equally near", () => {
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  console.log(`vectors with MOFA_SEED=${seed}`);
  const random = seededRandom(seed);
  // Few different numbers, so that many are equally near.
  const vectors = Array.from({ length: 5_000 }, () => Float32Array.from([0, 0, 0], () => Math.floor(random() * 7) - 3));
  const near = { vector: Float32Array.from([0.5, -0.25, 1]), space: "s", floor: 0.5 };
  const nearest = createNearest(near, 40);
  for (const [n, vector] of vectors.entries()) nearest.look(n, vector);
  const score = ([a = 0, b = 0, c = 0]: Float32Array) => 0.5 * a - 0.25 * b + c;
  const sorted = vectors
    .map((vector, n) => ({ n, score: score(vector) }))
    .filter((one) => one.score > 0.5)
    .sort((left, right) => right.score - left.score || right.n - left.n);
  expect(nearest.list()).toEqual(sorted.slice(0, 40));
});
