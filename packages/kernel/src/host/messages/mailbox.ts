// A bounded queue in order of priority, then age.
//
// 1. Four rings and a word of ready bits: nothing is searched or moved.
// 2. One in sixteen takes serves the lowest priority that waits: low is never starved.
// 3. Bounded in messages, and in bytes when asked to measure them; what happens when it is full has a name.
// 4. Senders who wait for room are let in in the order they came; nobody overtakes them.
// 5. A message never displaces a more urgent one: then it is the newcomer that goes.
// 6. What was taken and is put back comes before its like, bound or no bound: it was in already.
import { type FullPolicy, type MailboxOptions, PRIORITIES } from "../../message.ts";
import { Ring } from "./ring.ts";

/** What became of an item: in, in at the cost of the oldest, out, or to be tried again when there is room. */
export type Pushed = "in" | "displaced" | "full" | "dropped" | "wait" | "too large";

/** Waits outside for room. */
interface Waiter<T> {
  readonly item: T;
  readonly bytes: number;
  readonly rank: number;
  /** Told true when it is in, false when the mailbox was emptied for good. */
  readonly admitted: (taken: boolean) => void;
}

const LOWEST_TURN = 16;

export class Mailbox<T> {
  readonly maxMessages: number;
  readonly maxBytes: number | undefined;
  readonly full: FullPolicy;
  readonly #rings: (Ring<T> | undefined)[] = [undefined, undefined, undefined, undefined];
  /** The bytes of each item, in rings beside those of the items; there only when bytes are bounded. */
  readonly #bytesOf: (Ring<number> | undefined)[] | undefined;
  readonly #dropped: (item: T) => void;
  #ready = 0;
  #size = 0;
  #bytes = 0;
  #takes = 0;
  #waiters: Ring<Waiter<T>> | undefined = undefined;

  /** `dropped` hears of items that had to go. */
  constructor(options: MailboxOptions, dropped: (item: T) => void) {
    this.maxMessages = options.maxMessages ?? 1000;
    this.maxBytes = options.maxBytes;
    this.#bytesOf = options.maxBytes === undefined ? undefined : [undefined, undefined, undefined, undefined];
    this.full = options.full ?? "reject";
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#size;
  }

  /** Text of the bound, for errors. */
  get bound(): string {
    return this.maxBytes === undefined
      ? `${this.maxMessages} messages`
      : `${this.maxMessages} messages, ${this.maxBytes} bytes`;
  }

  push(item: T, rank: number, bytes = 0): Pushed {
    const nobodyWaits = this.#waiters === undefined || this.#waiters.size === 0;
    if (nobodyWaits && this.#hasRoom(bytes)) {
      this.#add(item, rank, bytes);
      return "in";
    }
    // What can never fit must not wait, nor throw out what does.
    if (this.maxBytes !== undefined && bytes > this.maxBytes) return "too large";
    if (this.maxMessages < 1) return "full";
    switch (this.full) {
      case "reject":
        return "full";
      case "drop-newest":
        return "dropped";
      case "wait":
        return "wait";
      case "drop-oldest":
        return this.#displace(item, rank, bytes);
    }
  }

  /** Puts back what was taken, before all others of its rank. */
  putBack(item: T, rank: number, bytes = 0): void {
    this.#rings[rank] ??= new Ring<T>();
    this.#rings[rank].unshift(item);
    this.#ready |= 1 << rank;
    this.#size++;
    if (this.#bytesOf === undefined) return;
    this.#bytesOf[rank] ??= new Ring<number>();
    this.#bytesOf[rank].unshift(bytes);
    this.#bytes += bytes;
  }

  /** Waits for room behind everyone who waits already; false when the mailbox was emptied for good instead. */
  wait(item: T, rank: number, bytes = 0): Promise<boolean> {
    this.#waiters ??= new Ring<Waiter<T>>();
    const waiters = this.#waiters;
    return new Promise((admitted) => waiters.push({ item, rank, bytes, admitted }));
  }

  take(): T | undefined {
    if (this.#ready === 0) return undefined;
    const lowest = ++this.#takes % LOWEST_TURN === 0;
    const rank = lowest ? 31 - Math.clz32(this.#ready) : 31 - Math.clz32(this.#ready & -this.#ready);
    return this.#takeFrom(rank);
  }

  /** Empties it for good: takes everything, oldest of the most urgent first, and turns away who waits for room. */
  drain(): T[] {
    const items: T[] = [];
    for (let waiter = this.#waiters?.shift(); waiter !== undefined; waiter = this.#waiters?.shift())
      waiter.admitted(false);
    for (let rank = 0; rank < PRIORITIES.length; rank++) {
      for (let item = this.#takeFrom(rank); item !== undefined; item = this.#takeFrom(rank)) items.push(item);
    }
    return items;
  }

  #hasRoom(bytes: number): boolean {
    return this.#size < this.maxMessages && (this.maxBytes === undefined || this.#bytes + bytes <= this.maxBytes);
  }

  #add(item: T, rank: number, bytes: number): void {
    this.#rings[rank] ??= new Ring<T>();
    this.#rings[rank].push(item);
    this.#ready |= 1 << rank;
    this.#size++;
    if (this.#bytesOf === undefined) return;
    this.#bytesOf[rank] ??= new Ring<number>();
    this.#bytesOf[rank].push(bytes);
    this.#bytes += bytes;
  }

  #displace(item: T, rank: number, bytes: number): Pushed {
    while (!this.#hasRoom(bytes)) {
      const leastUrgent = 31 - Math.clz32(this.#ready);
      if (leastUrgent < rank) return "dropped";
      const oldest = this.#takeFrom(leastUrgent);
      if (oldest !== undefined) this.#dropped(oldest);
    }
    this.#add(item, rank, bytes);
    return "displaced";
  }

  #takeFrom(rank: number): T | undefined {
    const ring = this.#rings[rank];
    const item = ring?.shift();
    if (ring === undefined || item === undefined) return undefined;
    if (ring.size === 0) this.#ready &= ~(1 << rank);
    this.#size--;
    if (this.#bytesOf !== undefined) this.#bytes -= this.#bytesOf[rank]?.shift() ?? 0;
    if (this.#waiters !== undefined) this.#admit(this.#waiters);
    return item;
  }

  #admit(waiters: Ring<Waiter<T>>): void {
    for (let next = waiters.first; next !== undefined && this.#hasRoom(next.bytes); next = waiters.first) {
      waiters.shift();
      this.#add(next.item, next.rank, next.bytes);
      next.admitted(true);
    }
  }
}
