/** Places for so many at a time; who finds none waits in line. */
export interface Slots {
  /** Takes a place: at once, or when the promise resolves. */
  take(): Promise<void> | undefined;
  give(): void;
}

export function createSlots(most: number): Slots {
  const waiting: (() => void)[] = [];
  let free = most;
  return {
    take() {
      if (free > 0) {
        free--;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    },
  };
}
