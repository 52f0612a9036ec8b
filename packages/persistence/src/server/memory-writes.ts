import { createHash } from "node:crypto";
import { compareIds, type ReadyFact } from "@mofa/kernel";
import { jsonOf } from "../fact-rows.ts";
import { toBytes } from "../vectors.ts";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { insertMany } from "./places.ts";
import type { Value } from "./statement.ts";

/** A namespace as its row has it; who changes facts holds the lock on that row. */
export interface Home {
  readonly n: number;
  readonly facts: number;
  readonly words: number;
}

export const HOME = "SELECT n, facts, words FROM mofa_namespace WHERE id = :owner";
export const HELD: string = `${HOME} FOR UPDATE`;
const KEPT = "SELECT n, id, words FROM mofa_fact WHERE namespace = :n AND id IN (:ids)";
const TALLY = "UPDATE mofa_namespace SET facts = facts + :facts, words = words + :words WHERE n = :n";

// How many facts one statement speaks of, and how many vectors go into one: a few megabytes at most.
const FACTS = 500;
const VECTORS = 100;

/** Writes facts, their words and vectors in as many statements for a hundred as for one; in a transaction. */
export async function putAll(connection: Connection, dialect: Dialect, ready: readonly ReadyFact[], at: number) {
  const byOwner = Map.groupBy(ready, ({ fact }) => fact.namespace);
  // In one order, so that two who write into the same namespaces do not wait for each other for ever.
  for (const owner of [...byOwner.keys()].sort(compareIds)) {
    const { n } = await hold(connection, dialect, owner);
    for (const part of chunks(byOwner.get(owner) ?? [], FACTS)) await put(connection, dialect, { n, facts: part, at });
  }
}

async function hold(connection: Connection, dialect: Dialect, owner: string): Promise<Home> {
  const held = (await connection.run<Home>(HELD, { owner })).rows[0];
  if (held !== undefined) return held;
  const found = `INSERT INTO mofa_namespace (id, facts, words) VALUES (:owner, 0, 0) ${dialect.unlessThere}`;
  await connection.run(found, { owner });
  return hold(connection, dialect, owner);
}

interface Part {
  readonly n: number;
  readonly facts: readonly ReadyFact[];
  readonly at: number;
}

async function put(connection: Connection, dialect: Dialect, { n, facts, at }: Part): Promise<void> {
  const ids = facts.map(({ fact }) => fact.id);
  const old = await kept(connection, n, ids);
  await takeAll(connection, n, old);
  const rows = facts.map(({ fact, length }) => {
    const { meta, source } = jsonOf(fact);
    return [n, fact.id, fact.text, meta, length, at, source];
  });
  await insertMany(connection, "INSERT INTO mofa_fact (namespace, id, text, meta, words, at, source)", rows);
  const numbers = new Map((await kept(connection, n, ids)).map((row) => [row.id, row.n]));
  const numbered = facts.map((ready) => ({ ...ready, number: numbers.get(ready.fact.id) ?? 0 }));
  const words = numbered.flatMap(({ words, number }) =>
    [...words].map(([word, times]) => [n, wordKey(word), number, times]),
  );
  if (words.length > 0) await insertMany(connection, "INSERT INTO mofa_word (namespace, word, fact, count)", words);
  for (const part of chunks(numbered, VECTORS)) await putVectors(connection, dialect, n, part);
  await connection.run(TALLY, { n, facts: facts.length, words: facts.reduce((sum, { length }) => sum + length, 0) });
}

async function putVectors(
  connection: Connection,
  dialect: Dialect,
  n: number,
  facts: readonly (ReadyFact & { readonly number: number })[],
): Promise<void> {
  const { inside } = dialect;
  const values: Record<string, Value> = { n };
  const tuples = facts.flatMap(({ vector, space, number }, at) => {
    if (vector === undefined || space === undefined) return [];
    values[`fact${at}`] = number;
    values[`space${at}`] = space;
    values[`floats${at}`] = toBytes(vector).toString("base64");
    const fitting = inside !== undefined && vector.length <= inside.most;
    if (fitting) values[`near${at}`] = inside.of(vector);
    const near = inside === undefined ? "" : `, ${fitting ? inside.cast(`:near${at}`) : "NULL"}`;
    return [`(:fact${at}, :n, :space${at}, ${dialect.fromBase64(`:floats${at}`)}${near})`];
  });
  if (tuples.length === 0) return;
  const columns = ["fact", "namespace", "model", "floats", ...(inside === undefined ? [] : [inside.column])];
  await connection.ask(`INSERT INTO mofa_vector (${columns.join(", ")}) VALUES ${tuples.join(", ")}`, values);
}

interface Kept {
  readonly n: number;
  readonly id: string;
  readonly words: number;
}

/** The facts of these ids that are there. */
export async function kept(connection: Connection, n: number, ids: readonly string[]): Promise<readonly Kept[]> {
  return (await connection.ask<Kept>(KEPT, { n, ids })).rows;
}

/** Takes facts out, words, vectors and all. */
export async function takeAll(connection: Connection, n: number, facts: readonly Pick<Kept, "n" | "words">[]) {
  for (const part of chunks(facts, FACTS)) {
    const numbers = part.map((fact) => fact.n);
    await connection.ask("DELETE FROM mofa_word WHERE fact IN (:numbers)", { numbers });
    await connection.ask("DELETE FROM mofa_vector WHERE fact IN (:numbers)", { numbers });
    await connection.ask("DELETE FROM mofa_fact WHERE n IN (:numbers)", { numbers });
    const words = part.reduce((sum, fact) => sum + fact.words, 0);
    await connection.run(TALLY, { n, facts: -part.length, words: -words });
  }
}

/** Its name may be a person's: a namespace goes with its last fact. */
export async function leave(connection: Connection, n: number): Promise<void> {
  await connection.run("DELETE FROM mofa_namespace WHERE n = :n AND facts = 0", { n });
}

// Longer than a key of an index may be; a sign stands before it that no word has.
const LONGEST_WORD = 256;

/** A word as the index has it. */
export function wordKey(word: string): string {
  return word.length <= LONGEST_WORD ? word : `#${createHash("sha256").update(word).digest("hex")}`;
}

/** A list in parts of at most so many. */
export function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
}
