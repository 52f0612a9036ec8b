// The first of several to end.
//
// 1. Who won, and with what, is one kept step, written before anybody acts on it; only then are the others stopped.
// 2. A later life that finds a winner starts nobody again; one that finds none lets all go on from what they have kept.
import { type Call, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type Branch, runBranch, runKept } from "./branch.ts";

export interface RaceOptions {
  /** Whether a failure ends the race like a result, or only counts when all have failed. Default `fail`. */
  readonly errors?: "fail" | "skip";
  /** Names this among other races of the same names that may be begun at the same time under one call. */
  readonly key?: string;
}

type Runners = Readonly<Record<string, Branch>>;
type Won<R extends Runners> = {
  [Name in keyof R & string]: {
    readonly winner: Name;
    readonly value: R[Name] extends Branch<infer T> ? T : never;
  };
}[keyof R & string];

/** Runs branches side by side until the first has ended, and stops the others. Throws what the first failed with. */
export function race<const R extends Runners>(call: Call, runners: R, options: RaceOptions = {}): Promise<Won<R>> {
  const names = Object.keys(runners);
  if (names.length === 0) throw fail("flow.nobody_races", { name: call.action.name });
  const { errors = "fail", key } = options;
  const run = (own: Call) => {
    const running = Object.entries<Branch>(runners).map(async ([winner, branch]) => ({
      winner,
      value: await runBranch(own, winner, branch),
    }));
    return errors === "fail" ? Promise.race(running) : firstGood(running, names);
  };
  // The winner's name and what its branch gave belong together.
  return runKept(call, "race", { key, names, run }) as Promise<Won<R>>;
}

async function firstGood<T>(running: readonly Promise<T>[], names: readonly string[]): Promise<T> {
  try {
    return await Promise.any(running);
  } catch (failures) {
    if (!(failures instanceof AggregateError)) throw failures;
    const reasons = failures.errors.map((error, index) => `${names[index]}: ${toErrorJson(error).message}`).join("; ");
    throw fail("flow.all_failed", { reasons }, { cause: failures.errors.at(-1) });
  }
}
