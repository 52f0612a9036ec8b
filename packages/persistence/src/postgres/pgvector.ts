// The extension pgvector, where it has been created in the database.
//
// 1. A vector stands a second time in its row, in a column of the extension's type, which is no part of the migrations:
//    a database without the extension is as good.
// 2. Rows of processes that know nothing of it, and rows from before, have nothing there: a process fills them in before
//    it searches a namespace for the first time.
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

const EXTENSION = `SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'vector'`;
const COLUMN = `SELECT attname AS name FROM pg_attribute
  WHERE attrelid = to_regclass('mofa_vector') AND attname = 'near' AND NOT attisdropped`;

/** Says how vectors are written and compared in the database; undefined where that is not to be, or cannot be. */
export async function findPgvector(connection: Connection, asked: Asked): Promise<Inside | undefined> {
  const { choice, file, manual } = asked;
  if (choice === "process") return undefined;
  const missing = (what: string) => {
    if (choice === "database") throw fail("memory.no_vector_search", { file, what });
    return undefined;
  };
  const schema = (await connection.ask<{ readonly schema: string }>(EXTENSION)).rows[0]?.schema;
  if (schema === undefined) return missing("the extension pgvector (CREATE EXTENSION vector)");
  const type = `${schema}.vector`;
  if ((await connection.ask(COLUMN)).rows.length === 0) {
    if (manual) return missing('the column "near" in mofa_vector: open it once with migrate "auto"');
    await connection.ask(`ALTER TABLE mofa_vector ADD COLUMN IF NOT EXISTS near ${type}`);
  }
  return {
    by: "pgvector",
    column: "near",
    of: (vector) => `[${vector.join(",")}]`,
    cast: (text) => `CAST(${text} AS ${type})`,
    distance: (left, right) => `${left} OPERATOR(${schema}.<=>) ${right}`,
  };
}
