/** One sentence about what every thing of a kind does, with the proof. Any test runner loops over a list of these. */
export interface Contract<Thing> {
  readonly name: string;
  /** Opens what it needs, and throws `testing.contract_broken` where the promise is not kept. */
  run(open: Open<Thing>): Promise<void>;
}

/** Opens a new, empty thing on a clock that stands still. */
export type Open<Thing> = () => Promise<Opened<Thing>>;

export interface Opened<Thing> extends AsyncDisposable {
  readonly thing: Thing;
  readonly clock: { now(): number; advance(ms: number): void | Promise<void> };
  /** The same data as another connection or process sees it; left out where the data lives in the thing itself. */
  reopen?(): Promise<Thing>;
}

/** Another one on the same data: a second connection, or the thing itself where there can be no other. */
export async function second<Thing>({ thing, reopen }: Opened<Thing>): Promise<Thing> {
  return reopen === undefined ? thing : reopen();
}
