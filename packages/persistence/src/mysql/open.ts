import { type Clock, systemClock } from "@mofa/kernel";
import { loadDriver } from "../driver.ts";
import { parseAddress } from "../server/address.ts";
import { createDatabase } from "../server/database.ts";
import { prepare, type Server, serve } from "../server/open.ts";
import { DEFAULTS } from "../server/options.ts";
import { mysqlDialect } from "./dialect.ts";
import { mysqlDriver } from "./driver.ts";
import { migrateMysql } from "./migrate.ts";
import type { MysqlOptions } from "./options.ts";

/** An open MySQL or MariaDB database, as the four things it keeps. */
export type Mysql = Server;

/** Opens a database without a kernel, bringing its tables to this version. The driver is loaded here and not before. */
export async function openMysql(
  given: string | MysqlOptions,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<Mysql> {
  const options = typeof given === "string" ? { url: given } : given;
  const { name = "mysql", reconnectTimeout = DEFAULTS.reconnectTimeout } = options;
  const address = parseAddress(options.url, { name: "mysql", schemes: ["mysql", "mariadb"], port: 3306 });
  const { file } = address;
  const [{ default: mysql }, { readMigrations }] = await Promise.all([
    loadDriver("mysql2", file, () => import("mysql2/promise")),
    import("../migrations.ts"),
  ]);
  const driver = mysqlDriver({ createPool: mysql.createPool, address, options });
  const migrations = readMigrations("mysql");
  await prepare(driver, (connection) => migrateMysql(connection, { file, migrations }));
  const database = createDatabase({ file, dialect: mysqlDialect, driver, reconnectTimeout });
  return serve(database, clock, name);
}
