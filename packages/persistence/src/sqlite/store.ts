import { type Clock, checkId, compareIds, type Document, type Json, refuse, type Store, toJson } from "@mofa/kernel";
import { and, asc, eq, gt, gte, lt, sql } from "drizzle-orm";
import { afterPrefix } from "../ranges.ts";
import type { Database } from "./database.ts";
import { pruneDocuments } from "./old-documents.ts";
import { document } from "./tables.ts";

/** Changes of documents, to be made inside a transaction. */
export function prepareDocuments({ db }: Pick<Database, "db">, clock: Clock) {
  const { placeholder } = sql;
  const byId = eq(document.id, placeholder("id"));
  const at = db.select({ version: document.version }).from(document).where(byId).prepare();
  const remove = db.delete(document).where(byId).prepare();
  const values = {
    id: placeholder("id"),
    version: placeholder("version"),
    body: placeholder("body"),
    at: placeholder("at"),
  };
  const set = { version: sql`excluded.version`, body: sql`excluded.body`, at: sql`excluded.at` };
  const upsert = db.insert(document).values(values).onConflictDoUpdate({ target: document.id, set }).prepare();

  function expectVersion(id: string, expected: number | undefined): number {
    const found = at.get({ id })?.version ?? 0;
    if (expected === undefined || expected === found) return found;
    throw refuse("document.conflict", { id, expected, found }, { stack: false });
  }

  return {
    put(id: string, body: string, expected: number | undefined): Row {
      const row = { id, version: expectVersion(id, expected) + 1, body, at: clock.now() };
      upsert.run(row);
      return row;
    },
    delete(id: string, expected: number | undefined): boolean {
      expectVersion(id, expected);
      return remove.run({ id }).changes > 0;
    },
  };
}

/** Documents in an SQLite file. */
export function sqliteStore(database: Database, clock: Clock, name: string): Store {
  const { db, read, write } = database;
  const { placeholder } = sql;
  const one = db
    .select()
    .from(document)
    .where(eq(document.id, placeholder("id")))
    .prepare();
  const documents = prepareDocuments(database, clock);

  return {
    name,
    async get(id) {
      checkId("document", id);
      const found = read(() => one.get({ id }));
      return found === undefined ? undefined : toDocument(found);
    },
    async put(id, body, { version: expected } = {}) {
      checkId("document", id);
      const text = JSON.stringify(toJson(body));
      return write(() => toDocument(documents.put(id, text, expected)));
    },
    async delete(id, { version: expected } = {}) {
      checkId("document", id);
      return write(() => documents.delete(id, expected));
    },
    async prune(filter) {
      return pruneDocuments(database, filter);
    },
    async list({ prefix = "", after, limit = 100 } = {}) {
      const end = afterPrefix(prefix);
      // One lower bound, not two: the index is entered at the page, not at the beginning of the prefix.
      const paging = after !== undefined && compareIds(after, prefix) >= 0;
      const from = paging ? gt(document.id, after) : gte(document.id, prefix);
      const where = and(from, end === undefined ? undefined : lt(document.id, end));
      const query = db.select().from(document).where(where).orderBy(asc(document.id)).limit(limit);
      return read(() => query.all()).map(toDocument);
    },
  };
}

type Row = Omit<typeof document.$inferSelect, "n">;

function toDocument({ id, version, body, at }: Row): Document {
  return { id, version, body: JSON.parse(body) as Json, at };
}
