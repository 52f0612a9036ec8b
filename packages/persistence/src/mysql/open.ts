import { systemClock } from "@mofa/kernel";
import type { OpenServerOptions } from "../open-options.ts";
import { createDatabase } from "../server/database.ts";
import { prepare, type Server, serve } from "../server/open.ts";
import { DEFAULTS } from "../server/options.ts";
import { connectMysql } from "./connect.ts";
import { mysqlDialect } from "./dialect.ts";
import type { MysqlOptions } from "./options.ts";

/** An open MySQL or MariaDB database, as the four things it keeps. */
export type Mysql = Server;

/** Opens a database without a kernel, bringing its tables to this version. The driver is loaded here and not before. */
export async function openMysql(
  given: string | MysqlOptions,
  { clock = systemClock, embedder, log }: OpenServerOptions = {},
): Promise<Mysql> {
  const options = typeof given === "string" ? { url: given } : given;
  const { name = "mysql", reconnectTimeout = DEFAULTS.reconnectTimeout } = options;
  const { driver, file, migrate } = await connectMysql(options);
  await prepare(driver, migrate);
  const database = createDatabase({ file, dialect: mysqlDialect, driver, reconnectTimeout, log });
  return serve(database, name, { clock, embedder });
}
