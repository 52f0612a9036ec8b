import { BM25, createNearest, type Near, type Ranked, rarity, type Search } from "@mofa/kernel";
import { type SQL, sql } from "drizzle-orm";
import type { FactRow } from "../fact-rows.ts";
import { toFloats } from "../vectors.ts";
import type { Database } from "./database.ts";
import type { prepareMemory } from "./memory-statements.ts";
import { fact, type namespace, vector, word } from "./tables.ts";
import { nearestInside } from "./vectors-inside.ts";

type Db = Database["db"];
type Home = typeof namespace.$inferSelect;

/** What a search looks at. */
export interface Where {
  readonly db: Db;
  readonly home: Home;
  /** The facts that fit the filter; absent without one. */
  readonly fitting: ReadonlySet<number> | undefined;
  /** Whether the database reckons what is near. */
  readonly inside: boolean;
}

/** The facts that share words with the query, best first. */
export function byWords(
  { words, depth }: Search,
  { db, home, fitting }: Where,
  { holding }: Pick<ReturnType<typeof prepareMemory>, "holding">,
): readonly Ranked[] {
  if (words.length === 0) return [];
  const weights = words.map((one) => [
    one,
    rarity(home.facts, holding.get({ namespace: home.n, word: one })?.facts ?? 0),
  ]);
  // A filter leaves out before the list is cut.
  const limit = fitting === undefined ? depth : -1;
  const list = db.all<Ranked>(ranking(home, JSON.stringify(weights), limit));
  return fitting === undefined ? list : list.filter(({ n }) => fitting.has(n)).slice(0, depth);
}

// BM25 in one statement: the words wanted come in as JSON with their weights, and only their postings are read.
function ranking({ n, facts, words }: Home, weights: string, limit: number) {
  const { repetition, length } = BM25;
  const mean = Math.max(1, words / facts);
  const norm = sql`${repetition} * (${1 - length} + ${length} * ${fact.words} / ${mean})`;
  const gain = sql`wanted.value ->> 1 * (${word.count} * ${repetition + 1}) / (${word.count} + ${norm})`;
  return sql`SELECT ${fact.n} AS n, sum(${gain}) AS score
    FROM json_each(${weights}) AS wanted
    CROSS JOIN ${word} ON ${word.namespace} = ${n} AND ${word.word} = wanted.value ->> 0
    CROSS JOIN ${fact} ON ${fact.n} = ${word.fact}
    GROUP BY ${fact.n} ORDER BY score DESC, ${fact.at} DESC, ${fact.id} LIMIT ${limit}`;
}

// Vectors in memory at a time: 4 MB of 256 dimensions.
const PAGE = 4_096;

/** The facts whose vectors are nearest: every vector of the namespace is looked at, by the database or here. */
export function byVectors(near: Near | undefined, depth: number, where: Where): readonly Ranked[] {
  if (near === undefined) return [];
  const { db, home, fitting, inside } = where;
  const nearest = createNearest(near, depth);
  const among = sql`${vector.namespace} = ${home.n} AND ${vector.model} = ${near.space}`;
  const read = (which: SQL) => {
    const rows = db.values<[number, Buffer]>(sql`SELECT ${vector.fact}, ${vector.floats} FROM ${vector}
      WHERE ${among} AND ${which}`);
    for (const [n, bytes] of rows) if (fitting?.has(n) ?? true) nearest.look(n, toFloats(bytes));
    return rows;
  };
  if (inside) {
    const named = nearestInside(near, depth, where);
    for (let at = 0; at < named.length; at += PAGE) {
      const facts = JSON.stringify(named.slice(at, at + PAGE));
      read(sql`${vector.fact} IN (SELECT value FROM json_each(${facts}))`);
    }
    return nearest.list();
  }
  for (let after = -1, more = true; more; ) {
    const rows = read(sql`${vector.fact} > ${after} ORDER BY ${vector.fact} LIMIT ${PAGE}`);
    after = rows.at(-1)?.[0] ?? after;
    more = rows.length === PAGE;
  }
  return nearest.list();
}

/** The facts of these numbers, whole. */
export function factsOf(db: Db, numbers: readonly number[]): readonly FactRow[] {
  const { n, id, text, meta, source, at } = fact;
  return db
    .select({ n, id, text, meta, source, at })
    .from(fact)
    .where(sql`${n} IN (SELECT value FROM json_each(${JSON.stringify(numbers)}))`)
    .all();
}
