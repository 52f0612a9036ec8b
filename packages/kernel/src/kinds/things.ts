import { createGroups, type Groups } from "./groups.ts";

/** Things by key, in the order in which they came, and by what they share with others: `Share` names the ways. */
export interface Things<T, Share extends string> {
  get(key: string): T | undefined;
  set(key: string, thing: T): void;
  delete(key: string): void;
  values(): Iterable<T>;
  /** All that share a value in a way. */
  of(share: Share, value: string): Iterable<T>;
  deleteOf(share: Share, value: string): void;
  /** The values that any share in a way. */
  shared(share: Share): Iterable<string>;
}

export function createThings<T, Share extends string>(
  shares: Readonly<Record<Share, (thing: T) => string>>,
): Things<T, Share> {
  const things = new Map<string, T>();
  const names = Object.keys(shares) as Share[];
  const groups = Object.fromEntries(names.map((name) => [name, createGroups<string>()])) as Record<
    Share,
    Groups<string>
  >;

  function remove(key: string): void {
    const thing = things.get(key);
    if (thing === undefined) return;
    for (const name of names) groups[name].delete(shares[name](thing), key);
    things.delete(key);
  }

  return {
    get: (key) => things.get(key),
    set(key, thing) {
      const before = things.get(key);
      for (const name of names) {
        const value = shares[name](thing);
        if (before !== undefined && shares[name](before) !== value) groups[name].delete(shares[name](before), key);
        groups[name].add(value, key);
      }
      things.set(key, thing);
    },
    delete: remove,
    values: () => things.values(),
    *of(share, value) {
      for (const key of groups[share].of(value)) {
        const thing = things.get(key);
        if (thing !== undefined) yield thing;
      }
    },
    deleteOf(share, value) {
      for (const key of [...groups[share].of(value)]) remove(key);
    },
    shared: (share) => groups[share].keys(),
  };
}
