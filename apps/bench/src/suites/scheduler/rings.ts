// The limit of both cases: four plain rings, ageing by count.

class Ring<T> {
  #slots: (T | undefined)[] = new Array(8).fill(undefined);
  #head = 0;
  size = 0;

  push(item: T): void {
    if (this.size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.size++) & (this.#slots.length - 1)] = item;
  }

  shift(): T | undefined {
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.size--;
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    const slots: (T | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (let index = 0; index < this.size; index++) slots[index] = old[(this.#head + index) & (old.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}

/** One take in sixteen serves the lowest that waits. */
export function rankOf(ready: number, takes: number): number {
  return takes % 16 === 0 ? 31 - Math.clz32(ready) : 31 - Math.clz32(ready & -ready);
}

export class FourRings<T extends { readonly rank: number }> {
  readonly #rings = [new Ring<T>(), new Ring<T>(), new Ring<T>(), new Ring<T>()];
  #ready = 0;
  #takes = 0;

  push(item: T): void {
    (this.#rings[item.rank] as Ring<T>).push(item);
    this.#ready |= 1 << item.rank;
  }

  take(): T | undefined {
    if (this.#ready === 0) return undefined;
    const rank = rankOf(this.#ready, ++this.#takes);
    const ring = this.#rings[rank] as Ring<T>;
    const item = ring.shift();
    if (ring.size === 0) this.#ready &= ~(1 << rank);
    return item;
  }
}
