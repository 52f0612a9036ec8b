import { systemClock } from "@mofa/kernel";
import type { OpenServerOptions } from "../open-options.ts";
import { createDatabase } from "../server/database.ts";
import { prepare, type Server, serve } from "../server/open.ts";
import { DEFAULTS } from "../server/options.ts";
import { connectPostgres } from "./connect.ts";
import { postgresDialect } from "./dialect.ts";
import type { PostgresOptions } from "./options.ts";
import { findPgvector } from "./pgvector.ts";

/** An open PostgreSQL database, as the four things it keeps. */
export type Postgres = Server;

/** Opens a database without a kernel, bringing its tables to this version. The driver is loaded here and not before. */
export async function openPostgres(
  given: string | PostgresOptions,
  { clock = systemClock, embedder, log }: OpenServerOptions = {},
): Promise<Postgres> {
  const options = typeof given === "string" ? { url: given } : given;
  const { name = "postgres", reconnectTimeout = DEFAULTS.reconnectTimeout, vectorSearch = "auto" } = options;
  const { driver, file, migrate } = await connectPostgres(options);
  const { inside, instead } = await prepare(driver, async (connection) => {
    await migrate(connection);
    return findPgvector(connection, { choice: vectorSearch, file, manual: options.migrate === "manual" });
  });
  const dialect = inside === undefined ? postgresDialect : { ...postgresDialect, inside };
  const database = createDatabase({ file, dialect, driver, reconnectTimeout, log });
  return serve(database, name, { clock, embedder, instead });
}
