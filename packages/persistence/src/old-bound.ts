/** A place in the order of age: by time, and by id where that is the same. */
export interface Bound {
  readonly at: number;
  readonly id: string;
}

/**
 * Up to where everything is old, the bound itself too: by time, or from the newest of those that are too many. Nothing
 * is when it is undefined.
 */
export function boundOf(surplus: Bound | undefined, before: number | undefined): Bound | undefined {
  if (before === undefined) return surplus;
  // No id is empty: what is of this very time stays.
  return surplus === undefined || surplus.at < before ? { at: before, id: "" } : surplus;
}
