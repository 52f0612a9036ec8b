/** Runs, documents, sessions and memory in a PostgreSQL database. */
export type { OpenOptions, OpenServerOptions } from "../open-options.ts";
export type { ServerOptions } from "../server/options.ts";
export { openPostgres, type Postgres } from "./open.ts";
export type { PostgresOptions } from "./options.ts";
export { postgres } from "./plugin.ts";
