/** Things by a key that many share; a key that nothing has is forgotten. */
export interface Groups<T> {
  add(key: string, thing: T): void;
  delete(key: string, thing: T): void;
  /** In the order in which they came. */
  of(key: string): ReadonlySet<T>;
  has(key: string): boolean;
  keys(): Iterable<string>;
}

export function createGroups<T>(): Groups<T> {
  const groups = new Map<string, Set<T>>();
  return {
    add(key, thing) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, new Set([thing]));
      else group.add(thing);
    },
    delete(key, thing) {
      const group = groups.get(key);
      if (group?.delete(thing) === true && group.size === 0) groups.delete(key);
    },
    of: (key) => groups.get(key) ?? new Set(),
    has: (key) => groups.has(key),
    keys: () => groups.keys(),
  };
}
