import { randomBytes } from "node:crypto";
import { listens } from "@mofa/devkit/databases/listens";
import type { Clock, Embedder, Log } from "@mofa/kernel";
import mysql from "mysql2/promise";
import pg from "pg";
import { describe } from "vitest";
import { mysqlDialect } from "../src/mysql/dialect.ts";
import { mysqlDriver } from "../src/mysql/driver.ts";
import { type MysqlOptions, openMysql } from "../src/mysql/index.ts";
import { postgresDialect } from "../src/postgres/dialect.ts";
import { postgresDriver } from "../src/postgres/driver.ts";
import { openPostgres, type PostgresOptions } from "../src/postgres/index.ts";
import { parseAddress } from "../src/server/address.ts";
import { createDatabase, type Database, type Driver } from "../src/server/database.ts";
import type { Server } from "../src/server/open.ts";
import { tables } from "../src/tables.ts";

/** A place of its own on a server: a schema or a database with a random name, gone with the tests. */
export interface Site extends AsyncDisposable {
  /** Opens what is under test. */
  open(options?: OpenOptions): Promise<Server>;
  /** The address of the place, for tests that change it. */
  readonly url: string;
  /** The name of the schema or database. */
  readonly name: string;
  /** A database with the driver in one's own hands. */
  database(change?: (driver: Driver) => Driver, log?: Log): Database;
  /** Runs a statement past what is under test. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends every connection of what is under test, as an administrator would. */
  cut(): Promise<void>;
  /** Empties all tables. */
  clear(): Promise<void>;
}

interface OpenOptions extends Partial<Omit<PostgresOptions & MysqlOptions, "url">> {
  readonly clock?: Clock;
  readonly embedder?: () => Embedder | undefined;
  readonly url?: string;
}

export interface Kind {
  readonly name: "postgres" | "mysql";
  readonly url: string;
  site(): Promise<Site>;
}

const POSTGRES = process.env["MOFA_TEST_POSTGRES_URL"] ?? "postgres://root@127.0.0.1:5432/test";
const MYSQL = process.env["MOFA_TEST_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306/test";
const NAMES = Object.values(tables).map(({ name }) => name);

export const postgresServer: Kind = {
  name: "postgres",
  url: POSTGRES,
  async site() {
    const schema = `mofa_test_${randomBytes(6).toString("hex")}`;
    const client = new pg.Client({ connectionString: POSTGRES, options: `-c search_path=${schema}` });
    await client.connect();
    await client.query(`CREATE SCHEMA ${schema}`);
    const sql = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows ?? [];
    return {
      name: schema,
      url: POSTGRES,
      open: ({ clock, embedder, ...options } = {}) =>
        openPostgres(
          { url: POSTGRES, schema, connections: 4, ...options },
          { embedder, ...(clock === undefined ? {} : { clock }) },
        ),
      database(change = (driver) => driver, log?: Log) {
        const address = parseAddress(POSTGRES, { name: "postgres", schemes: ["postgres"], port: 5432 });
        const driver = change(postgresDriver({ Pool: pg.Pool, address, options: { schema } }));
        return createDatabase({ file: address.file, dialect: postgresDialect, driver, reconnectTimeout: 500, log });
      },
      sql,
      async cut() {
        await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mofa/${schema}'`);
      },
      async clear() {
        await sql(NAMES.map((name) => `DELETE FROM ${name}`).join("; "));
      },
      async [Symbol.asyncDispose]() {
        await client.query(`SET client_min_messages = warning; DROP SCHEMA ${schema} CASCADE`);
        await client.end();
      },
    };
  },
};

export const mysqlServer: Kind = {
  name: "mysql",
  url: MYSQL,
  async site() {
    const database = `mofa_test_${randomBytes(6).toString("hex")}`;
    const url = new URL(MYSQL);
    url.pathname = `/${database}`;
    const client = await mysql.createConnection({ uri: MYSQL, multipleStatements: true });
    await client.query(`CREATE DATABASE ${database} CHARACTER SET latin1; USE ${database}`);
    const sql = async (text: string) =>
      (await client.query<mysql.RowDataPacket[]>(text))[0] as Record<string, unknown>[];
    const [{ version } = { version: "" }] = await sql("SELECT version() AS version");
    // MySQL's old list of connections fails on signs outside of its narrow character set; MariaDB has no new one.
    const schema = /mariadb/i.test(String(version)) ? "information_schema" : "performance_schema";
    return {
      name: database,
      url: url.href,
      open: ({ clock, embedder, ...options } = {}) =>
        openMysql(
          { url: url.href, connections: 4, ...options },
          { embedder, ...(clock === undefined ? {} : { clock }) },
        ),
      database(change = (driver) => driver, log?: Log) {
        const address = parseAddress(url.href, { name: "mysql", schemes: ["mysql"], port: 3306 });
        const driver = change(mysqlDriver({ createPool: mysql.createPool, address, options: {} }));
        return createDatabase({ file: address.file, dialect: mysqlDialect, driver, reconnectTimeout: 500, log });
      },
      sql,
      async cut() {
        const rows = await sql(
          `SELECT id AS id FROM ${schema}.processlist WHERE db = '${database}' AND id <> connection_id()`,
        );
        for (const { id } of rows) await sql(`KILL ${id}`).catch(() => []);
      },
      async clear() {
        await sql(NAMES.map((name) => `DELETE FROM ${name}`).join("; "));
      },
      async [Symbol.asyncDispose]() {
        await client.query(`DROP DATABASE ${database}`);
        await client.end();
      },
    };
  },
};

/** Describes what a server does; skipped, and named, where there is no such server. */
export async function describeOn(kind: Kind, title: string, tests: () => void): Promise<void> {
  const { hostname, port } = new URL(kind.url);
  if (await isReachable(kind)) return void describe(title, tests);
  if (process.env["MOFA_REQUIRE_SERVICES"] === "1") throw new Error(`No ${kind.name} server at ${hostname}:${port}.`);
  describe.skip(`${title} (skipped: no ${kind.name} server at ${hostname}:${port})`, tests);
}

/** Whether there is such a server. */
export function isReachable({ url }: Kind): Promise<boolean> {
  return listens(url);
}
