import {
  type Clock,
  checkId,
  compareIds,
  type Document,
  type Json,
  refuse,
  type Store,
  toJson,
  type Write,
} from "@mofa/kernel";
import { afterPrefix } from "../ranges.ts";
import { type Kept, tables } from "../tables.ts";
import { type Connection, type Database, isFree } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { findOldRows } from "./old-rows.ts";
import { fields } from "./statement.ts";

type Row = Omit<Kept<typeof tables.document>, "n">;

// So many numbers fit into one statement anywhere.
const SLICE = 1_000;

const SELECT = `SELECT ${fields(tables.document, "d")} FROM mofa_document d`;
const ONE = `${SELECT} WHERE d.id = :id`;
const ONE_HELD = `${ONE} FOR UPDATE`;
const ADD = "INSERT INTO mofa_document (id, version, body, at) VALUES (:id, 1, :body, :at)";
const CHANGE =
  "UPDATE mofa_document SET version = version + 1, body = :body, at = :at WHERE id = :id AND version = :before";
const REMOVE = "DELETE FROM mofa_document WHERE id = :id";
const REMOVE_VERSION = `${REMOVE} AND version = :version`;

/** Changes a document inside a transaction of somebody else's; throws `document.conflict`. */
export async function writeDocument(
  { connection, dialect, at }: { readonly connection: Connection; readonly dialect: Dialect; readonly at: number },
  write: Exclude<Write, { readonly type: "sql" }>,
): Promise<void> {
  const { id, version } = write;
  checkId("document", id);
  if (version !== undefined) {
    const found = (await connection.run<Row>(ONE_HELD, { id })).rows[0];
    if ((found?.version ?? 0) !== version) throw conflict(id, version, found);
  }
  if (write.type === "put") await dialect.putDocument(connection, { id, body: JSON.stringify(write.body), at });
  else await connection.run(REMOVE, { id });
}

/** Documents on a database server. Each change is one statement, which the server does whole or not at all. */
export function serverStore(database: Database, clock: Clock, name: string): Store {
  /** Writes a document, and gives the version it has now. */
  function put(id: string, body: string, at: number): Promise<number> {
    return database.use(async (connection, again) => {
      const found = again ? await find(connection, id) : undefined;
      return isMine(found, { body, at }) ? found.version : database.dialect.putDocument(connection, { id, body, at });
    });
  }

  /** Writes the next version of a document that must be at this one. */
  function putNext(id: string, body: string, { at, before }: { readonly at: number; readonly before: number }) {
    return database.use(async (connection, again) => {
      if (await next(connection)) return before + 1;
      const found = await find(connection, id);
      if (again && isMine(found, { body, at }) && found.version === before + 1) return found.version;
      throw conflict(id, before, found);
    });

    async function next(connection: Connection): Promise<boolean> {
      if (before === 0) return isFree(connection.run(ADD, { id, body, at }));
      return (await connection.run(CHANGE, { id, body, at, before })).changed > 0;
    }
  }

  return {
    name,
    async get(id) {
      checkId("document", id);
      const found = await database.use((connection) => find(connection, id));
      return found === undefined ? undefined : toDocument(found);
    },
    async put(id, given, { version: before } = {}) {
      checkId("document", id);
      const body = JSON.stringify(toJson(given));
      const at = clock.now();
      const version = before === undefined ? await put(id, body, at) : await putNext(id, body, { at, before });
      return toDocument({ id, version, body, at });
    },
    async delete(id, { version } = {}) {
      checkId("document", id);
      const remove = async (connection: Connection) => {
        if (version === undefined) return (await connection.run(REMOVE, { id })).changed > 0;
        if ((await connection.run(REMOVE_VERSION, { id, version })).changed > 0) return true;
        const found = await find(connection, id);
        if (found === undefined && version === 0) return false;
        throw conflict(id, version, found);
      };
      // Asked twice, it would say that there was none.
      return database.use(remove, { repeatable: false });
    },
    async prune(filter) {
      const old = await database.use((connection) => findOldRows(connection, "mofa_document", filter));
      if (old === undefined) return 0;
      const { still, bound } = old;
      let gone = 0;
      for (let from = 0; from < old.ns.length; from += SLICE) {
        const ns = old.ns.slice(from, from + SLICE);
        const remove = `DELETE FROM mofa_document WHERE ${still}`;
        gone += (await database.use((connection) => connection.ask(remove, { ns, ...bound }))).changed;
      }
      return gone;
    },
    async list({ prefix = "", after, limit = 100 } = {}) {
      const end = afterPrefix(prefix);
      // One lower bound, not two: the index is entered at the page, not at the beginning of the prefix.
      const paging = after !== undefined && compareIds(after, prefix) >= 0;
      const below = end === undefined ? "" : "AND d.id < :end";
      const text = `${SELECT} WHERE d.id ${paging ? ">" : ">="} :from ${below} ORDER BY d.id LIMIT :limit`;
      const values = { from: paging ? after : prefix, limit, ...(end === undefined ? {} : { end }) };
      const { rows } = await database.use((connection) => connection.ask<Row>(text, values));
      return rows.map(toDocument);
    },
  };
}

async function find(connection: Connection, id: string): Promise<Row | undefined> {
  return (await connection.run<Row>(ONE, { id })).rows[0];
}

// What is found after a lost answer is what was to be written, to the letter and the millisecond: it was written.
function isMine(found: Row | undefined, { body, at }: Pick<Row, "body" | "at">): found is Row {
  return found !== undefined && found.body === body && found.at === at;
}

function conflict(id: string, expected: number, found: Row | undefined) {
  return refuse("document.conflict", { id, expected, found: found?.version ?? 0 }, { stack: false });
}

function toDocument({ id, version, body, at }: Row): Document {
  return { id, version, body: JSON.parse(body) as Json, at };
}
