// What is said in one go.
//
// 1. It bears one time: a clock read costs as much as delivering.
// 2. One microtask hands it out in all inboxes that got something, in the order in which they first did. What that
//    leads to is the next batch: promises that were settled meanwhile have their turn before it.
// 3. An inbox that throws keeps no other from handing out.
// 4. Batches that lead to each other without an end (two agents that tell each other something) let the event loop
//    breathe now and then: else no timer, no signal and no socket would ever have its turn.
import type { Clock } from "../../clock.ts";

/** After so many in a row it is looked whether the event loop breathes. */
const MANY = 5000;

export class Batch {
  readonly #clock: Clock;
  readonly #later: (work: () => void) => void;
  #time: number | undefined = undefined;
  #work: (() => void)[] = [];
  #scheduled = false;

  constructor(clock: Clock, later: (work: () => void) => void = inMicrotasks()) {
    this.#clock = clock;
    this.#later = later;
  }

  /** Epoch milliseconds: the same for all that is said in one go. */
  now(): number {
    if (this.#time === undefined) {
      this.#time = this.#clock.now();
      this.#schedule();
    }
    return this.#time;
  }

  /** Does this once what runs now is done. */
  add(work: () => void): void {
    this.#work.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#later(this.#run);
  }

  readonly #run = (): void => {
    const work = this.#work;
    this.#work = [];
    this.#time = undefined;
    this.#scheduled = false;
    let done = 0;
    try {
      while (done < work.length) work[done++]?.();
    } finally {
      for (; done < work.length; done++) this.add(work[done] as () => void);
    }
  };
}

/** Does work in a microtask, at half the price of `queueMicrotask`, which makes an async resource each time in Node. */
function inMicrotasks(): (work: () => void) => void {
  const settled = Promise.resolve();
  let inRow = 0;
  const breathed = () => {
    inRow = 0;
  };
  return (work) => {
    inRow++;
    // Whether the event loop breathes by itself is only asked after many: mostly it does.
    if (inRow === MANY) afterBreath(breathed);
    if (inRow < MANY * 2) void settled.then(work);
    else afterBreath(work);
  };
}

function afterBreath(work: () => void): void {
  (globalThis.setImmediate ?? setTimeout)(work);
}
