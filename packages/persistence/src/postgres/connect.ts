import { loadDriver } from "../driver.ts";
import { fail } from "../errors.ts";
import { parseAddress } from "../server/address.ts";
import type { Connecting } from "../server/open.ts";
import { checkCertificates } from "../server/trust.ts";
import { postgresDriver } from "./driver.ts";
import { migratePostgres } from "./migrate.ts";
import type { PostgresOptions } from "./options.ts";

/** Loads the driver, and says how the tables are brought to this version; the server is not asked yet. */
export async function connectPostgres(options: PostgresOptions): Promise<Connecting> {
  const { schema } = options;
  const address = parseAddress(options.url, { name: "postgres", schemes: ["postgres", "postgresql"], port: 5432 });
  const { file } = address;
  checkCertificates(address, options.tls);
  if (schema !== undefined && !SCHEMA.test(schema)) throw fail("database.bad_schema", { file, schema });
  const [{ default: pg }, { readMigrations }] = await Promise.all([
    loadDriver("pg", file, () => import("pg")),
    import("../migrations.ts"),
  ]);
  const driver = postgresDriver({ Pool: pg.Pool, address, options });
  const migrations = readMigrations("postgres");
  const manual = options.migrate === "manual";
  return {
    driver,
    file,
    migrations,
    migrate: (connection) => migratePostgres(connection, { file, schema, migrations, manual }),
  };
}

// What needs no quotes, in SQL and at the start of a connection.
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
