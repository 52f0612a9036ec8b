import { type Clock, checkId, type Json, refuse, type SessionEntry, type SessionStore, toJson } from "@mofa/kernel";
import { and, asc, desc, eq, gte, lt, sql } from "drizzle-orm";
import { fail } from "../errors.ts";
import { afterPrefix, placesOf } from "../ranges.ts";
import { PLACES } from "../tables.ts";
import type { Database } from "./database.ts";
import { findOldSessions } from "./old-sessions.ts";
import { entry, session } from "./tables.ts";

/** Conversations in an SQLite file. */
export function sqliteSession({ db, read, write, scrub }: Database, clock: Clock, name: string): SessionStore {
  const { head, entries, turnAt, begin, grow, add, clear, remove } = prepare(db);

  /** Whether the turn is new; it is not when it stands there already. */
  function isNew(id: string, at: number, turn: string): boolean {
    const found = head.get({ id });
    const length = found?.length ?? 0;
    const there = found === undefined || at >= length ? undefined : turnAt.get({ place: found.n * PLACES + at });
    if (there?.turn === turn) return false;
    if (length === at) return true;
    throw refuse("session.conflict", { id, expected: at, found: length }, { stack: false });
  }

  function append(id: string, bodies: readonly string[], turn: string, from: number): void {
    const at = clock.now();
    const { n } = head.get({ id }) ?? begin.get({ id, at });
    for (const [index, body] of bodies.entries()) add.run({ place: n * PLACES + from + index, turn, body, at });
    grow.run({ id, length: from + bodies.length, at });
  }

  /** Takes a session out, entries and all. */
  function take({ n, id }: { readonly n: number; readonly id: string }): void {
    const { first, end } = placesOf(n);
    clear.run({ from: first, to: end });
    remove.run({ id });
  }

  return {
    name,
    async length(id) {
      checkId("session", id);
      return read(() => head.get({ id }))?.length ?? 0;
    },
    async load(id, { until, last } = {}) {
      checkId("session", id);
      return read(() => {
        const found = head.get({ id });
        if (found === undefined) return [];
        const to = Math.min(found.length, until ?? found.length);
        const from = last === undefined ? 0 : Math.max(0, to - last);
        const { first } = placesOf(found.n);
        return entries.all({ from: first + from, to: first + to }).map((row) => toEntry(row, first));
      });
    },
    async append(id, bodies, { at, turn }) {
      checkId("session", id);
      const texts = bodies.map((body) => JSON.stringify(toJson(body)));
      if (at + texts.length > PLACES) throw fail("session.too_long", { id, most: PLACES });
      return write(() => {
        if (isNew(id, at, turn) && texts.length > 0) append(id, texts, turn, at);
      });
    },
    async delete(id) {
      checkId("session", id);
      return write(() => {
        const found = head.get({ id });
        if (found !== undefined) take(found);
        return found !== undefined;
      });
    },
    async prune(filter) {
      const gone = await write(() => {
        const old = findOldSessions(db, filter);
        for (const each of old) take(each);
        return old.length;
      });
      if (gone > 0) scrub();
      return gone;
    },
    async list({ prefix = "", limit = 100 } = {}) {
      const end = afterPrefix(prefix);
      const chosen = and(gte(session.id, prefix), end === undefined ? undefined : lt(session.id, end));
      // Without a prefix nothing is asked of the id, so that the index by time serves.
      const where = prefix === "" ? undefined : chosen;
      const fields = { id: session.id, length: session.length, at: session.at };
      const query = db
        .select(fields)
        .from(session)
        .where(where)
        .orderBy(desc(session.at), asc(session.id))
        .limit(limit);
      return read(() => query.all());
    },
  };
}

function toEntry({ place, turn, body, at }: typeof entry.$inferSelect, first: number): SessionEntry {
  return { index: place - first, turn, body: JSON.parse(body) as Json, at };
}

function prepare(db: Database["db"]) {
  const { placeholder } = sql;
  const byId = eq(session.id, placeholder("id"));
  const head = db.select().from(session).where(byId).prepare();
  const entries = db
    .select()
    .from(entry)
    .where(and(gte(entry.place, placeholder("from")), lt(entry.place, placeholder("to"))))
    .orderBy(asc(entry.place))
    .prepare();
  const turnAt = db
    .select({ turn: entry.turn })
    .from(entry)
    .where(eq(entry.place, placeholder("place")))
    .prepare();
  const begin = db
    .insert(session)
    .values({ id: placeholder("id"), length: 0, at: placeholder("at") })
    .returning()
    .prepare();
  const grow = db
    .update(session)
    .set({ length: sql`${placeholder("length")}`, at: sql`${placeholder("at")}` })
    .where(byId)
    .prepare();
  const add = db
    .insert(entry)
    .values({
      place: placeholder("place"),
      turn: placeholder("turn"),
      body: placeholder("body"),
      at: placeholder("at"),
    })
    .prepare();
  const clear = db
    .delete(entry)
    .where(and(gte(entry.place, placeholder("from")), lt(entry.place, placeholder("to"))))
    .prepare();
  const remove = db.delete(session).where(byId).prepare();
  return { head, entries, turnAt, begin, grow, add, clear, remove };
}
