/** A queue in a growing circle of slots: adding and taking at either end moves nothing. */
export class Ring<T> {
  #items: (T | undefined)[] = new Array(8).fill(undefined);
  #head = 0;
  size = 0;

  get first(): T | undefined {
    return this.size === 0 ? undefined : this.#items[this.#head];
  }

  push(item: T): void {
    if (this.size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.size) & (this.#items.length - 1)] = item;
    this.size++;
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    // Let go of it, or the ring would keep the last lap of messages alive.
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.size--;
    return item;
  }

  /** Puts one before all others. */
  unshift(item: T): void {
    if (this.size === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.size++;
  }

  /** All of them, the first one first. */
  values(): T[] {
    const items = this.#items;
    return Array.from({ length: this.size }, (_, index) => items[(this.#head + index) & (items.length - 1)] as T);
  }

  #grow(): void {
    const old = this.#items;
    const items: (T | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (let index = 0; index < this.size; index++) items[index] = old[(this.#head + index) & (old.length - 1)];
    this.#items = items;
    this.#head = 0;
  }
}
