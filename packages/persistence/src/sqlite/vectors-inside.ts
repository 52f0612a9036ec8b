// sqlite-vec, where it is installed: what is near is reckoned in the database, three to four times as fast, and only the
// nearest come out.
import { type Near, type Ranked, toErrorJson } from "@mofa/kernel";
import type Driver from "better-sqlite3";
import { type SQL, sql } from "drizzle-orm";
import { fail } from "../errors.ts";
import { type Searching, SPARE, type VectorSearch } from "../vector-search.ts";
import { toBytes } from "../vectors.ts";
import { vector } from "./tables.ts";

/** Brings the extension into an open file; gives who looks for vectors now. */
export type LoadVectors = (client: Driver.Database) => Searching["vectorSearch"];

/** Looks for the package, which is an optional peer. */
export async function findVectors(choice: VectorSearch, file: string): Promise<LoadVectors> {
  if (choice === "process") return () => ({ by: "process" });
  const load = await import("sqlite-vec").then(
    (found) => found.load,
    (cause: unknown) => {
      if (choice === "database")
        throw fail("memory.no_vector_search", { file, what: 'the package "sqlite-vec"' }, { cause });
    },
  );
  if (load === undefined) return () => ({ by: "process" });
  return (client) => {
    try {
      load(client);
      return { by: "sqlite-vec" };
    } catch (cause) {
      if (choice === "database")
        throw fail("memory.no_vector_search", { file, what: 'an "sqlite-vec" that can be loaded' }, { cause });
      return { by: "process", instead: `sqlite-vec is installed and cannot be loaded: ${toErrorJson(cause).message}` };
    }
  };
}

/** The nearest vectors of a namespace, and a few more; `fitting`: only of these facts. */
export function nearestInside(
  { vector: wanted, space }: Near,
  depth: number,
  { home, fitting }: { readonly home: { readonly n: number }; readonly fitting: Iterable<Ranked["n"]> | undefined },
): SQL {
  const among = sql`${vector.namespace} = ${home.n} AND ${vector.model} = ${space}`;
  const fits = fitting && sql` AND ${vector.fact} IN (SELECT value FROM json_each(${JSON.stringify([...fitting])}))`;
  return sql`SELECT ${vector.fact}, ${vector.floats} FROM ${vector} WHERE ${among} AND ${vector.fact} IN (
    SELECT ${vector.fact} FROM ${vector} WHERE ${among}${fits ?? sql``}
    ORDER BY vec_distance_cosine(${vector.floats}, ${toBytes(wanted)}), ${vector.fact} DESC LIMIT ${depth + SPARE})`;
}
