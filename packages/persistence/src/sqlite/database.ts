// One open file.
//
// 1. All writes go through the writer: one transaction at a time, begun and committed without an await in between.
// 2. Every error that leaves this folder names the file and is in the table of errors.
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { MofaError } from "@mofa/kernel";
import type Driver from "better-sqlite3";
import { type BetterSQLite3Database, drizzle } from "drizzle-orm/better-sqlite3";
import { fail } from "../errors.ts";
import type { Migration } from "../migration-steps.ts";
import { readMigrations } from "../migrations.ts";
import type { Searching } from "../vector-search.ts";
import { migrate } from "./migrate.ts";
import type { SqliteOptions } from "./options.ts";
import type { LoadVectors } from "./vectors-inside.ts";
import { isWide, wrapSqlite } from "./wrap.ts";
import { createWriter } from "./writer.ts";

/** An open database: what the four kinds are made on. */
export interface Database extends Searching {
  readonly file: string;
  readonly db: BetterSQLite3Database;
  /** Runs work that only reads, at once. */
  read<T>(work: () => T): T;
  /** Runs work in the next transaction; it refuses before its first write, and may run twice. */
  write<T>(work: () => T): Promise<T>;
  /** The same, now: for what its caller has gathered already. What waits for the next transaction goes along. */
  writeNow<T>(work: () => T): Promise<T>;
  /** Runs a part of such work; when it fails, what it wrote is taken back and the failure is given. */
  attempt<T>(work: () => T): { readonly value: T } | { readonly failure: MofaError };
  /** One statement that changes rows, with `:name` places; gives how many it changed. */
  change(text: string, values: Readonly<Record<string, string | number | null>>): number;
  /**
   * Empties the log of changes, in which deleted rows still stand. While another process reads, it waits for at most
   * `busyTimeout`; then the next one does it, or whoever closes the file last.
   */
  scrub(): void;
  /** Writes what waits, and lets go of the file. */
  close(): void;
}

export interface OpenDatabaseOptions extends SqliteOptions {
  readonly Driver: typeof Driver;
  /** Default: those of this package. */
  readonly migrations?: readonly Migration[];
  /** Default: nobody but this process looks for vectors. */
  readonly vectors?: LoadVectors;
}

/** Opens a file, bringing its tables to this version. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const { file, busyTimeout = 5_000 } = options;
  const wrap = (thrown: unknown) => wrapSqlite(thrown, { file, busyTimeout });
  const client = connect(options, wrap);
  const vectorSearch = findSearcher(client, options.vectors);
  const transaction = client.transaction((work: () => void) => work());
  // Inside a transaction the driver makes a savepoint of it.
  const savepoint = client.transaction((work: () => unknown) => work());
  const writer = createWriter({
    transaction: (work) => transaction.immediate(work),
    wrap,
    wide: (error) => isWide(wrap(error)),
    closed: () => fail("database.closed", { file }, { stack: false }),
  });
  return {
    file,
    vectorSearch,
    db: drizzle(client),
    read(work) {
      try {
        return work();
      } catch (thrown) {
        throw wrap(thrown);
      }
    },
    write: writer.write,
    writeNow: writer.writeNow,
    attempt<T>(work: () => T) {
      try {
        return { value: savepoint(work) as T };
      } catch (thrown) {
        const failure = wrap(thrown);
        // The transaction itself is lost then, and with it all that is in it.
        if (isWide(failure)) throw thrown;
        return { failure };
      }
    },
    change(text, values) {
      const statement = client.prepare(text);
      if (statement.readonly || statement.reader) throw fail("write.not_a_change", { text });
      return statement.run(values).changes;
    },
    scrub() {
      try {
        client.pragma("wal_checkpoint(TRUNCATE)");
      } catch (thrown) {
        throw wrap(thrown);
      }
    },
    close() {
      writer.close();
      client.close();
    },
  };
}

function findSearcher(client: Driver.Database, vectors: LoadVectors | undefined): Database["vectorSearch"] {
  try {
    return vectors?.(client) ?? { by: "process" };
  } catch (thrown) {
    client.close();
    throw thrown;
  }
}

function connect(options: OpenDatabaseOptions, wrap: (thrown: unknown) => Error): Driver.Database {
  const { file, Driver, durability = "full", readOnly = false, busyTimeout = 5_000 } = options;
  let client: Driver.Database | undefined;
  try {
    prepareFile(file, readOnly);
    client = new Driver(file, { readonly: readOnly, fileMustExist: readOnly, timeout: busyTimeout });
    if (!readOnly) client.pragma("journal_mode = WAL");
    // What is deleted is overwritten, not only let go of: forgetting a person is a promise.
    client.pragma("secure_delete = ON");
    client.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
    const migrations = options.migrations ?? readMigrations("sqlite");
    migrate(client, { file, readOnly, migrations, manual: options.migrate === "manual" });
    return client;
  } catch (thrown) {
    client?.close();
    throw wrap(thrown);
  }
}

function prepareFile(file: string, readOnly: boolean): void {
  if (file === ":memory:") return;
  if (file.trim() === "" || file.includes("\0")) throw fail("database.bad_file", { file });
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw fail("database.is_directory", { file });
  if (there !== undefined || readOnly) return;
  mkdirSync(dirname(file), { recursive: true });
}
