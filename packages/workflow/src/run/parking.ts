// Whether a run may be let go because it only waits.
//
// 1. Every open step waits, or has steps open below it: nothing is at work.
// 2. Stopping loses nothing: each open step is the run itself, one that only calls others, or one that may happen twice.
// 3. A step with a time-out of its own keeps its run here: the time-out would begin anew.
import type { Clock } from "@mofa/kernel";
import type { StepFrame } from "./frame.ts";
import type { RunLog } from "./run-log.ts";

/** How long a run will rest. */
export interface Rest {
  /** Epoch milliseconds at which it goes on by itself; undefined: when something comes for it. */
  readonly until: number | undefined;
}

export interface ParkingOptions {
  readonly clock: Clock;
  readonly afterMs: number;
  /** Lets the run go, unless something has come for it. */
  park(log: RunLog): Promise<void>;
}

export interface Parking {
  /** Hears that the run waits for something. */
  waits(): void;
  stop(): void;
}

/** Lets a run go when it has done nothing but wait for so long. */
export function createParking(log: () => RunLog, { clock, afterMs, park }: ParkingOptions): Parking {
  let cancel: (() => void) | undefined;
  let seen = 0;
  let stopped = false;

  function arm(): void {
    if (stopped || cancel !== undefined) return;
    seen = log().moves;
    cancel = clock.after(afterMs, () => void look());
  }

  async function look(): Promise<void> {
    cancel = undefined;
    const own = log();
    if (own.closed || !own.idle) return;
    const rest = own.moves === seen ? restOf(own) : undefined;
    // What goes on soon would only cost the work of finding it again.
    if (rest !== undefined && (rest.until === undefined || rest.until - clock.now() > afterMs)) await park(own);
    if (!own.closed && own.idle) arm();
  }

  return {
    waits: arm,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

/** How long a run rests; undefined while something in it is at work. */
export function restOf(log: RunLog): Rest | undefined {
  const deadline = log.call?.deadline;
  for (const frame of log.open) {
    if (frame.resting === 0 || !mayBeginAgain(frame) || frame.call?.deadline !== deadline) return undefined;
  }
  const times = [...[...log.waits].map(({ until }) => until), deadline, log.deadline].filter(
    (time) => time !== undefined,
  );
  return { until: times.length === 0 ? undefined : Math.min(...times) };
}

const CALLERS = ["workflow", "node", "agent"];

function mayBeginAgain({ path, call }: StepFrame): boolean {
  if (path === "") return true;
  const { effect, kind } = call?.action ?? {};
  if (effect === "once" || effect === "tx") return false;
  return effect !== undefined || (kind !== undefined && CALLERS.includes(kind));
}
