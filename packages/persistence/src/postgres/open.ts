import { type Clock, systemClock } from "@mofa/kernel";
import { loadDriver } from "../driver.ts";
import { fail } from "../errors.ts";
import { parseAddress } from "../server/address.ts";
import { createDatabase } from "../server/database.ts";
import { prepare, type Server, serve } from "../server/open.ts";
import { DEFAULTS } from "../server/options.ts";
import { postgresDialect } from "./dialect.ts";
import { postgresDriver } from "./driver.ts";
import { migratePostgres } from "./migrate.ts";
import type { PostgresOptions } from "./options.ts";

/** An open PostgreSQL database, as the four things it keeps. */
export type Postgres = Server;

/** Opens a database without a kernel, bringing its tables to this version. The driver is loaded here and not before. */
export async function openPostgres(
  given: string | PostgresOptions,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<Postgres> {
  const options = typeof given === "string" ? { url: given } : given;
  const { name = "postgres", schema, reconnectTimeout = DEFAULTS.reconnectTimeout } = options;
  const address = parseAddress(options.url, { name: "postgres", schemes: ["postgres", "postgresql"], port: 5432 });
  const { file } = address;
  if (schema !== undefined && !SCHEMA.test(schema)) throw fail("database.bad_schema", { file, schema });
  const [{ default: pg }, { readMigrations }] = await Promise.all([
    loadDriver("pg", file, () => import("pg")),
    import("../migrations.ts"),
  ]);
  const driver = postgresDriver({ Pool: pg.Pool, address, options });
  const migrations = readMigrations("postgres");
  await prepare(driver, (connection) => migratePostgres(connection, { file, schema, migrations }));
  const database = createDatabase({ file, dialect: postgresDialect, driver, reconnectTimeout });
  return serve(database, clock, name);
}

// What needs no quotes, in SQL and at the start of a connection.
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
