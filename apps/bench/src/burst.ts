/** Opens once so many have arrived: for work whose end is only seen by its handler. */
export class Gate {
  #missing = 0;
  #open: () => void = () => {};

  arrive(): void {
    if (--this.#missing === 0) this.#open();
  }

  wait(count: number): Promise<void> {
    this.#missing = count;
    return new Promise((resolve) => {
      this.#open = resolve;
    });
  }
}

/** Sends in bursts, each of which must have arrived before the next; `perSend` arrivals belong to one send. */
export async function inBursts(
  times: number,
  { size, perSend = 1, gate }: { readonly size: number; readonly perSend?: number; readonly gate: Gate },
  send: (count: number) => void,
): Promise<void> {
  for (let left = times; left > 0; left -= size) {
    const count = Math.min(left, size);
    const arrived = gate.wait(count * perSend);
    send(count);
    await arrived;
  }
}

/** Lets everything that waits have its turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
