import { createHash } from "node:crypto";
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
import type { Connection, Database } from "./database.ts";
import { insertMany } from "./places.ts";

interface Home {
  readonly n: number;
  readonly facts: number;
  readonly words: number;
}

interface Row {
  readonly id: string;
  readonly text: string;
  readonly meta: string | null;
  readonly at: number;
  readonly score: number;
}

const HOME = "SELECT n, facts, words FROM mofa_namespace WHERE id = :owner";
const HELD = `${HOME} FOR UPDATE`;
const KEPT = "SELECT n, words FROM mofa_fact WHERE namespace = :namespace AND id = :id";
const ADD =
  "INSERT INTO mofa_fact (namespace, id, text, meta, words, at) VALUES (:namespace, :id, :text, :meta, :words, :at)";
const REMOVE = "DELETE FROM mofa_fact WHERE n = :n";
const REMOVE_WORDS = "DELETE FROM mofa_word WHERE fact = :n";
const TALLY = "UPDATE mofa_namespace SET facts = facts + :facts, words = words + :words WHERE n = :n";
const HOLDING = "SELECT word, count(*) AS facts FROM mofa_word WHERE namespace = :n AND word IN (:words) GROUP BY word";

/**
 * Facts on a database server, with an index of their words; the same scores as the in-memory reference. Who changes
 * facts holds the lock on their namespace's row.
 */
export function serverMemory(database: Database, clock: Clock, name: string): Memory {
  const found = `INSERT INTO mofa_namespace (id, facts, words) VALUES (:owner, 0, 0) ${database.dialect.unlessThere}`;

  async function hold(connection: Connection, owner: string): Promise<Home> {
    const held = (await connection.run<Home>(HELD, { owner })).rows[0];
    if (held !== undefined) return held;
    await connection.run(found, { owner });
    return hold(connection, owner);
  }

  async function put(connection: Connection, fact: Fact, at: number): Promise<void> {
    const { id, namespace: owner, text, meta } = fact;
    const { n } = await hold(connection, owner);
    await take(connection, n, id);
    const words = [...countWords(text)];
    const length = words.reduce((sum, [, times]) => sum + times, 0);
    const kept = { namespace: n, id, text, meta: meta === undefined ? null : JSON.stringify(meta), words: length, at };
    await connection.run(ADD, kept);
    const added = (await connection.run<{ readonly n: number }>(KEPT, { namespace: n, id })).rows[0]?.n ?? 0;
    const rows = words.map(([word, times]) => [n, wordKey(word), added, times]);
    await insertMany(connection, "INSERT INTO mofa_word (namespace, word, fact, count)", rows);
    await connection.run(TALLY, { n, facts: 1, words: length });
  }

  async function search(connection: Connection, owner: string, words: readonly string[], limit: number) {
    const home = (await connection.run<Home>(HOME, { owner })).rows[0];
    if (home === undefined || home.facts === 0 || words.length === 0) return [];
    const held = await connection.ask<{ readonly word: string; readonly facts: number }>(HOLDING, { n: home.n, words });
    if (held.rows.length === 0) return [];
    const weights = held.rows.map(({ word, facts }) => [word, rarity(home.facts, facts)] as const);
    const { text, values } = ranking(home, weights, database.dialect.real);
    return (await connection.ask<Row>(text, { ...values, limit })).rows;
  }

  return {
    name,
    async remember(given) {
      const fact = copyFact(given);
      const at = clock.now();
      return database.transact((connection) => put(connection, fact, at));
    },
    async search({ namespace: owner, text, limit = 10 }) {
      checkId("fact", owner);
      const words = [...countWords(text).keys()].map(wordKey);
      const rows = await database.use((connection) => search(connection, owner, words, limit));
      return rows.map((row) => toFact(row, owner));
    },
    async forget(owner, id) {
      checkId("fact", owner);
      checkId("fact", id);
      const forget = async (connection: Connection) => {
        const home = (await connection.run<Home>(HELD, { owner })).rows[0];
        return home !== undefined && take(connection, home.n, id);
      };
      // Asked twice, it would say that there was none.
      return database.transact(forget, { repeatable: false });
    },
  };
}

/** Takes a fact out, words and all; says whether there was one. */
async function take(connection: Connection, namespace: number, id: string): Promise<boolean> {
  const kept = await connection.run<{ readonly n: number; readonly words: number }>(KEPT, { namespace, id });
  const old = kept.rows[0];
  if (old === undefined) return false;
  await connection.run(REMOVE_WORDS, { n: old.n });
  await connection.run(REMOVE, { n: old.n });
  await connection.run(TALLY, { n: namespace, facts: -1, words: -old.words });
  return true;
}

// BM25 in one statement: only the postings of the words wanted are read.
function ranking({ n, facts, words }: Home, weights: readonly (readonly [string, number])[], real: string) {
  const { repetition, length } = BM25;
  const number = (value: number) => `CAST(${value.toExponential()} AS ${real})`;
  const mean = Math.max(1, words / facts);
  const norm = `${number(repetition)} * (${number(1 - length)} + ${number(length)} * f.words / ${number(mean)})`;
  const weight = weights.map(([, value], at) => `WHEN :word${at} THEN ${number(value)}`).join(" ");
  const gain = `CASE w.word ${weight} END * (w.count * ${number(repetition + 1)}) / (w.count + ${norm})`;
  const text = `SELECT f.id, f.text, f.meta, f.at, s.score FROM (
      SELECT w.fact, sum(${gain}) AS score FROM mofa_word w JOIN mofa_fact f ON f.n = w.fact
      WHERE w.namespace = :n AND w.word IN (:words) GROUP BY w.fact
    ) s JOIN mofa_fact f ON f.n = s.fact ORDER BY s.score DESC, f.at DESC, f.id LIMIT :limit`;
  const named = Object.fromEntries(weights.map(([word], at) => [`word${at}`, word]));
  return { text, values: { ...named, n, words: weights.map(([word]) => word) } };
}

// Longer than a key of an index may be; a sign stands before it that no word has.
const LONGEST_WORD = 256;

function wordKey(word: string): string {
  return word.length <= LONGEST_WORD ? word : `#${createHash("sha256").update(word).digest("hex")}`;
}

function toFact({ id, text, meta, at, score }: Row, owner: string): FoundFact {
  const head = { id, namespace: owner, text, at, score };
  return meta === null ? head : { ...head, meta: JSON.parse(meta) as JsonObject };
}
