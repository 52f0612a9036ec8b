import type { OldFilter } from "@mofa/kernel";
import { and, asc, count, eq, exists, gt, gte, lt, or, sql } from "drizzle-orm";
import { afterPrefix } from "../ranges.ts";
import type { Database } from "./database.ts";
import { fact, namespace, vector, word } from "./tables.ts";

const { placeholder } = sql;

/** What is asked of a file of facts again and again. */
export function prepareMemory(db: Database["db"]) {
  return { ...prepareNamespaces(db), ...prepareFacts(db), ...preparePostings(db) };
}

/** The namespaces in which a fact is old, in order of their names. */
export function findOutdated(db: Database["db"], { prefix = "", before, keep, limit = 1_000 }: OldFilter) {
  const { n, id, facts } = namespace;
  const aged = (time: number) =>
    exists(
      db
        .select()
        .from(fact)
        .where(and(eq(fact.namespace, n), lt(fact.at, time))),
    );
  const old = [
    ...(before === undefined ? [] : [aged(before)]),
    ...(keep === undefined ? [] : [gt(facts, Math.max(0, keep))]),
  ];
  if (old.length === 0) return [];
  const end = afterPrefix(prefix);
  const chosen = and(gte(id, prefix), end === undefined ? undefined : lt(id, end), or(...old));
  return db.select({ n, facts }).from(namespace).where(chosen).orderBy(asc(id)).limit(limit).all();
}

function prepareNamespaces(db: Database["db"]) {
  const byNumber = eq(namespace.n, placeholder("n"));
  return {
    home: db
      .select()
      .from(namespace)
      .where(eq(namespace.id, placeholder("id")))
      .prepare(),
    found: db
      .insert(namespace)
      .values({ id: placeholder("id"), facts: 0, words: 0 })
      .returning()
      .prepare(),
    tally: db
      .update(namespace)
      .set({
        facts: sql`${namespace.facts} + ${placeholder("facts")}`,
        words: sql`${namespace.words} + ${placeholder("words")}`,
      })
      .where(byNumber)
      .prepare(),
    /** Its name may be a person's: it goes with its last fact. */
    leave: db
      .delete(namespace)
      .where(and(byNumber, eq(namespace.facts, 0)))
      .prepare(),
  };
}

function prepareFacts(db: Database["db"]) {
  const { n, id, text, meta, source, at, words } = fact;
  const inNamespace = eq(fact.namespace, placeholder("namespace"));
  return {
    kept: db
      .select({ n, words })
      .from(fact)
      .where(and(inNamespace, eq(id, placeholder("id"))))
      .prepare(),
    add: db
      .insert(fact)
      .values({
        namespace: placeholder("namespace"),
        id: placeholder("id"),
        text: placeholder("text"),
        meta: placeholder("meta"),
        words: placeholder("words"),
        at: placeholder("at"),
        source: placeholder("source"),
      })
      .returning({ n })
      .prepare(),
    remove: db
      .delete(fact)
      .where(eq(n, placeholder("n")))
      .returning({ words })
      .prepare(),
    newest: db
      .select({ n, id, text, meta, source, at })
      .from(fact)
      .where(inNamespace)
      .orderBy(sql`${at} DESC, ${n} DESC`)
      .limit(placeholder("limit"))
      .prepare(),
    oldest: db
      .select({ n })
      .from(fact)
      .where(inNamespace)
      .orderBy(asc(at), asc(n))
      .limit(placeholder("limit"))
      .prepare(),
    agedIn: db
      .select({ facts: count() })
      .from(fact)
      .where(and(inNamespace, lt(at, placeholder("before"))))
      .prepare(),
    since: db
      .select({ n, meta, source, at })
      .from(fact)
      .where(and(inNamespace, gte(at, placeholder("since"))))
      .prepare(),
  };
}

function preparePostings(db: Database["db"]) {
  const ofFact = placeholder("fact");
  return {
    addWord: db
      .insert(word)
      .values({
        namespace: placeholder("namespace"),
        word: placeholder("word"),
        fact: ofFact,
        count: placeholder("count"),
      })
      .prepare(),
    addVector: db
      .insert(vector)
      .values({
        fact: ofFact,
        namespace: placeholder("namespace"),
        model: placeholder("model"),
        floats: placeholder("floats"),
      })
      .prepare(),
    removeWords: db.delete(word).where(eq(word.fact, ofFact)).prepare(),
    removeVectors: db.delete(vector).where(eq(vector.fact, ofFact)).prepare(),
    holding: db
      .select({ facts: count() })
      .from(word)
      .where(and(eq(word.namespace, placeholder("namespace")), eq(word.word, placeholder("word"))))
      .prepare(),
  };
}
