import type { ServerOptions } from "../server/options.ts";

/** Which MySQL or MariaDB database, and how patient to be with it. */
export type MysqlOptions = ServerOptions;
