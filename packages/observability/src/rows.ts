// Numbers by label set: one Float64Array, a row of cells for each set of label values.
//
// 1. A row, once given out, keeps its place; only the array behind `cells` may be exchanged by `row`. Read it afterwards.
// 2. At most `limit` rows are told apart; what comes later goes to a row whose last label says "other".
// 3. Label text is made when a row is born, never when it is counted or rendered.

export interface RowsOptions {
  /** One or two label names. */
  readonly labels: readonly [string] | readonly [string, string];
  /** Cells in a row. */
  readonly width: number;
  readonly limit: number;
  /** Hears when the first row did not fit, once. */
  full(): void;
}

const OTHER = "other";
// First labels are kinds and the like: more of them than this is a mistake, and is not told apart either.
const MAX_OTHERS = 64;

export class Rows {
  cells: Float64Array;
  /** The text of each row's labels: `kind="tool",name="weather"`. */
  readonly text: string[] = [];
  readonly width: number;
  readonly #options: RowsOptions;
  readonly #places = new Map<string, Map<string, number>>();
  #full = false;
  #others = 0;

  constructor(options: RowsOptions) {
    this.#options = options;
    this.width = options.width;
    this.cells = new Float64Array(16 * options.width);
  }

  get size(): number {
    return this.text.length;
  }

  /** Where in `cells` the row of these label values begins. */
  row(first: string, second = ""): number {
    return this.#places.get(first)?.get(second) ?? this.#make(first, second);
  }

  #make(first: string, second: string): number {
    if (this.size - this.#others < this.#options.limit) return this.#add(first, second);
    if (!this.#full) {
      this.#full = true;
      this.#options.full();
    }
    if (this.#options.labels.length === 1) return this.#other(OTHER, "");
    const known = this.#places.get(first)?.has(OTHER) === true;
    return this.#other(known || this.#others < MAX_OTHERS ? first : OTHER, OTHER);
  }

  #other(first: string, second: string): number {
    const known = this.#places.get(first)?.get(second);
    if (known !== undefined) return known;
    this.#others++;
    return this.#add(first, second);
  }

  #add(first: string, second: string): number {
    const place = this.size * this.width;
    if (place === this.cells.length) {
      const larger = new Float64Array(this.cells.length * 2);
      larger.set(this.cells);
      this.cells = larger;
    }
    const [one, two] = this.#options.labels;
    this.text.push(two === undefined ? label(one, first) : `${label(one, first)},${label(two, second)}`);
    let places = this.#places.get(first);
    if (places === undefined) {
      places = new Map();
      this.#places.set(first, places);
    }
    places.set(second, place);
    return place;
  }
}

/** Writes one label the way the exposition format wants it. */
export function label(name: string, value: string): string {
  return `${name}="${value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}
