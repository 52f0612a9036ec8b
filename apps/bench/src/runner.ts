// Takes turns: in each round every subject works for a while, one after the other, so that whatever slows the machine
// down slows all of them down. Figures of different rounds are never compared.
import { type Case, type Result, type Rounds, type Subject, sumUp } from "./measure.ts";

/** Measures the subjects of a case against each other, in nanoseconds. */
export async function runCase(
  suite: string,
  { name, subjects, each = 1 }: Case,
  rounds: Rounds,
): Promise<readonly Result[]> {
  const present: Subject[] = [];
  for (const make of subjects) {
    const subject = await make();
    if (subject !== undefined) present.push(subject);
  }
  const times = new Map<Subject, number>();
  for (const subject of present) times.set(subject, await calibrate(subject, rounds.turn));
  const figures = new Map<Subject, number[]>(present.map((subject) => [subject, []]));
  for (let round = 0; round < rounds.count; round++) {
    for (const subject of rotated(present, round)) {
      figures.get(subject)?.push((await turn(subject, times.get(subject) ?? 1)) / each);
    }
  }
  for (const subject of present) await subject.end?.();
  const limit = figures.get(present.find((subject) => subject.name === "limit") as Subject);
  return present.map((subject) => {
    const numbers = sumUp(figures.get(subject) ?? [], limit);
    return { suite, case: name, subject: subject.name, unit: "ns", ...numbers, better: "lower" };
  });
}

/** Warms a subject up and finds how often it fits into a turn; the first call pays for start-up and does not count. */
async function calibrate(subject: Subject, milliseconds: number): Promise<number> {
  await subject.turn(1);
  let times = 1;
  for (let spent = 0; spent < milliseconds * 2; ) {
    const took = await time(subject, times);
    spent += took;
    if (took < milliseconds / 2) times *= 2;
  }
  const took = await time(subject, times);
  return Math.max(1, Math.round((times * milliseconds) / took));
}

/** Nanoseconds for one piece of work, after an untimed first fifth of the turn. */
async function turn(subject: Subject, times: number): Promise<number> {
  await subject.turn(Math.ceil(times / 4));
  return ((await time(subject, times)) * 1e6) / times;
}

async function time(subject: Subject, times: number): Promise<number> {
  const started = performance.now();
  await subject.turn(times);
  return performance.now() - started;
}

// Nobody always comes after the same neighbour.
function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
