/** Where work waits until it is let on by hand, in an order of chance. */
export class Gates {
  /** Whether nothing waits any more. */
  open = false;
  readonly #waiting: (() => void)[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Waits here; with a signal, no longer than until it fires. */
  pass(signal?: AbortSignal): Promise<void> {
    if (this.open) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener("abort", cancelled);
        resolve();
      };
      const cancelled = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal?.reason);
      };
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      signal?.addEventListener("abort", cancelled, { once: true });
      this.#waiting.push(go);
    });
  }

  /** Lets one on. */
  release(index: number): void {
    this.#waiting.splice(index, 1)[0]?.();
  }

  openAll(): void {
    this.open = true;
    while (this.#waiting.length > 0) this.release(0);
  }
}
