import {
  BM25,
  type Clock,
  checkId,
  copyFact,
  countWords,
  type Fact,
  type FoundFact,
  type JsonObject,
  type Memory,
  rarity,
} from "@mofa/kernel";
import { and, count, eq, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { fact, namespace, word } from "./tables.ts";

/** Facts in an SQLite file, with an index of their words; the same scores as the in-memory reference. */
export function sqliteMemory({ db, read, write }: Database, clock: Clock, name: string): Memory {
  const { home, found, tally, kept, add, addWord, removeWords, remove, holding } = prepare(db);

  /** Takes a fact out, words and all; says whether there was one. */
  function take(n: number, id: string): boolean {
    const old = kept.get({ namespace: n, id });
    if (old === undefined) return false;
    removeWords.run({ fact: old.n });
    remove.run({ n: old.n });
    tally.run({ n, facts: -1, words: -old.words });
    return true;
  }

  function put({ id, namespace: owner, text, meta }: Fact, words: ReadonlyMap<string, number>): void {
    const { n } = home.get({ id: owner }) ?? found.get({ id: owner });
    take(n, id);
    const length = [...words.values()].reduce((sum, one) => sum + one, 0);
    const row = {
      namespace: n,
      id,
      text,
      meta: meta === undefined ? null : JSON.stringify(meta),
      words: length,
      at: clock.now(),
    };
    const added = add.get(row);
    for (const [one, times] of words) addWord.run({ namespace: n, word: one, fact: added.n, count: times });
    tally.run({ n, facts: 1, words: length });
  }

  return {
    name,
    async remember(given) {
      const fact = copyFact(given);
      const words = countWords(fact.text);
      return write(() => put(fact, words));
    },
    async search({ namespace: owner, text, limit = 10 }) {
      checkId("fact", owner);
      const words = [...countWords(text).keys()];
      return read(() => {
        const totals = home.get({ id: owner });
        if (totals === undefined || totals.facts === 0 || words.length === 0) return [];
        const weights = words.map((one) => [
          one,
          rarity(totals.facts, holding.get({ namespace: totals.n, word: one })?.facts ?? 0),
        ]);
        const rows = db.all<Row>(ranking(totals, JSON.stringify(weights), limit));
        return rows.map((row) => toFact(row, owner));
      });
    },
    async forget(owner, id) {
      checkId("fact", owner);
      checkId("fact", id);
      return write(() => {
        const totals = home.get({ id: owner });
        return totals !== undefined && take(totals.n, id);
      });
    },
  };
}

interface Row {
  readonly id: string;
  readonly text: string;
  readonly meta: string | null;
  readonly at: number;
  readonly score: number;
}

// BM25 in one statement: the words wanted come in as JSON with their weights, and only their postings are read.
function ranking({ n, facts, words }: typeof namespace.$inferSelect, weights: string, limit: number) {
  const { repetition, length } = BM25;
  const mean = Math.max(1, words / facts);
  const norm = sql`${repetition} * (${1 - length} + ${length} * ${fact.words} / ${mean})`;
  const gain = sql`wanted.value ->> 1 * (${word.count} * ${repetition + 1}) / (${word.count} + ${norm})`;
  return sql`SELECT ${fact.id} AS id, ${fact.text} AS text, ${fact.meta} AS meta, ${fact.at} AS at, sum(${gain}) AS score
    FROM json_each(${weights}) AS wanted
    CROSS JOIN ${word} ON ${word.namespace} = ${n} AND ${word.word} = wanted.value ->> 0
    CROSS JOIN ${fact} ON ${fact.n} = ${word.fact}
    GROUP BY ${fact.n} ORDER BY score DESC, ${fact.at} DESC, ${fact.id} LIMIT ${limit}`;
}

function toFact({ id, text, meta, at, score }: Row, owner: string): FoundFact {
  const head = { id, namespace: owner, text, at, score };
  return meta === null ? head : { ...head, meta: JSON.parse(meta) as JsonObject };
}

function prepare(db: Database["db"]) {
  const { placeholder } = sql;
  const home = db
    .select()
    .from(namespace)
    .where(eq(namespace.id, placeholder("id")))
    .prepare();
  const found = db
    .insert(namespace)
    .values({ id: placeholder("id"), facts: 0, words: 0 })
    .returning()
    .prepare();
  const tally = db
    .update(namespace)
    .set({
      facts: sql`${namespace.facts} + ${placeholder("facts")}`,
      words: sql`${namespace.words} + ${placeholder("words")}`,
    })
    .where(eq(namespace.n, placeholder("n")))
    .prepare();
  const byId = and(eq(fact.namespace, placeholder("namespace")), eq(fact.id, placeholder("id")));
  const kept = db.select({ n: fact.n, words: fact.words }).from(fact).where(byId).prepare();
  const add = db
    .insert(fact)
    .values({
      namespace: placeholder("namespace"),
      id: placeholder("id"),
      text: placeholder("text"),
      meta: placeholder("meta"),
      words: placeholder("words"),
      at: placeholder("at"),
    })
    .returning({ n: fact.n })
    .prepare();
  const addWord = db
    .insert(word)
    .values({
      namespace: placeholder("namespace"),
      word: placeholder("word"),
      fact: placeholder("fact"),
      count: placeholder("count"),
    })
    .prepare();
  const removeWords = db
    .delete(word)
    .where(eq(word.fact, placeholder("fact")))
    .prepare();
  const remove = db
    .delete(fact)
    .where(eq(fact.n, placeholder("n")))
    .prepare();
  const holding = db
    .select({ facts: count() })
    .from(word)
    .where(and(eq(word.namespace, placeholder("namespace")), eq(word.word, placeholder("word"))))
    .prepare();
  return { home, found, tally, kept, add, addWord, removeWords, remove, holding };
}
