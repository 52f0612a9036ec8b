// Bringing agents back: down in reverse order, a wait, up again in order.
//
// 1. An agent is brought back by one mending at a time: the latest, which takes it from the one before.
// 2. One that is taken away or stopped meanwhile is let go of; a mending with nobody left keeps no timer.
// 3. None comes up before all have gone down.
import type { Clock } from "../../clock.ts";
import type { Backoff } from "../../kinds/supervisor.ts";
import type { AgentCell } from "./agent-cell.ts";
import { begin, cutShort, halt, lifeOf, retire } from "./life.ts";

export interface MendingPlan {
  /** In the order in which they came. */
  readonly cells: readonly AgentCell[];
  /** Milliseconds from when all are down until the first comes up. */
  readonly wait: number;
  /** Whose failure it was, for people: work of all others is cut short because of it. Nobody's when an operator asked. */
  readonly because: string | undefined;
  /** The one that failed, where it is an agent: another may have its name. */
  readonly failed?: AgentCell | undefined;
}

export class Mending {
  readonly #clock: Clock;
  readonly #plan: MendingPlan;
  readonly #claimed: Set<AgentCell>;
  #wake: (() => void) | undefined = undefined;

  constructor(clock: Clock, plan: MendingPlan) {
    this.#clock = clock;
    this.#plan = plan;
    this.#claimed = new Set(plan.cells);
    for (const cell of plan.cells) {
      const life = lifeOf(cell);
      life.mending?.release(cell);
      life.mending = this;
    }
  }

  /** Lets go of one that comes back no more, or by other means. */
  release(cell: AgentCell): void {
    if (!this.#claimed.delete(cell)) return;
    if (cell.life?.mending === this) cell.life.mending = undefined;
    if (this.#claimed.size === 0) this.#wake?.();
  }

  /** Settles, without failing, when each is up again, has failed again, or was let go of. */
  async run(): Promise<void> {
    const { cells, because, failed } = this.#plan;
    // All at once: their turns may wait for each other.
    for (const cell of cells) if (because !== undefined && cell !== failed) cutShort(cell, because);
    for (const cell of cells.toReversed()) if (this.#claimed.has(cell)) await halt(cell, "keep");
    await this.#waitABit();
    for (const cell of cells) {
      if (!this.#claimed.has(cell)) continue;
      this.release(cell);
      await this.#bringUp(cell);
    }
  }

  async #bringUp(cell: AgentCell): Promise<void> {
    const isTemporary = cell.agent.supervision?.restart === "temporary";
    if (isTemporary && this.#plan.because !== undefined) {
      await retire(cell);
      return;
    }
    const life = lifeOf(cell);
    life.restarts++;
    await begin(cell);
    if (cell.status !== "failed") life.setbacks?.recovered(this.#clock.now());
  }

  #waitABit(): Promise<void> | undefined {
    const { wait } = this.#plan;
    if (wait <= 0 || this.#claimed.size === 0) return undefined;
    return new Promise((resolve) => {
      const done = () => {
        clear();
        this.#wake = undefined;
        resolve();
      };
      const clear = this.#clock.after(wait, done);
      this.#wake = done;
    });
  }
}

/** How much of a bound on failures is used up. */
export interface Bound {
  readonly maxRestarts: number;
  readonly within: number;
}

/** Failures of one, or under one: how many lately, and how many in a row. */
export class Setbacks {
  #times: number[] = [];
  #row = -1;
  #recovered: number | undefined = undefined;

  /** Counts one more, and says how many there were within the time. */
  note(now: number, { maxRestarts, within }: Bound): number {
    const steady = this.#recovered !== undefined && now - this.#recovered >= within;
    this.#row = steady ? 0 : this.#row + 1;
    this.#recovered = undefined;
    this.#times.push(now);
    const count = this.within(now, within);
    // More than that many are all the same, and need not be remembered.
    if (this.#times.length > maxRestarts + 1) this.#times.shift();
    return count;
  }

  /** How many there were lately. */
  within(now: number, ms: number): number {
    this.#times = this.#times.filter((time) => now - time < ms);
    return this.#times.length;
  }

  /** Up again; when it stays so for the time of the bound, the next failure is the first of a row. */
  recovered(now: number): void {
    this.#recovered = now;
  }

  forget(): void {
    this.#times = [];
  }

  /** How long to wait before the restart that is due now. */
  wait({ first, factor, longest, jitter }: Required<Backoff>, random: () => number): number {
    const full = Math.min(longest, first * factor ** this.#row);
    return full * (1 - jitter * random());
  }
}
