/** Runs, documents, sessions and memory in a MySQL or MariaDB database. */
export type { OpenOptions, OpenServerOptions } from "../open-options.ts";
export type { ServerOptions } from "../server/options.ts";
export { type Mysql, openMysql } from "./open.ts";
export type { MysqlOptions } from "./options.ts";
export { mysql } from "./plugin.ts";
