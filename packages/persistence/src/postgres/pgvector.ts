// The extension pgvector, where it has been created in the database.
//
// 1. A vector stands a second time in its row, in a column of the extension's type, which is no part of the migrations:
//    a database without the extension is as good.
// 2. Rows of processes that know nothing of it, and rows from before, have nothing there. An index names them, so that
//    each search can look for them, and fill them in.
import { isMofaError } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Connection } from "../server/database.ts";
import type { Inside } from "../server/dialect.ts";
import type { VectorSearch } from "../vector-search.ts";

interface Asked {
  readonly choice: VectorSearch;
  readonly file: string;
  /** Whether tables may not be changed. */
  readonly manual: boolean;
}

interface Found {
  /** How vectors are written and compared in the database; absent where that is not to be, or cannot be. */
  readonly inside?: Inside;
  /** Why it cannot be although the extension is there. */
  readonly instead?: string;
}

const EXTENSION = `SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'vector'`;
const EMPTY = "mofa_vector_near_empty";
const MADE = `SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass('mofa_vector') AND attname = 'near'
  AND NOT attisdropped AND to_regclass('${EMPTY}') IS NOT NULL`;

// A vector of pgvector has no more; longer ones are looked at in the process.
const MOST_DIMENSIONS = 16_000;

/** Looks whether the extension can be used, and makes what it needs in the tables. */
export async function findPgvector(connection: Connection, { choice, file, manual }: Asked): Promise<Found> {
  if (choice === "process") return {};
  const schema = (await connection.ask<{ readonly schema: string }>(EXTENSION)).rows[0]?.schema;
  if (schema === undefined) {
    if (choice === "auto") return {};
    throw fail("memory.no_vector_search", { file, what: "the extension pgvector (CREATE EXTENSION vector)" });
  }
  const inside = insideOf(`${schema}.vector`, `OPERATOR(${schema}.<=>)`);
  try {
    const made = (await connection.ask(MADE)).rows.length > 0;
    if (!made && manual) return without('the column "near" of mofa_vector (open it once with migrate "auto")');
    if (!made) await make(connection, `${schema}.vector`);
    // The tables may be used by somebody who may not use the extension.
    await connection.ask(`SELECT ${inside.distance(inside.cast("'[1]'"), inside.cast("'[1]'"))}`);
    return { inside };
  } catch (thrown) {
    if (!isMofaError(thrown) || !BESIDE_THE_POINT.has(thrown.code)) throw thrown;
    return without("the right to use it, and to add a column to mofa_vector", thrown);
  }

  function without(what: string, cause?: Error): Found {
    if (choice === "database") throw fail("memory.no_vector_search", { file, what }, cause && { cause });
    return { instead: `pgvector is there, and that needs ${what}${cause === undefined ? "" : `: ${cause.message}`}` };
  }
}

// Who may not do that, or not now, does without the extension: all else that the database keeps is as good.
const BESIDE_THE_POINT: ReadonlySet<string> = new Set([
  "database.not_allowed",
  "database.read_only",
  "database.locked",
  "database.timed_out",
]);

async function make(connection: Connection, type: string): Promise<void> {
  await connection.ask(`ALTER TABLE mofa_vector ADD COLUMN IF NOT EXISTS near ${type}`);
  await connection.ask(
    `CREATE INDEX IF NOT EXISTS ${EMPTY} ON mofa_vector (namespace, model, fact) WHERE near IS NULL`,
  );
}

function insideOf(type: string, operator: string): Inside {
  return {
    by: "pgvector",
    column: "near",
    most: MOST_DIMENSIONS,
    of: (vector) => `[${vector.join(",")}]`,
    cast: (text) => `CAST(${text} AS ${type})`,
    distance: (left, right) => `${left} ${operator} ${right}`,
  };
}
