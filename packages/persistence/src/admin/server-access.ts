import { connectMysql } from "../mysql/connect.ts";
import { connectPostgres } from "../postgres/connect.ts";
import type { Lent } from "../server/database.ts";
import { borrow, type Connecting } from "../server/open.ts";
import type { ServerOptions } from "../server/options.ts";
import { tables } from "../tables.ts";
import type { Access, Statements } from "./access.ts";

export type ServerAccessOptions = Pick<ServerOptions, "url" | "tls"> & { readonly schema?: string };

// What goes over all tables takes its time: an hour for one statement.
const PATIENT = { connections: 2, statementTimeout: 3_600_000 };

interface Words {
  readonly kind: "postgres" | "mysql";
  /** Statements that begin a snapshot. */
  readonly snapshot: readonly string[];
  readonly size: string;
}

const NAMES = Object.values(tables).map(({ name }) => name);

const POSTGRES: Words = {
  kind: "postgres",
  snapshot: ["START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"],
  size: `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 AS bytes FROM pg_class c
    JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = current_schema() AND c.relname IN (:names)`,
};

const MYSQL: Words = {
  kind: "mysql",
  snapshot: [
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
  ],
  size: `SELECT CAST(coalesce(sum(data_length + index_length), 0) AS signed) AS bytes FROM information_schema.tables
    WHERE table_schema = database() AND table_name IN (:names)`,
};

/** Reaches a PostgreSQL database as it is, whatever version its tables have. */
export async function postgresAccess({ schema, ...options }: ServerAccessOptions): Promise<Access> {
  const given = { ...options, ...PATIENT, ...(schema === undefined ? {} : { schema }) };
  return serverAccess(await connectPostgres(given), POSTGRES);
}

/** The same for MySQL and MariaDB. */
export async function mysqlAccess({ url, tls }: ServerAccessOptions): Promise<Access> {
  return serverAccess(await connectMysql({ url, ...PATIENT, ...(tls === undefined ? {} : { tls }) }), MYSQL);
}

function serverAccess({ driver, file, migrations, migrate }: Connecting, { kind, snapshot, size }: Words): Access {
  const use = <T>(work: (connection: Lent) => Promise<T>) => borrow(driver, work);
  const within = <T>(begin: readonly string[], work: (statements: Statements) => Promise<T>) =>
    use(async (connection) => {
      for (const statement of begin) await connection.ask(statement);
      const result = await work(connection);
      await connection.ask("COMMIT");
      return result;
    });
  return {
    kind,
    file,
    migrations,
    use,
    snapshot: (work) => within(snapshot, work),
    change: (work) => within(["START TRANSACTION"], work),
    migrate: () => use(migrate),
    size: () =>
      use(async (connection) => {
        const { rows } = await connection.ask<{ readonly bytes: number }>(size, { names: NAMES });
        return Number(rows[0]?.bytes ?? 0);
      }),
    [Symbol.asyncDispose]: () => driver.end(),
  };
}
