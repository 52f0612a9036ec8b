// A list that is always in order, and stays cheap when it is very long.
//
// 1. `compare` gives 0 for the thing itself alone, and the same answer for as long as the thing is in the list.
// 2. The list is kept in parts: what goes in or out moves the rest of its part, not all that follow.
// 3. Nothing goes in or out while somebody walks through it.
export interface Ordered<T> extends Iterable<T> {
  readonly size: number;
  add(thing: T): void;
  delete(thing: T): void;
  /** From the last to the first; with `before`, from the last that comes before it. */
  backwards(before?: T): Iterable<T>;
}

type Compare<T> = (left: T, right: T) => number;

const PART = 512;

export function createOrdered<T>(compare: Compare<T>): Ordered<T> {
  const parts: T[][] = [];
  let size = 0;

  /** Where a thing is, or would be: the part, and the place in it. */
  function placeOf(thing: T): { readonly part: number; readonly place: number } {
    const isBefore = (other: T | undefined) => other !== undefined && compare(other, thing) < 0;
    const part = countWhile(parts, (each) => isBefore(each.at(-1)));
    return { part, place: countWhile(parts[part] ?? [], isBefore) };
  }

  function split(index: number, part: T[]): void {
    if (part.length > PART) parts.splice(index + 1, 0, part.splice(PART / 2));
  }

  return {
    get size() {
      return size;
    },
    add(thing) {
      size++;
      const { part: index, place } = placeOf(thing);
      const last = parts.at(-1);
      if (last === undefined) return void parts.push([thing]);
      const part = parts[index];
      if (part === undefined) last.push(thing);
      else part.splice(place, 0, thing);
      split(Math.min(index, parts.length - 1), part ?? last);
    },
    delete(thing) {
      const { part: index, place } = placeOf(thing);
      const part = parts[index];
      const found = part?.[place];
      if (part === undefined || found === undefined || compare(found, thing) !== 0) return;
      size--;
      part.splice(place, 1);
      if (part.length === 0) parts.splice(index, 1);
    },
    *[Symbol.iterator]() {
      for (const part of parts) yield* part;
    },
    *backwards(before) {
      const from = before === undefined ? { part: parts.length, place: 0 } : placeOf(before);
      let place = from.place;
      for (let index = from.part; index >= 0; index--) {
        const part = parts[index] ?? [];
        for (const thing of part.slice(0, place).reverse()) yield thing;
        place = PART + 1;
      }
    },
  };
}

/** Walks through several lists at once, each of which is in order. */
export function* inOrder<T>(lists: readonly Iterable<T>[], compare: Compare<T>): Iterable<T> {
  const heads = lists.flatMap((list) => {
    const rest = list[Symbol.iterator]();
    const first = rest.next();
    return first.done === true ? [] : { rest, thing: first.value };
  });
  while (heads.length > 0) {
    let best = 0;
    for (const [index, { thing }] of heads.entries()) {
      const least = heads[best];
      if (least !== undefined && compare(thing, least.thing) < 0) best = index;
    }
    const head = heads[best];
    if (head === undefined) return;
    yield head.thing;
    const next = head.rest.next();
    if (next.done === true) heads.splice(best, 1);
    else head.thing = next.value;
  }
}

/** How many items at the beginning of a list a condition holds for; after the first for which it does not, it never does. */
function countWhile<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
