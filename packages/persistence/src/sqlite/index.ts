/** Runs, documents, sessions and memory in one SQLite file. */
export type { OpenOptions } from "../open-options.ts";
export { openSqlite, type Sqlite } from "./open.ts";
export type { SqliteOptions } from "./options.ts";
export { sqlite } from "./plugin.ts";
