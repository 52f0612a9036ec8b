import type { ServerOptions } from "../server/options.ts";
import type { VectorSearch } from "../vector-search.ts";

/** Which PostgreSQL database, and how patient to be with it. */
export interface PostgresOptions extends ServerOptions {
  /** Keeps the tables in a schema of their own, which is made when it is missing. Default: the user's default schema. */
  readonly schema?: string;
  /** Where the nearest vectors are looked for; the extension is `pgvector`. Default `auto`. */
  readonly vectorSearch?: VectorSearch;
}
