import { isMofaError } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type Migration, missingSteps, MIGRATION_TABLE as TABLE } from "../migration-steps.ts";
import type { Connection } from "../server/database.ts";

export interface MigrateOptions {
  readonly file: string;
  readonly schema: string | undefined;
  readonly migrations: readonly Migration[];
  /** Refuses instead of upgrading. */
  readonly manual: boolean;
}

interface State {
  readonly encoding: string;
  readonly version: string;
  readonly found: string | null;
}

const STATE = `SELECT getdatabaseencoding()::text AS encoding, current_setting('server_version') AS version,
  to_regclass('${TABLE}')::text AS found`;
const LEAST = 12;

/** Brings the tables to this version, all steps or none; refuses a database that a newer version has changed. */
export async function migratePostgres(connection: Connection, options: MigrateOptions): Promise<void> {
  const { file, migrations, manual } = options;
  const state = (await connection.ask<State>(STATE)).rows[0];
  const { encoding = "", version = "", found = null } = state ?? {};
  if (Number.parseInt(version, 10) < LEAST) {
    throw fail("database.too_old", { file, found: `PostgreSQL ${version}`, least: `PostgreSQL ${LEAST}` });
  }
  if (encoding !== "UTF8") throw fail("database.bad_encoding", { file, found: encoding });
  const missing = missingSteps(migrations, found === null ? [] : await applied(connection), file).length;
  if (missing === 0) return;
  if (manual) throw fail("database.not_migrated", { file, missing });
  await connection.ask("START TRANSACTION");
  try {
    await upgrade(connection, options);
    await connection.ask("COMMIT");
  } catch (thrown) {
    await connection.ask("ROLLBACK");
    throw thrown;
  }
}

async function upgrade(connection: Connection, { file, schema, migrations }: MigrateOptions): Promise<void> {
  await connection.ask("SET LOCAL statement_timeout = 0");
  // One process at a time; the others find the work done.
  await connection.ask(
    `SELECT pg_advisory_xact_lock(hashtext('${TABLE}'), hashtext(coalesce(:schema, current_schema())))`,
    {
      schema: schema ?? null,
    },
  );
  if (schema !== undefined) await makeSchema(connection, schema);
  await connection.ask(`CREATE TABLE IF NOT EXISTS ${TABLE} (created_at int8 PRIMARY KEY, hash text NOT NULL)`);
  for (const { sql, folderMillis, hash } of missingSteps(migrations, await applied(connection), file)) {
    const step = new Date(folderMillis).toISOString();
    for (const statement of sql) await attempt(connection, statement, { file, step });
    await connection.ask(`INSERT INTO ${TABLE} (created_at, hash) VALUES (:folderMillis, :hash)`, {
      folderMillis,
      hash,
    });
  }
}

// Asked for first: making one needs a right that using one does not.
async function makeSchema(connection: Connection, schema: string): Promise<void> {
  const { rows } = await connection.ask("SELECT 1 FROM pg_namespace WHERE nspname = :schema", { schema });
  if (rows.length === 0) await connection.ask(`CREATE SCHEMA ${schema}`);
}

async function applied(connection: Connection): Promise<readonly number[]> {
  const { rows } = await connection.ask<{ readonly at: number }>(`SELECT created_at AS at FROM ${TABLE}`);
  return rows.map((row) => row.at);
}

async function attempt(
  connection: Connection,
  statement: string,
  where: { readonly file: string; readonly step: string },
) {
  try {
    await connection.ask(statement);
  } catch (cause) {
    // A lost connection or a missing right is told as what it is.
    if (!isMofaError(cause, "database.failed")) throw cause;
    throw fail("database.upgrade_failed", { ...where, reason: cause.message }, { cause });
  }
}
