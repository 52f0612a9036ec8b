// One journal for many simulated processes, each of which sees it through its own faults.
import { type Clock, type Journal, MofaError } from "@mofa/kernel";
import { turns } from "../world.ts";

/** What may happen to a process, as chances from 0 to 1 for each call of the journal. */
export interface Faults {
  /** The call is lost before it is done. */
  readonly lost: number;
  /** The call is done and its answer is lost: nobody knows. */
  readonly unknown: number;
  /** The whole process stands still for a while, before the call or after it. */
  readonly pause: number;
  /** The process dies, before the call or after it. */
  readonly death: number;
}

export const NO_FAULTS: Faults = { lost: 0, unknown: 0, pause: 0, death: 0 };

/** A simulated process, as far as time and the journal go. */
export interface Process {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly dead: boolean;
  readonly paused: boolean;
  faults: Faults;
  kill(): void;
  /** Sets this process's clock on or back; what has been measured by the monotonic one stays. */
  setClock(ms: number): void;
}

export interface ProcessOptions {
  readonly world: Clock;
  readonly journal: Journal;
  readonly random: () => number;
  /** How long a pause lasts, in milliseconds. */
  readonly pauseMs: () => number;
  readonly faults: Faults;
}

export function createProcess({ world, journal, random, pauseMs, faults }: ProcessOptions): Process {
  let skew = 0;
  let dead = false;
  let resume: Promise<void> | undefined;
  const state = { faults };

  /** Nothing of a process that stands still goes on, and nothing of a dead one ever. */
  async function gate(): Promise<void> {
    while (resume !== undefined && !dead) await resume;
    if (dead) await new Promise<never>(() => {});
  }

  async function maybePause(): Promise<void> {
    if (resume === undefined && random() < state.faults.pause) {
      resume = new Promise<void>((done) => void world.after(pauseMs(), done)).then(() => {
        resume = undefined;
      });
    }
    await gate();
  }

  const clock: Clock = {
    now: () => world.now() + skew,
    monotonic: () => world.monotonic(),
    epochOf: (monotonic) => world.epochOf(monotonic) + skew,
    after: (ms, callback) => world.after(ms, () => void gate().then(callback)),
  };

  async function call(work: () => Promise<unknown>): Promise<unknown> {
    await gate();
    if (random() < state.faults.death / 2) dead = true;
    await maybePause();
    if (random() < state.faults.lost)
      throw new MofaError("database.connection_lost", "The call was lost.", { retryable: true });
    await turns(Math.floor(random() * 3));
    const answer = await work();
    if (random() < state.faults.death / 2) dead = true;
    await maybePause();
    if (random() < state.faults.unknown)
      throw new MofaError("database.connection_lost", "The answer was lost.", { retryable: true });
    return answer;
  }

  const seen = Object.fromEntries(
    Object.entries(journal).map(([name, value]) =>
      typeof value === "function"
        ? [name, (...given: unknown[]) => call(() => (value as (...all: unknown[]) => Promise<unknown>)(...given))]
        : [name, value],
    ),
  );

  return {
    clock,
    // Every method of the real one, behind its faults.
    journal: seen as unknown as Journal,
    get dead() {
      return dead;
    },
    get paused() {
      return resume !== undefined;
    },
    get faults() {
      return state.faults;
    },
    set faults(next) {
      state.faults = next;
    },
    kill() {
      dead = true;
    },
    setClock(ms) {
      skew = ms;
    },
  };
}
