// Facts on a database server, with an index of their words and their vectors; the same scores as the in-memory reference.
//
// 1. Who changes facts holds the lock on their namespace's row; locks on several are taken in one order.
// 2. A fact, its words and its vector are written and deleted in one transaction; a list of facts is all or none.
// 3. A search takes several statements: what is deleted in between is not found.
import { type Clock, checkId, compareIds, type Memory, readQuery, readyFacts } from "@mofa/kernel";
import { type FactRow, toFound, toKept } from "../fact-rows.ts";
import type { MemoryOptions } from "../open-options.ts";
import { afterPrefix } from "../ranges.ts";
import type { Connection, Database } from "./database.ts";
import { findOutdated, takeOld } from "./memory-prune.ts";
import { factsOf, find, fittingFacts } from "./memory-search.ts";
import { HELD, HOME, type Home, kept, leave, putAll, takeAll } from "./memory-writes.ts";

const NEWEST = `SELECT n, id, text, meta, source, at FROM mofa_fact
  WHERE namespace = :n ORDER BY at DESC, n DESC LIMIT :limit`;

type Taken = readonly { readonly n: number; readonly words: number }[];

/** Keeps facts on a database server. */
export function serverMemory(database: Database, clock: Clock, { name, embedder }: MemoryOptions): Memory {
  const { dialect } = database;

  function erase(owner: string, which: (connection: Connection, n: number) => Promise<Taken>): Promise<number> {
    const work = async (connection: Connection) => {
      const home = (await connection.run<Home>(HELD, { owner })).rows[0];
      if (home === undefined) return 0;
      const facts = await which(connection, home.n);
      await takeAll(connection, home.n, facts);
      await leave(connection, home.n);
      return facts.length;
    };
    // Asked twice, it would say that there was none.
    return database.transact(work, { repeatable: false });
  }

  return {
    name,
    async remember(given) {
      const facts = await readyFacts(given, embedder?.());
      const at = clock.now();
      return database.transact((connection) => putAll(connection, dialect, facts, at));
    },
    async search(query) {
      const search = await readQuery(query, name, embedder?.());
      return database.use(async (connection) => {
        const hits = await find(connection, dialect, search);
        const numbers = hits.map(({ n }) => n);
        return toFound(hits, await factsOf(connection, numbers), search.namespace);
      });
    },
    async recent(owner, limit = 10) {
      checkId("fact", owner);
      const rows = await database.use(async (connection) => {
        const home = (await connection.run<Home>(HOME, { owner })).rows[0];
        if (home === undefined) return [];
        return (await connection.ask<FactRow>(NEWEST, { n: home.n, limit: Math.max(0, limit) })).rows;
      });
      return rows.map((row) => toKept(row, owner));
    },
    async forget(owner, id) {
      checkId("fact", owner);
      checkId("fact", id);
      return (await erase(owner, (connection, n) => kept(connection, n, [id]))) > 0;
    },
    async forgetAll(owner, filter = {}) {
      return erase(checkId("fact", owner), (connection, n) => fittingFacts(connection, n, filter));
    },
    async prune({ prefix = "", before, keep, limit = 1_000 }) {
      const owners = await database.use((connection) => findOutdated(connection, { prefix, before, keep, limit }));
      let taken = 0;
      for (const owner of owners) {
        if (taken >= limit) break;
        const room = limit - taken;
        taken += await database.transact((connection) => takeOld(connection, owner, { before, keep, limit: room }));
      }
      return taken;
    },
    async namespaces({ prefix = "", after, limit = 100 } = {}) {
      const end = afterPrefix(prefix);
      // One lower bound, not two: the index is entered at the page, not at the beginning of the prefix.
      const paging = after !== undefined && compareIds(after, prefix) >= 0;
      const below = end === undefined ? "" : "AND id < :end";
      const text = `SELECT id AS namespace, facts FROM mofa_namespace
        WHERE id ${paging ? ">" : ">="} :from ${below} AND facts > 0 ORDER BY id LIMIT :limit`;
      const values = { from: paging ? after : prefix, limit, ...(end === undefined ? {} : { end }) };
      type Row = { readonly namespace: string; readonly facts: number };
      return (await database.use((connection) => connection.ask<Row>(text, values))).rows;
    },
  };
}
