import {
  BM25,
  createNearest,
  type FactFilter,
  fits,
  fuse,
  type Hit,
  isFiltering,
  type Near,
  type Ranked,
  rarity,
  type Search,
} from "@mofa/kernel";
import { besideOf, type FactRow, type FilterRow } from "../fact-rows.ts";
import { toFloats } from "../vectors.ts";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { chunks, HOME, type Home, wordKey } from "./memory-writes.ts";
import type { Values } from "./statement.ts";
import { nearestInside } from "./vectors-inside.ts";

const HOLDING = "SELECT word, count(*) AS facts FROM mofa_word WHERE namespace = :n AND word IN (:words) GROUP BY word";
const FACTS = "SELECT n, id, text, meta, source, at FROM mofa_fact WHERE n IN (:numbers)";
const FILTERED = `SELECT n, words, meta, source, at FROM mofa_fact
  WHERE namespace = :n AND at >= :since AND n > :after ORDER BY n LIMIT :limit`;

// Rows in memory at a time; of vectors of 1,536 dimensions that is 16 MB.
const PAGE = 2_000;

// A statement has a bounded number of places; beyond, looking at all vectors is no worse.
const MOST_NAMED = 10_000;

/** What a search looks at. */
interface Where {
  readonly connection: Connection;
  readonly dialect: Dialect;
  readonly home: Home;
  /** The facts that fit the filter; absent without one. */
  readonly fitting: ReadonlySet<number> | undefined;
}

/** What is found, best first. */
export async function find(connection: Connection, dialect: Dialect, search: Search): Promise<readonly Hit[]> {
  const home = (await connection.run<Home>(HOME, { owner: search.namespace })).rows[0];
  if (home === undefined || home.facts === 0) return [];
  const filtering = isFiltering(search.filter);
  const fitting = filtering ? await fittingFacts(connection, home.n, search.filter) : undefined;
  const where = { connection, dialect, home, fitting: fitting && new Set(fitting.map(({ n }) => n)) };
  return fuse(await byWords(search, where), await byVectors(search.near, search.depth, where), search);
}

/** The facts of these numbers, whole. */
export async function factsOf(connection: Connection, numbers: readonly number[]): Promise<readonly FactRow[]> {
  return numbers.length === 0 ? [] : (await connection.ask<FactRow>(FACTS, { numbers })).rows;
}

/** The facts of a namespace that fit a filter. */
export async function fittingFacts(connection: Connection, n: number, filter: FactFilter) {
  const fitting: { readonly n: number; readonly words: number }[] = [];
  const since = filter.since ?? Number.MIN_SAFE_INTEGER;
  await pages(async (after) => {
    type Row = FilterRow & { readonly words: number };
    const { rows } = await connection.ask<Row>(FILTERED, { n, since, after, limit: PAGE });
    for (const row of rows) {
      if (fits(filter, { ...besideOf(row), at: row.at })) fitting.push({ n: row.n, words: row.words });
    }
    return rows;
  });
  return fitting;
}

async function byWords(search: Search, { connection, dialect, home, fitting }: Where): Promise<readonly Ranked[]> {
  const words = search.words.map(wordKey);
  if (words.length === 0) return [];
  const held = await connection.ask<{ readonly word: string; readonly facts: number }>(HOLDING, { n: home.n, words });
  if (held.rows.length === 0) return [];
  const weights = held.rows.map(({ word, facts }) => [word, rarity(home.facts, facts)] as const);
  const { text, values } = ranking(home, weights, dialect.real);
  // A filter leaves out before the list is cut.
  if (fitting === undefined) {
    return (await connection.ask<Ranked>(`${text} LIMIT :limit`, { ...values, limit: search.depth })).rows;
  }
  const { rows } = await connection.ask<Ranked>(text, values);
  return rows.filter(({ n }) => fitting.has(n)).slice(0, search.depth);
}

// Every vector of the namespace is looked at, by the database or here, page by page.
async function byVectors(near: Near | undefined, depth: number, where: Where) {
  if (near === undefined) return [];
  const { connection, dialect, home, fitting } = where;
  const { inside } = dialect;
  const nearest = createNearest(near, depth);
  const vectors = `SELECT fact AS n, ${dialect.toBase64("floats")} AS floats FROM mofa_vector
    WHERE namespace = :n AND model = :space`;
  const among = { n: home.n, space: near.space };
  const read = async (text: string, values: Values) => {
    const { rows } = await connection.ask<{ readonly n: number; readonly floats: string }>(text, values);
    for (const { n, floats } of rows) {
      if (fitting?.has(n) ?? true) nearest.look(n, toFloats(Buffer.from(floats, "base64")));
    }
    return rows;
  };
  if (inside !== undefined && near.vector.length <= inside.most && (fitting?.size ?? 0) <= MOST_NAMED) {
    const named = await nearestInside(near, depth, { ...where, inside });
    for (const facts of chunks(named, PAGE)) await read(`${vectors} AND fact IN (:facts)`, { ...among, facts });
  } else {
    const text = `${vectors} AND fact > :after ORDER BY fact LIMIT :limit`;
    await pages((after) => read(text, { ...among, after, limit: PAGE }));
  }
  return nearest.list();
}

async function pages(read: (after: number) => Promise<readonly { readonly n: number }[]>): Promise<void> {
  for (let after = -1, full = true; full; ) {
    const rows = await read(after);
    after = rows.at(-1)?.n ?? after;
    full = rows.length === PAGE;
  }
}

// BM25 in one statement: only the postings of the words wanted are read.
function ranking({ n, facts, words }: Home, weights: readonly (readonly [string, number])[], real: string) {
  const { repetition, length } = BM25;
  const number = (value: number) => `CAST(${value.toExponential()} AS ${real})`;
  const mean = Math.max(1, words / facts);
  const norm = `${number(repetition)} * (${number(1 - length)} + ${number(length)} * f.words / ${number(mean)})`;
  const weight = weights.map(([, value], at) => `WHEN :word${at} THEN ${number(value)}`).join(" ");
  const gain = `CASE w.word ${weight} END * (w.count * ${number(repetition + 1)}) / (w.count + ${norm})`;
  const text = `SELECT s.fact AS n, s.score FROM (
      SELECT w.fact, sum(${gain}) AS score FROM mofa_word w JOIN mofa_fact f ON f.n = w.fact
      WHERE w.namespace = :n AND w.word IN (:words) GROUP BY w.fact
    ) s JOIN mofa_fact f ON f.n = s.fact ORDER BY s.score DESC, f.at DESC, f.id`;
  const named = Object.fromEntries(weights.map(([word], at) => [`word${at}`, word]));
  return { text, values: { ...named, n, words: weights.map(([word]) => word) } };
}
