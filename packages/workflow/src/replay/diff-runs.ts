import { canonicalJson, type JournalRow } from "@mofa/kernel";

/** How a step of one run compares with the one at the same place of another. */
export interface StepDifference {
  /** `input`: it was asked something else; `result`: the same, but it gave something else. */
  readonly status: "same" | "input" | "result" | "only-a" | "only-b";
  readonly kind: string;
  readonly name: string;
  readonly a?: JournalRow;
  readonly b?: JournalRow;
}

/**
 * Compares what two runs did, such as a run and its fork, by their rows. Recorded times, chance and ids are left out:
 * they always differ. Steps pair up where they are the same in both, then by their kind, name and order.
 */
export function diffRuns(rowsA: readonly JournalRow[], rowsB: readonly JournalRow[]): readonly StepDifference[] {
  const steps = rowsA.filter(isStep);
  const others = new Pairing(rowsB.filter(isStep));
  const exact = new Map(steps.map((row) => [row, others.take(row.key)]));
  const found = steps.map((a) => compare(a, exact.get(a) ?? others.takeAlike(a)));
  return [...found, ...others.left().map((b): StepDifference => ({ status: "only-b", kind: b.kind, name: b.name, b }))];
}

const isStep = ({ type }: JournalRow) => type !== "value" && type !== "begin";

function compare(a: JournalRow, b: JournalRow | undefined): StepDifference {
  const { kind, name } = a;
  if (b === undefined) return { status: "only-a", kind, name, a };
  if (a.key !== b.key) return { status: "input", kind, name, a, b };
  return { status: resultOf(a) === resultOf(b) ? "same" : "result", kind, name, a, b };
}

/** What other rows hold (tokens, ids, times) is never the same in two runs. */
function resultOf({ type, body, error }: JournalRow): string {
  if (type !== "step") return "";
  return error === undefined ? canonicalJson(body) : `${error.code}: ${error.message}`;
}

class Pairing {
  readonly #rows: Map<string, JournalRow>;
  readonly #alike = new Map<string, JournalRow[]>();

  constructor(rows: readonly JournalRow[]) {
    this.#rows = new Map(rows.map((row) => [row.key, row]));
    for (const row of rows) {
      const place = placeOf(row);
      const others = this.#alike.get(place);
      if (others === undefined) this.#alike.set(place, [row]);
      else others.push(row);
    }
  }

  take(key: string): JournalRow | undefined {
    const row = this.#rows.get(key);
    this.#rows.delete(key);
    return row;
  }

  /** The first that nobody has taken at the same place, whatever it was asked. */
  takeAlike(row: JournalRow): JournalRow | undefined {
    const others = this.#alike.get(placeOf(row)) ?? [];
    for (let other = others.shift(); other !== undefined; other = others.shift())
      if (this.#rows.delete(other.key)) return other;
    return undefined;
  }

  left(): readonly JournalRow[] {
    return [...this.#rows.values()];
  }
}

/** The path of a step without what it and those above it were asked; keys that people gave stay. */
function placeOf({ key }: JournalRow): string {
  return key.replaceAll(/~[0-9a-f]{20}|:[0-9a-f]{12}#\d+/g, "");
}
