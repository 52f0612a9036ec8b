import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type Driver from "better-sqlite3";
import { loadDriver } from "../driver.ts";
import { fail } from "../errors.ts";
import { readMigrations } from "../migrations.ts";
import { compile, type Value, type Values } from "../server/statement.ts";
import { migrate } from "../sqlite/migrate.ts";
import { wrapSqlite } from "../sqlite/wrap.ts";
import type { Access, Statements } from "./access.ts";

export interface SqliteAccessOptions {
  readonly file: string;
  /** Makes the file when it is missing. */
  readonly create?: boolean;
  /** Only ever reads. */
  readonly readOnly?: boolean;
}

const BUSY = 10_000;

/** Opens a file as it is, whatever version its tables have. */
export async function sqliteAccess(options: SqliteAccessOptions): Promise<Access> {
  const { file, create = false, readOnly = false } = options;
  const Sqlite = await loadDriver("better-sqlite3", file, async () => (await import("better-sqlite3")).default);
  const wrap = (thrown: unknown) => wrapSqlite(thrown, { file, busyTimeout: BUSY });
  const guard = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw wrap(thrown);
    }
  };
  const client = await guard(() => connect(Sqlite, { file, create, readOnly }));
  const statements: Statements = {
    ask: <Row>(text: string, values: Values = {}) => guard(() => ask<Row>(client, text, values)),
  };
  const within = async <T>(begin: string, work: (statements: Statements) => Promise<T>): Promise<T> => {
    await guard(() => client.exec(begin));
    try {
      const result = await work(statements);
      await guard(() => client.exec("COMMIT"));
      return result;
    } catch (thrown) {
      if (client.inTransaction) client.exec("ROLLBACK");
      throw thrown;
    }
  };
  const migrations = readMigrations("sqlite");
  return {
    kind: "sqlite",
    file,
    migrations,
    use: (work) => work(statements),
    snapshot: (work) => within("BEGIN", work),
    change: (work) => within("BEGIN IMMEDIATE", work),
    migrate: () =>
      guard(() => {
        if (isFresh(file)) client.pragma("journal_mode = WAL");
        migrate(client, { file, readOnly, migrations });
      }),
    size: async () => [file, `${file}-wal`].reduce((sum, path) => sum + sizeOf(path), 0),
    copyTo: (target) => guard(() => void client.prepare("VACUUM INTO ?").run(target)),
    async [Symbol.asyncDispose]() {
      client.close();
      // Made by opening it, and then not used: a backup was refused.
      if (create && isFresh(file)) rmSync(file);
    },
  };
}

function connect(Sqlite: typeof Driver, { file, create, readOnly }: Required<SqliteAccessOptions>): Driver.Database {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined && !create) throw fail("database.no_file", { file });
  if (there?.isDirectory()) throw fail("database.is_directory", { file });
  if (there === undefined) mkdirSync(dirname(file), { recursive: true });
  const client = new Sqlite(file, { fileMustExist: !create, readonly: readOnly, timeout: BUSY });
  try {
    client.prepare("SELECT count(*) FROM sqlite_schema").get();
    if (!readOnly) client.pragma("secure_delete = ON");
    return client;
  } catch (thrown) {
    client.close();
    throw thrown;
  }
}

function ask<Row>(client: Driver.Database, text: string, values: Values) {
  const { text: sql, names } = compile(text, () => "?");
  // Lists are for statements over many rows, which the server's ways have and this one does not need.
  const given = names.map((name) => (values[name] ?? null) as Value);
  const statement = client.prepare<Value[], Row>(sql);
  if (statement.reader) return { rows: statement.all(...given), changed: 0 };
  return { rows: [], changed: statement.run(...given).changes };
}

function isFresh(file: string): boolean {
  return existsSync(file) && statSync(file).size === 0;
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}
