import { type Clock, checkId, type Json, refuse, type SessionEntry, type SessionStore, toJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { afterPrefix } from "../ranges.ts";
import { PLACES } from "../tables.ts";
import type { Connection, Database } from "./database.ts";
import { findOldRows } from "./old-rows.ts";
import { deletePlaces, insertMany, placeOf, SEQ } from "./places.ts";

interface Head {
  readonly n: number;
  readonly length: number;
}

interface Row {
  readonly index: number;
  readonly turn: string;
  readonly body: string;
  readonly at: number;
}

interface Turn {
  readonly id: string;
  readonly at: number;
  readonly turn: string;
  readonly bodies: readonly string[];
  readonly now: number;
}

const HEAD = "SELECT n, length FROM mofa_session WHERE id = :id";
const HELD = `${HEAD} FOR UPDATE`;
const ENTRIES = `SELECT ${SEQ} AS "index", turn, body, at FROM mofa_entry WHERE place >= :from AND place < :to ORDER BY place`;
const GROW = "UPDATE mofa_session SET length = :length, at = :now WHERE n = :n";
const CLEAR = "DELETE FROM mofa_entry WHERE place >= :from AND place < :to";
const REMOVE = "DELETE FROM mofa_session WHERE n = :n";

/** Conversations on a database server. Who changes one holds the lock on its row in `mofa_session`. */
export function serverSession(database: Database, clock: Clock, name: string): SessionStore {
  const begin = `INSERT INTO mofa_session (id, length, at) VALUES (:id, 0, :now) ${database.dialect.unlessThere}`;

  /** The session's row, locked; made when there is a first turn to keep. */
  async function hold(connection: Connection, { id, at, bodies, now }: Turn): Promise<Head | undefined> {
    const held = await headOf(connection, id, HELD);
    if (held !== undefined || at > 0 || bodies.length === 0) return held;
    await connection.run(begin, { id, now });
    return headOf(connection, id, HELD);
  }

  /** Writes a turn at the end, or finds it there already. */
  async function append(connection: Connection, turn: Turn): Promise<void> {
    const { id, at, bodies, now } = turn;
    const head = await hold(connection, turn);
    const found = head?.length ?? 0;
    const there = head !== undefined && at < found ? await entries(connection, head.n, [at, at + 1]) : [];
    if (there[0]?.turn === turn.turn) return;
    if (found !== at) throw refuse("session.conflict", { id, expected: at, found }, { stack: false });
    if (head === undefined) return;
    const rows = bodies.map((body, index) => [placeOf(head.n, at + index), turn.turn, body, now]);
    await insertMany(connection, "INSERT INTO mofa_entry (place, turn, body, at)", rows);
    if (bodies.length > 0) await connection.run(GROW, { n: head.n, length: at + bodies.length, now });
  }

  return {
    name,
    async length(id) {
      checkId("session", id);
      return (await database.use((connection) => headOf(connection, id, HEAD)))?.length ?? 0;
    },
    async load(id, { until, last } = {}) {
      checkId("session", id);
      return database.use(async (connection) => {
        const head = await headOf(connection, id, HEAD);
        if (head === undefined) return [];
        const to = Math.min(head.length, until ?? head.length);
        const from = last === undefined ? 0 : Math.max(0, to - last);
        return (await entries(connection, head.n, [from, to])).map(toEntry);
      });
    },
    async append(id, bodies, { at, turn }) {
      checkId("session", id);
      const texts = bodies.map((body) => JSON.stringify(toJson(body)));
      if (at + texts.length > PLACES) throw fail("session.too_long", { id, most: PLACES });
      const given = { id, at, turn, bodies: texts, now: clock.now() };
      return database.transact((connection) => append(connection, given));
    },
    async delete(id) {
      checkId("session", id);
      const remove = async (connection: Connection) => {
        const head = await headOf(connection, id, HELD);
        if (head === undefined) return false;
        await connection.run(CLEAR, { from: placeOf(head.n, 0), to: placeOf(head.n + 1, 0) });
        return (await connection.run(REMOVE, { n: head.n })).changed > 0;
      };
      // Asked twice, it would say that there was none.
      return database.transact(remove, { repeatable: false });
    },
    async prune(filter) {
      return database.transact(async (connection) => {
        const old = await findOldRows(connection, "mofa_session", filter);
        if (old === undefined) return 0;
        const held = `SELECT n FROM mofa_session WHERE ${old.still} ORDER BY n FOR UPDATE`;
        // Somebody may have gone on with one of them.
        const { rows } = await connection.ask<{ readonly n: number }>(held, { ns: old.ns, ...old.bound });
        const gone = rows.map(({ n }) => n);
        if (gone.length === 0) return 0;
        await deletePlaces(connection, "mofa_entry", gone);
        return (await connection.ask("DELETE FROM mofa_session WHERE n IN (:gone)", { gone })).changed;
      });
    },
    async list({ prefix = "", limit = 100 } = {}) {
      const end = afterPrefix(prefix);
      const below = end === undefined ? "" : "AND id < :end";
      // Without a prefix nothing is asked of the id, so that the index by time serves.
      const where = prefix === "" ? "" : `WHERE id >= :prefix ${below}`;
      const text = `SELECT id, length, at FROM mofa_session ${where} ORDER BY at DESC, id LIMIT :limit`;
      const values = { prefix, limit, ...(end === undefined ? {} : { end }) };
      const ask = (connection: Connection) =>
        connection.ask<{ readonly id: string; readonly length: number; readonly at: number }>(text, values);
      return (await database.use(ask)).rows;
    },
  };
}

async function headOf(connection: Connection, id: string, text: string): Promise<Head | undefined> {
  return (await connection.run<Head>(text, { id })).rows[0];
}

async function entries(connection: Connection, n: number, [from, to]: readonly [number, number]) {
  return (await connection.run<Row>(ENTRIES, { from: placeOf(n, from), to: placeOf(n, to) })).rows;
}

function toEntry({ index, turn, body, at }: Row): SessionEntry {
  return { index, turn, body: JSON.parse(body) as Json, at };
}
