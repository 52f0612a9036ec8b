// The deadlines of many, kept by one timer.
//
// 1. At most one timer, for the earliest; none while nothing is kept.
// 2. What ended early is taken out at once: a far deadline keeps nothing alive.
import type { Clock } from "../../clock.ts";

/** Has a deadline, and bears its place among them. */
export interface Due {
  readonly due: number;
  /** -1 while it is not kept; only `Deadlines` writes it. */
  place: number;
}

export class Deadlines<T extends Due> {
  /** A heap: none is earlier than the one above it. */
  readonly #heap: T[] = [];
  readonly #clock: Clock;
  readonly #passed: (item: T) => void;
  #timer: (() => void) | undefined = undefined;
  /** When the timer fires. */
  #armed = 0;

  constructor(clock: Clock, passed: (item: T) => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  add(item: T): void {
    this.#rise(item, this.#heap.length);
    this.#arm();
  }

  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#heap.pop() as T;
    if (last !== item) {
      if (last.due < item.due) this.#rise(last, place);
      else this.#sink(last, place);
    }
    if (this.#heap.length === 0) this.clear();
  }

  /** Forgets all. */
  clear(): void {
    for (const item of this.#heap.splice(0)) item.place = -1;
    this.#timer?.();
    this.#timer = undefined;
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.due <= now; first = this.#heap[0]) {
      this.remove(first);
      this.#passed(first);
    }
    this.#arm();
  };

  #arm(): void {
    const first = this.#heap[0];
    // One that fires too early finds nothing due and is set again: cheaper than setting it anew for each that ends.
    if (first === undefined || (this.#timer !== undefined && this.#armed <= first.due)) return;
    this.#timer?.();
    this.#armed = first.due;
    this.#timer = this.#clock.after(Math.max(0, first.due - this.#clock.now()), this.#ring);
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as T;
      if (other.due <= item.due) break;
      this.#put(other, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      let below = place * 2 + 1;
      const left = this.#heap[below];
      const right = this.#heap[below + 1];
      if (left === undefined) break;
      if (right !== undefined && right.due < left.due) below++;
      const other = this.#heap[below] as T;
      if (other.due >= item.due) break;
      this.#put(other, place);
      place = below;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
