import { connect } from "node:net";
import { isMofaError } from "@mofa/kernel";
import type mysql from "mysql2/promise";
import { fail } from "../errors.ts";
import { type Address, tlsOf } from "../server/address.ts";
import type { Answer, Driver, Lent } from "../server/database.ts";
import { DEFAULTS, type TlsOptions } from "../server/options.ts";
import { type Compiled, compile, expand, inOrder, type Value, type Values } from "../server/statement.ts";
import { mysqlDialect } from "./dialect.ts";
import type { MysqlOptions } from "./options.ts";
import { wrapMysql } from "./wrap.ts";

export interface DriverOptions {
  readonly createPool: typeof mysql.createPool;
  readonly address: Address;
  readonly options: Omit<MysqlOptions, "url">;
}

type Result = mysql.RowDataPacket[] | mysql.ResultSetHeader;

/** Connections to a MySQL or MariaDB server. */
export function mysqlDriver({ createPool, address, options }: DriverOptions): Driver {
  const { statementTimeout } = { ...DEFAULTS, ...options };
  const pool = createPool(poolOptions(address, options));
  const place = { ...address, statementTimeout };
  const prepared = new Map<string, Compiled>();
  // What a connection is told first; the longest packet it takes is kept beside it.
  const packets = new WeakMap<object, number>();

  function prepare(text: string): Compiled {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const made = compile(text, mysqlDialect.parameter);
    prepared.set(text, made);
    return made;
  }

  async function attempt<T>(work: () => Promise<T>, connected = true): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw isMofaError(thrown) ? thrown : wrapMysql(thrown, { ...place, connected });
    }
  }

  function lend(client: mysql.PoolConnection): Lent {
    // Closed by the server, a connection can refuse a packet that is too long only in words nobody hears.
    const check = (size: number) => {
      const most = packets.get(client.connection) ?? Number.POSITIVE_INFINITY;
      if (size < most) return;
      const reason = `a statement of ${size} bytes is longer than max_allowed_packet (${most})`;
      throw fail("database.too_long", { file: address.file, reason });
    };
    const written = (text: string, values: Values): string => {
      const made = expand(text, values, mysqlDialect.parameter);
      const sql = client.format(made.text, made.values);
      check(Buffer.byteLength(sql) + 1);
      return sql;
    };
    return {
      run: <Row>(text: string, values: Values = {}) =>
        attempt(async () => {
          const statement = prepare(text);
          const given = inOrder(statement, values);
          check(sizeOf(given));
          return toAnswer<Row>((await client.execute<Result>(statement.text, given))[0]);
        }),
      ask: <Row>(text: string, values: Values = {}) =>
        attempt(async () => toAnswer<Row>((await client.query<Result>(written(text, values)))[0])),
      script: (text, values = {}) =>
        attempt(async () => {
          const results = (await client.query<mysql.ResultSetHeader[]>(written(text, values)))[0];
          return (Array.isArray(results) ? results : [results]).map((result) => toAnswer(result));
        }),
      release: (broken) => (broken ? client.destroy() : client.release()),
    };
  }

  async function greet(client: mysql.PoolConnection): Promise<void> {
    if (packets.has(client.connection)) return;
    const about = "SELECT version() AS version, @@max_allowed_packet AS most";
    const [[row]] = await client.query<(mysql.RowDataPacket & { version: string; most: number })[]>(about);
    const { version, most } = row ?? { version: "", most: 0 };
    expectVersion(version, address.file);
    await client.query(settings(version, statementTimeout));
    packets.set(client.connection, most);
  }

  return {
    acquire: () =>
      attempt(async () => {
        const client = await pool.getConnection();
        try {
          await greet(client);
          return lend(client);
        } catch (thrown) {
          client.destroy();
          throw thrown;
        }
      }, false),
    end: () => pool.end(),
  };
}

function poolOptions(address: Address, options: Omit<MysqlOptions, "url">): mysql.PoolOptions {
  const { tls, connections, connectTimeout } = { ...DEFAULTS, ...options };
  const { host, port, user, password, database } = address;
  const ssl = tlsOf(address, tls);
  return {
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    database,
    charset: "utf8mb4_bin",
    connectionLimit: connections,
    connectTimeout,
    // Many appends in one round trip. Every value goes through the driver's own quoting.
    multipleStatements: true,
    ...(ssl === false ? {} : secured(ssl, address)),
  };
}

// Whose certificate is looked at must also be the one whose name it is. The driver looks for the name of its host: where
// another one is said, it is told that, and the wire still goes where the address says.
function secured({ servername, ...tls }: TlsOptions, { host, port }: Address): mysql.PoolOptions {
  const ssl = { ...tls, verifyIdentity: tls.rejectUnauthorized !== false };
  if (servername === undefined) return { ssl };
  return { ssl, host: servername, stream: () => connect({ host, port, keepAlive: true }) };
}

// MySQL is 8 or newer, MariaDB 10.6 or newer: SKIP LOCKED.
function expectVersion(version: string, file: string): void {
  const maria = /mariadb/i.test(version);
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (maria ? major > 10 || (major === 10 && minor >= 6) : major >= 8) return;
  const found = `${maria ? "MariaDB" : "MySQL"} ${version}`;
  throw fail("database.too_old", { file, found, least: maria ? "MariaDB 10.6" : "MySQL 8.0" });
}

// Whatever the server's own settings are: names in double quotes, no cutting of what is too long, locks on what is
// found only, and no statement that goes on for ever.
function settings(version: string, statementTimeout: number): string {
  const limit = /mariadb/i.test(version)
    ? `max_statement_time = ${statementTimeout / 1_000}`
    : `max_execution_time = ${statementTimeout}`;
  const seconds = Math.max(1, Math.ceil(statementTimeout / 1_000));
  return `SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
    SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET SESSION innodb_lock_wait_timeout = ${seconds}, ${limit}`;
}

function sizeOf(values: readonly Value[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? Buffer.byteLength(value) : 16), 64);
}

function toAnswer<Row>(result: Result): Answer<Row> {
  if (!Array.isArray(result)) return { rows: [], changed: result.affectedRows, inserted: result.insertId };
  return { rows: result.map(decodeRow) as Row[], changed: 0 };
}

// Ids are bytes to the database, so that no language changes their order.
function decodeRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    decoded[name] = Buffer.isBuffer(value) ? value.toString("utf8") : value;
  }
  return decoded;
}
