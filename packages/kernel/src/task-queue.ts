// Work that waits, in order of priority, then of tenants' turns, then of age.
//
// 1. Items bear their own slot: cancelling finds it without a search, and nothing is allocated for an item.
// 2. Every eighth take serves somebody else than the most urgent: by turns the lowest that waits, and one between.
//    So no priority is starved by the others.
// 3. Within a priority, tenants that wait take turns. Where all are of one tenant there is one ring and no turn.
// 4. What was cancelled leaves a hole; rings are packed before they grow, so holes never outnumber what waits.
import type { Priority } from "./message.ts";

/** What a queue needs of its items. */
export interface Queued {
  /** Where it is in the queue, -1 while it is in none; only the queue writes it. */
  slot: number;
  /** 0 (most urgent) to 3. */
  readonly rank: number;
  readonly tenant: string;
  /** The lower, the older: what is put back goes before all that are younger. */
  readonly age: number;
}

export const RANKS: Readonly<Record<Priority, number>> = { critical: 0, high: 1, normal: 2, low: 3 };

/** Says which rank is served by the so manieth take, where bit n of `ready` tells that rank n waits. */
export function servedRank(ready: number, takes: number): number {
  const urgent = lowestBit(ready);
  if ((takes & 7) !== 0) return urgent;
  const last = highestBit(ready);
  if ((takes & 15) === 0) return last;
  const between = ready & ~(1 << urgent) & ~(1 << last);
  if (between === 0) return urgent;
  return (takes & 16) === 0 ? lowestBit(between) : highestBit(between);
}

export class TaskQueue<T extends Queued> {
  size = 0;
  /** Bit n says that rank n waits. */
  ready = 0;
  /** Of each rank, the ring whose turn it is. */
  readonly #turns: (Ring<T> | undefined)[] = [undefined, undefined, undefined, undefined];
  /** Of each rank, the rings by tenant: there only while several tenants wait. */
  readonly #tenants: (Map<string, Ring<T>> | undefined)[] = [undefined, undefined, undefined, undefined];
  #takes = 0;

  push(item: T): void {
    this.#ringFor(item).push(item);
    this.#added(item);
  }

  /** Puts back what was taken, at its old age: before all of its tenant and rank that are younger. */
  restore(item: T): void {
    this.#ringFor(item).restore(item);
    this.#added(item);
  }

  take(): T | undefined {
    return this.ready === 0 ? undefined : this.takeFrom(servedRank(this.ready, ++this.#takes));
  }

  /** Takes the next of one rank. */
  takeFrom(rank: number): T | undefined {
    const ring = this.#turns[rank];
    const item = ring?.shift();
    if (ring === undefined || item === undefined) return undefined;
    this.size--;
    if (ring.next !== ring) {
      this.#turns[rank] = ring.next;
      if (ring.size === 0) this.#unlink(ring, rank);
    } else if (ring.size === 0) this.ready &= ~(1 << rank);
    return item;
  }

  /** What `takeFrom` would take. */
  front(rank: number): T | undefined {
    return this.#turns[rank]?.first();
  }

  /** Takes an item out, wherever it is; false when it does not wait here. */
  remove(item: T): boolean {
    const { rank } = item;
    const ring = this.#known(item);
    if (ring === undefined || !ring.remove(item)) return false;
    this.size--;
    if (ring.size > 0) return true;
    if (ring.next !== ring) this.#unlink(ring, rank);
    else this.ready &= ~(1 << rank);
    return true;
  }

  #added(item: T): void {
    this.ready |= 1 << item.rank;
    this.size++;
  }

  #known({ rank, tenant }: T): Ring<T> | undefined {
    const ring = this.#turns[rank];
    return ring === undefined || ring.tenant === tenant ? ring : this.#tenants[rank]?.get(tenant);
  }

  #ringFor(item: T): Ring<T> {
    const { rank, tenant } = item;
    const turn = this.#turns[rank];
    if (turn === undefined) {
      const first = new Ring<T>(tenant);
      this.#turns[rank] = first;
      return first;
    }
    if (turn.tenant === tenant) return turn;
    if (turn.size === 0) {
      turn.tenant = tenant;
      return turn;
    }
    return this.#tenants[rank]?.get(tenant) ?? this.#link(turn, item);
  }

  /** Gives a tenant a ring of its own, whose turn comes after all that wait already. */
  #link(turn: Ring<T>, { rank, tenant }: T): Ring<T> {
    const ring = new Ring<T>(tenant);
    ring.next = turn;
    ring.before = turn.before;
    turn.before.next = ring;
    turn.before = ring;
    this.#tenants[rank] ??= new Map([[turn.tenant, turn]]);
    this.#tenants[rank].set(tenant, ring);
    return ring;
  }

  #unlink(ring: Ring<T>, rank: number): void {
    ring.before.next = ring.next;
    ring.next.before = ring.before;
    if (this.#turns[rank] === ring) this.#turns[rank] = ring.next;
    this.#tenants[rank]?.delete(ring.tenant);
    if (ring.next.next === ring.next) this.#tenants[rank] = undefined;
  }
}

const LEAST = 8;
// An empty ring longer than this gives half of it back when it was not needed since it was empty last.
const KEPT = 4096;

/** A growing circle of slots with holes. Places are counted on and on, so that growing leaves them as they are. */
class Ring<T extends Queued> {
  tenant: string;
  size = 0;
  next: Ring<T> = this;
  before: Ring<T> = this;
  #slots: (T | undefined)[] = new Array(LEAST).fill(undefined);
  #mask = LEAST - 1;
  #head = 0;
  /** Behind the last, holes included. */
  #tail = 0;

  constructor(tenant: string) {
    this.tenant = tenant;
  }

  push(item: T): void {
    if (this.#tail - this.#head > this.#mask) this.#makeRoom();
    const slot = this.#tail++;
    this.#slots[slot & this.#mask] = item;
    item.slot = slot;
    this.size++;
  }

  shift(): T | undefined {
    // Looked at here first: most rings have no hole, and most takes come this way.
    const item = this.#slots[this.#head & this.#mask] ?? this.first();
    if (item === undefined) return undefined;
    this.#slots[this.#head++ & this.#mask] = undefined;
    item.slot = -1;
    if (--this.size === 0) this.#clear();
    return item;
  }

  first(): T | undefined {
    if (this.size === 0) return undefined;
    let item = this.#slots[this.#head & this.#mask];
    while (item === undefined) item = this.#slots[++this.#head & this.#mask];
    return item;
  }

  remove(item: T): boolean {
    const at = item.slot & this.#mask;
    // One that does not wait here has no place, or one that another has now.
    if (this.#slots[at] !== item) return false;
    this.#slots[at] = undefined;
    item.slot = -1;
    if (--this.size === 0) this.#clear();
    return true;
  }

  restore(item: T): void {
    if (this.#tail - this.#head > this.#mask) this.#makeRoom();
    let at = --this.#head;
    // Those that are older stay before it; of these there are only what else was put back.
    for (; at + 1 < this.#tail; at++) {
      const other = this.#slots[(at + 1) & this.#mask];
      if (other !== undefined && other.age > item.age) break;
      this.#put(other, at);
    }
    this.#put(item, at);
    this.size++;
  }

  #put(item: T | undefined, slot: number): void {
    this.#slots[slot & this.#mask] = item;
    if (item !== undefined) item.slot = slot;
  }

  #clear(): void {
    // No more than came since then can have been there at a time.
    const most = this.#tail;
    this.#head = 0;
    this.#tail = 0;
    const { length } = this.#slots;
    if (length > KEPT && most * 4 < length) this.#lay(new Array(length / 2).fill(undefined));
  }

  /** Packs what is there; into a longer circle where holes alone do not make enough room. */
  #makeRoom(): void {
    const old = this.#slots;
    const [head, tail, mask] = [this.#head, this.#tail, this.#mask];
    const packs = this.size * 2 <= old.length;
    this.#lay(new Array(packs ? old.length : old.length * 2).fill(undefined));
    if (packs) this.#tail = head;
    for (let slot = head; slot < tail; slot++) {
      const item = old[slot & mask];
      if (!packs) this.#slots[slot & this.#mask] = item;
      else if (item !== undefined) this.#put(item, this.#tail++);
    }
  }

  #lay(slots: (T | undefined)[]): void {
    this.#slots = slots;
    this.#mask = slots.length - 1;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

function highestBit(bits: number): number {
  return 31 - Math.clz32(bits);
}
