import { type Journal, type Memory, type SessionStore, type Store, systemClock } from "@mofa/kernel";
import { loadDriver } from "../driver.ts";
import type { OpenOptions } from "../open-options.ts";
import type { Searching } from "../vector-search.ts";
import type { SqliteOptions } from "./options.ts";

/** An open file, as the four things it keeps. */
export interface Sqlite extends Searching, Disposable {
  readonly store: Store;
  readonly session: SessionStore;
  readonly journal: Journal;
  readonly memory: Memory;
  /** Writes what waits, and lets go of the file. */
  close(): void;
}

/** Opens a file without a kernel. The driver is loaded here and not before. */
export async function openSqlite(
  given: string | SqliteOptions,
  { clock = systemClock, embedder }: OpenOptions = {},
): Promise<Sqlite> {
  const options = typeof given === "string" ? { file: given } : given;
  const { name = "sqlite", file, vectorSearch = "auto" } = options;
  const Driver = await loadDriver("better-sqlite3", file, async () => (await import("better-sqlite3")).default);
  const [made, { findVectors }] = await Promise.all([import("./database.ts"), import("./vectors-inside.ts")]);
  const [{ sqliteStore }, { sqliteSession }, { sqliteJournal }, { sqliteMemory }] = await Promise.all([
    import("./store.ts"),
    import("./session.ts"),
    import("./journal.ts"),
    import("./memory.ts"),
  ]);
  const database = made.openDatabase({ ...options, Driver, vectors: await findVectors(vectorSearch, file) });
  return {
    store: sqliteStore(database, clock, name),
    session: sqliteSession(database, clock, name),
    journal: sqliteJournal(database, clock, name),
    memory: sqliteMemory(database, clock, { name, embedder }),
    vectorSearch: database.vectorSearch,
    close: database.close,
    [Symbol.dispose]: database.close,
  };
}
