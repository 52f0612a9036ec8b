import type { Fact, FactSource, Hit, JsonObject, KeptFact } from "@mofa/kernel";

/** A fact as every database gives it. */
export interface FactRow {
  readonly n: number;
  readonly id: string;
  readonly text: string;
  readonly meta: string | null;
  readonly source: string | null;
  readonly at: number;
}

/** What a filter looks at. */
export type FilterRow = Pick<FactRow, "n" | "meta" | "source" | "at">;

/** The columns of a fact that are JSON. */
export function jsonOf({ meta, source }: Pick<Fact, "meta" | "source">) {
  return {
    meta: meta === undefined ? null : JSON.stringify(meta),
    source: source === undefined ? null : JSON.stringify(source),
  };
}

/** What was kept beside a fact. */
export function besideOf({ meta, source }: Pick<FactRow, "meta" | "source">): Pick<Fact, "meta" | "source"> {
  return {
    ...(meta === null ? {} : { meta: JSON.parse(meta) as JsonObject }),
    ...(source === null ? {} : { source: JSON.parse(source) as FactSource }),
  };
}

export function toKept(row: FactRow, namespace: string): KeptFact {
  return { id: row.id, namespace, text: row.text, ...besideOf(row), at: row.at };
}

/** What was found, in its order; what was deleted meanwhile is left out. */
export function toFound(hits: readonly Hit[], rows: readonly FactRow[], namespace: string) {
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  return hits.flatMap(({ n, score, why }) => {
    const row = byNumber.get(n);
    return row === undefined ? [] : [{ ...toKept(row, namespace), score, why }];
  });
}
