// Facts in an SQLite file, with an index of their words and their vectors; the same scores as the in-memory reference.
//
// 1. A fact, its words and its vector are written and deleted in one transaction; a list of facts is all or none.
// 2. A search is one synchronous look at one state of the file.
// 3. Who forgets overwrites the rows and empties the log of changes. Copies that SQLite left in unused parts of pages,
//    when it moved rows earlier, go with the next VACUUM.
import {
  type Clock,
  checkId,
  compareIds,
  type FactFilter,
  fits,
  fuse,
  isFiltering,
  type Memory,
  type OldFilter,
  type ReadyFact,
  readQuery,
  readyFacts,
  type Search,
} from "@mofa/kernel";
import { and, asc, gt, gte, lt } from "drizzle-orm";
import { besideOf, jsonOf, toFound, toKept } from "../fact-rows.ts";
import type { MemoryOptions } from "../open-options.ts";
import { afterPrefix } from "../ranges.ts";
import { toBytes } from "../vectors.ts";
import type { Database } from "./database.ts";
import { byVectors, byWords, factsOf } from "./memory-search.ts";
import { findOutdated, prepareMemory } from "./memory-statements.ts";
import { namespace } from "./tables.ts";

/** Keeps facts in an open file. */
export function sqliteMemory(database: Database, clock: Clock, { name, embedder }: MemoryOptions): Memory {
  const { db, read, write, scrub } = database;
  const statements = prepareMemory(db);
  const { home, found, tally, leave, kept, add, addWord, addVector, newest, since } = statements;
  const { removeWords, removeVectors, remove, agedIn, oldest } = statements;

  /** Takes facts out, words, vectors and all; says how many there were. */
  function take(owner: number, numbers: readonly number[]): number {
    let taken = 0;
    let words = 0;
    for (const n of numbers) {
      removeWords.run({ fact: n });
      removeVectors.run({ fact: n });
      for (const gone of remove.all({ n })) {
        taken++;
        words += gone.words;
      }
    }
    tally.run({ n: owner, facts: -taken, words: -words });
    return taken;
  }

  function put({ fact, words, length, vector, space }: ReadyFact): void {
    const { n } = home.get({ id: fact.namespace }) ?? found.get({ id: fact.namespace });
    const old = kept.get({ namespace: n, id: fact.id });
    if (old !== undefined) take(n, [old.n]);
    const { id, text } = fact;
    const added = add.get({ namespace: n, id, text, ...jsonOf(fact), words: length, at: clock.now() });
    for (const [one, times] of words) addWord.run({ namespace: n, word: one, fact: added.n, count: times });
    if (vector !== undefined) {
      addVector.run({ namespace: n, fact: added.n, model: space, floats: toBytes(vector) });
    }
    tally.run({ n, facts: 1, words: length });
  }

  /** The numbers of the facts that fit a filter. */
  function fitting(owner: number, filter: FactFilter): readonly number[] {
    return since
      .all({ namespace: owner, since: filter.since ?? Number.MIN_SAFE_INTEGER })
      .filter((row) => fits(filter, { ...besideOf(row), at: row.at }))
      .map(({ n }) => n);
  }

  function find(search: Search) {
    const there = home.get({ id: search.namespace });
    if (there === undefined) return [];
    const where = {
      db,
      home: there,
      fitting: isFiltering(search.filter) ? new Set(fitting(there.n, search.filter)) : undefined,
      inside: database.vectorSearch.by !== "process",
    };
    const hits = fuse(byWords(search, where, statements), byVectors(search.near, search.depth, where), search);
    const rows = factsOf(
      db,
      hits.map(({ n }) => n),
    );
    return toFound(hits, rows, search.namespace);
  }

  function forgetOld(filter: OldFilter): number {
    const { before, keep, limit = 1_000 } = filter;
    let taken = 0;
    for (const { n, facts } of findOutdated(db, filter)) {
      const aged = before === undefined ? 0 : (agedIn.get({ namespace: n, before })?.facts ?? 0);
      const surplus = keep === undefined ? 0 : facts - Math.max(0, keep);
      const going = oldest.all({ namespace: n, limit: Math.min(limit - taken, Math.max(aged, surplus)) });
      taken += take(
        n,
        going.map((one) => one.n),
      );
      leave.run({ n });
    }
    return taken;
  }

  async function erase(owner: string, which: (n: number) => readonly number[]): Promise<number> {
    const taken = await write(() => {
      const there = home.get({ id: owner });
      if (there === undefined) return 0;
      const count = take(there.n, which(there.n));
      leave.run({ n: there.n });
      return count;
    });
    if (taken > 0) scrub();
    return taken;
  }

  return {
    name,
    async remember(given) {
      const facts = await readyFacts(given, embedder?.());
      return write(() => {
        for (const ready of facts) put(ready);
      });
    },
    async search(query) {
      const search = await readQuery(query, name, embedder?.());
      return read(() => find(search));
    },
    async recent(owner, limit = 10) {
      checkId("fact", owner);
      return read(() => {
        const there = home.get({ id: owner });
        const rows = there === undefined ? [] : newest.all({ namespace: there.n, limit: Math.max(0, limit) });
        return rows.map((row) => toKept(row, owner));
      });
    },
    async forget(owner, id) {
      checkId("fact", owner);
      checkId("fact", id);
      const one = (n: number) => [kept.get({ namespace: n, id })?.n].filter((number) => number !== undefined);
      return (await erase(owner, one)) > 0;
    },
    async forgetAll(owner, filter = {}) {
      return erase(checkId("fact", owner), (n) => fitting(n, filter));
    },
    async prune(filter) {
      const taken = await write(() => forgetOld(filter));
      if (taken > 0) scrub();
      return taken;
    },
    async namespaces({ prefix = "", after, limit = 100 } = {}) {
      const { id, facts } = namespace;
      const end = afterPrefix(prefix);
      // One lower bound, not two: the index is entered at the page, not at the beginning of the prefix.
      const from = after !== undefined && compareIds(after, prefix) >= 0 ? gt(id, after) : gte(id, prefix);
      const wanted = and(from, end === undefined ? undefined : lt(id, end), gt(facts, 0));
      return read(() =>
        db.select({ namespace: id, facts }).from(namespace).where(wanted).orderBy(asc(id)).limit(limit).all(),
      );
    },
  };
}
