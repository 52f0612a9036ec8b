// Actors that do nothing: what it costs to have very many of them. Every subject works in a process of its own.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Result, type Suite, sumUp } from "../measure.ts";
import { SUBJECTS } from "./actors/subjects.ts";

const RUNS = 5;
const ACTORS = 100_000;
/** Moleculer's services are too heavy for more. */
const FEWER: Readonly<Record<string, number>> = { moleculer: 2_000 };

/** What one process found out. */
interface Figures {
  readonly bytes: number;
  readonly nanoseconds: number;
}

export function actors(): Suite {
  return {
    name: "actors",
    async run(report, { count }) {
      const runs = Math.min(count, RUNS);
      const spawned = await measure("spawn.ts", Object.keys(SUBJECTS), runs, (name) => FEWER[name] ?? ACTORS);
      report(results(spawned, "2 heap of an idle actor", "bytes", ({ bytes }) => bytes));
      report(results(spawned, "2 spawn an actor", "ns", ({ nanoseconds }) => nanoseconds));
      const million = await measure("spawn.ts", ["limit", "mofa"], 1, () => 1_000_000);
      report(results(million, "2 heap of a million idle actors", "MB", ({ bytes }) => bytes));
      const listening = await measure("listening.ts", ["limit", "mofa"], runs, () => 0);
      report(results(listening, "2 heap of 10,000 idle agents with a topic each", "MB", ({ bytes }) => bytes / 1e6));
      report(results(listening, "2 a message through one of 10,000, of CPU", "ns", ({ nanoseconds }) => nanoseconds));
    },
  };
}

/** Takes turns: one process of each subject in every round. */
async function measure(
  program: string,
  subjects: readonly string[],
  rounds: number,
  count: (subject: string) => number,
): Promise<ReadonlyMap<string, readonly Figures[]>> {
  const found = new Map<string, Figures[]>();
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const figures = await run(program, subject, count(subject));
      if (figures !== undefined) found.set(subject, [...(found.get(subject) ?? []), figures]);
    }
  }
  return found;
}

async function run(program: string, subject: string, count: number): Promise<Figures | undefined> {
  const path = fileURLToPath(new URL(`actors/${program}`, import.meta.url));
  const options = ["--expose-gc", "--conditions=@mofa/source", "--max-old-space-size=3000"];
  const { stdout } = await promisify(execFile)(process.execPath, [...options, path, subject, String(count)]);
  return stdout === "" ? undefined : (JSON.parse(stdout) as Figures);
}

function results(
  found: ReadonlyMap<string, readonly Figures[]>,
  name: string,
  unit: string,
  figure: (figures: Figures) => number,
): readonly Result[] {
  const limit = found.get("limit")?.map(figure);
  return [...found].map(([subject, all]) => {
    const numbers = sumUp(all.map(figure), limit);
    return { suite: "actors", case: name, subject, unit, ...numbers, better: "lower" };
  });
}
