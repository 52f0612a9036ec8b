// How many things are in which status now, by following each one's changes.
//
// 1. A thing is forgotten when it reaches a status that is not among the live ones: this holds only what lives.
// 2. At most `limit` things are followed; `full` hears once that there are more.

export interface LiveStatusesOptions {
  /** The statuses to count; any other ends a thing. */
  readonly live: readonly string[];
  readonly limit: number;
  full(): void;
}

export class LiveStatuses {
  readonly #options: LiveStatusesOptions;
  readonly #statuses = new Map<string, string>();
  readonly #counts: Map<string, number>;
  #full = false;

  constructor(options: LiveStatusesOptions) {
    this.#options = options;
    this.#counts = new Map(options.live.map((status) => [status, 0]));
  }

  /** The live statuses with how many things are in each. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The status of one that is followed. */
  of(id: string): string | undefined {
    return this.#statuses.get(id);
  }

  change(id: string, status: string): void {
    const before = this.#statuses.get(id);
    if (before === status) return;
    const count = this.#counts.get(status);
    if (count !== undefined && before === undefined && this.#statuses.size >= this.#options.limit) {
      this.#refuse();
      return;
    }
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 1) - 1);
    if (count === undefined) {
      this.#statuses.delete(id);
      return;
    }
    this.#statuses.set(id, status);
    this.#counts.set(status, count + 1);
  }

  #refuse(): void {
    if (this.#full) return;
    this.#full = true;
    this.#options.full();
  }
}
