// Processes that die twice: at every pair of points of a flow of everything, or at as many pairs as there is time for.
//
// MOFA_CRASH_PAIRS=all runs all of them; MOFA_SEED repeats a choice.
import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { createEverything, RIGHT } from "./everything.ts";
import type { LifeOptions } from "./world.ts";

/** The n-th call of the kind at which something changes, before or after it is done. */
interface Point {
  readonly at: "before" | "after";
  readonly point: number;
}

type Calls = Readonly<Record<Point["at"], number>>;

const CHANGES = ["create", "append", "answer", "signal", "sent"];
// Before them nothing has changed since the last change, and most of them change nothing.
const TAKES = ["claim", "letters"];

/** Dies at a point; without one, only counts the points. */
function dyingAt(point?: Point) {
  const calls = { before: 0, after: 0 };
  const dies: NonNullable<LifeOptions["dies"]> = (at, method, answer) => {
    if (TAKES.includes(method) && !(Array.isArray(answer) && answer.length > 0)) return false;
    calls[at]++;
    return at === point?.at && calls[at] === point.point;
  };
  return { dying: { dies, points: [...CHANGES, ...TAKES] }, calls };
}

function pointsOf({ before, after }: Calls): readonly Point[] {
  const upTo = (at: Point["at"], count: number) => Array.from({ length: count }, (_, n) => ({ at, point: n + 1 }));
  return [...upTo("before", before), ...upTo("after", after)];
}

// The next process comes at once and waits for the lease, or when all leases and most times are over.
const pauseAfter = (points: readonly Point[]) => (points.reduce((sum, { point }) => sum + point, 0) % 2) * 5000;

/** One life after the other: each dies at its point, the last ones end it. */
async function crashAt(points: readonly Point[]) {
  const { live, result } = createEverything(pauseAfter(points));
  for (const point of points) await live(dyingAt(point).dying);
  const { dying, calls } = dyingAt();
  let ended = await live(dying);
  for (let lives = 0; lives < 3 && !ended; lives++) ended = await live();
  return { calls, seen: await result() };
}

/** Throws with the points unless everything is right; gives the points of the life that went on. */
async function check(points: readonly Point[]): Promise<readonly Point[]> {
  const { calls, seen } = await crashAt(points);
  expect({ points, ...seen }).toEqual({ points, ...RIGHT });
  return pointsOf(calls);
}

const SHARE = process.env["MOFA_CRASH_PAIRS"] === "all" ? 1 : 1 / 24;
const SEED = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);

test("a process may die at any point of a flow of everything, and so may the next one", async () => {
  const random = seededRandom(SEED);
  const firsts = await check([]);
  expect(firsts.length).toBeGreaterThan(200);
  let pairs = 0;
  for (const first of firsts) {
    for (const second of await check([first])) {
      if (random() >= SHARE) continue;
      pairs++;
      await check([first, second]);
    }
  }
  console.info(`${firsts.length} single crashes and ${pairs} pairs of them, seed ${SEED}`);
  expect(pairs).toBeGreaterThan(firsts.length * SHARE);
}, 1_200_000);
