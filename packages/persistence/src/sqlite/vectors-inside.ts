// sqlite-vec, where it is installed: what is near is reckoned in the database, three to four times as fast, and only the
// nearest come out.
import { type Near, toErrorJson } from "@mofa/kernel";
import type Driver from "better-sqlite3";
import { sql } from "drizzle-orm";
import { fail } from "../errors.ts";
import { areEnough, MORE, type Named, type Searching, SPARE, type VectorSearch } from "../vector-search.ts";
import { toBytes } from "../vectors.ts";
import type { Database } from "./database.ts";
import { vector } from "./tables.ts";

/** Brings the extension into an open file; gives who looks for vectors now. */
export type LoadVectors = (client: Driver.Database) => Searching["vectorSearch"];

interface Place {
  readonly db: Database["db"];
  readonly home: { readonly n: number };
  /** Only these facts; absent: all. */
  readonly fitting: ReadonlySet<number> | undefined;
}

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

/** The facts that the database finds nearest, and all that may be as near: their vectors are to be compared once more. */
export function nearestInside(near: Near, depth: number, { db, home, fitting }: Place): readonly number[] {
  const among = sql`${vector.namespace} = ${home.n} AND ${vector.model} = ${near.space}`;
  const fits = fitting && sql`AND ${vector.fact} IN (SELECT value FROM json_each(${JSON.stringify([...fitting])}))`;
  for (let asked = depth + SPARE; ; asked *= MORE) {
    const named = db.all<Named>(sql`SELECT ${vector.fact} AS n,
      vec_distance_cosine(${vector.floats}, ${toBytes(near.vector)}) AS far
      FROM ${vector} WHERE ${among} ${fits ?? sql``} ORDER BY far LIMIT ${asked}`);
    if (areEnough(named, asked, { depth, near })) return named.map(({ n }) => n);
  }
}
