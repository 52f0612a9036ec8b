import { type Clock, nearest, systemClock } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { ServerOptions } from "../server/options.ts";
import type { Access, DatabaseKind } from "./access.ts";
import { backup, type Copied, restore } from "./copying.ts";
import { countOld, deleteOld, type Pruned, type PruneOptions } from "./prune.ts";
import { mysqlAccess, postgresAccess } from "./server-access.ts";
import { speechOf } from "./speech.ts";
import { sqliteAccess } from "./sqlite-access.ts";
import { type DatabaseStatus, readStatus } from "./status.ts";
import { type Step, stepsThere, tablesThere } from "./there.ts";

export interface AdminOptions {
  /** The path of an SQLite file, or the address of a server: `postgres://…`, `mysql://…`. */
  readonly at: string;
  /** Makes the SQLite file when it is missing. Default false. */
  readonly create?: boolean;
  /** PostgreSQL only: the schema of the tables. */
  readonly schema?: string;
  readonly tls?: ServerOptions["tls"];
  readonly clock?: Clock;
}

/** A whole database, for those who look after it. It is not upgraded unless that is asked for. */
export interface Admin extends AsyncDisposable {
  readonly kind: DatabaseKind;
  /** A path, or an address without user and password. */
  readonly file: string;
  status(): Promise<DatabaseStatus>;
  /** The steps that make its tables, with their SQL. */
  steps(): Promise<readonly Step[]>;
  /** Brings its tables to this version; gives the steps that were missing. Throws `database.newer`. */
  migrate(): Promise<readonly Step[]>;
  /**
   * Writes all of it to a file while others go on: lines of JSON, packed when the name ends in `.gz`; a copy of the
   * database itself when it ends in `.sqlite`. Throws `backup.file_there`, `backup.not_written`.
   */
  backup(file: string): Promise<Copied>;
  /**
   * Puts a backup of any kind of database, or an SQLite file, into this one: all or nothing. With `force` what is there
   * is deleted. Throws `backup.not_empty`, `backup.broken`, `backup.newer`, `backup.not_one`.
   */
  restore(file: string, options?: { readonly force?: boolean }): Promise<Copied>;
  /** Deletes what is old; with `dry` only counts it. Throws `database.older` where the tables are not of this version. */
  prune(options: PruneOptions & { readonly dry?: boolean }): Promise<Pruned>;
  /** Gives room back; gives the bytes before and after. */
  vacuum(): Promise<{ readonly before: number; readonly after: number }>;
}

/** Opens a database for looking after it. The driver is loaded here and not before. */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const { clock = systemClock } = options;
  const access = await reach(options);
  const { kind, file } = access;
  const steps = () => access.use((statements) => stepsThere(statements, access));
  return {
    kind,
    file,
    steps,
    status: () => readStatus(access),
    async migrate() {
      const missing = (await steps()).filter(({ status }) => status === "missing" || status === "partly");
      await access.migrate();
      return missing;
    },
    backup: (target) => backup(access, target, clock),
    restore: (source, { force = false } = {}) => restore(access, source, force),
    async prune({ dry = false, ...old }) {
      assertCurrent(access, await steps());
      if (dry) return await access.use((statements) => countOld(statements, old));
      await using opened = await openWhole(options, kind);
      return await deleteOld(opened, old);
    },
    async vacuum() {
      const before = await access.size();
      const names = await access.use((statements) => tablesThere(statements, kind));
      await access.use(async (statements) => {
        for (const text of speechOf(kind).vacuum(names.map(({ spec }) => spec.name))) await statements.ask(text);
      });
      return { before, after: await access.size() };
    },
    [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
  };
}

const KINDS: ReadonlyMap<string, DatabaseKind> = new Map([
  ["postgres", "postgres"],
  ["postgresql", "postgres"],
  ["mysql", "mysql"],
  ["mariadb", "mysql"],
]);

/** Which kind of database an address names: what has no scheme is the path of a file. Throws `database.bad_scheme`. */
export function kindAt(at: string): DatabaseKind {
  const [, scheme = "", slashes] = /^([\w+.-]+):(\/\/)?/u.exec(at) ?? [];
  const kind = KINDS.get(scheme.toLowerCase());
  if (kind !== undefined) return kind;
  if (slashes === undefined) return "sqlite";
  // It would otherwise become the name of a new, empty file. What comes behind it may hold a password.
  throw fail("database.bad_scheme", { scheme, nearest: nearest(scheme, KINDS.keys()) });
}

function reach({ at, create = false, schema, tls }: AdminOptions): Promise<Access> {
  const kind = kindAt(at);
  if (kind === "sqlite") return sqliteAccess({ file: at, create });
  const options = { url: at, ...(tls === undefined ? {} : { tls }) };
  if (kind === "mysql") return mysqlAccess(options);
  return postgresAccess({ ...options, ...(schema === undefined ? {} : { schema }) });
}

async function openWhole({ at, schema, tls, clock = systemClock }: AdminOptions, kind: DatabaseKind) {
  const options = { url: at, migrate: "manual", ...(tls === undefined ? {} : { tls }) } as const;
  // Only pruning needs more of a database than its tables.
  if (kind === "mysql") return await (await import("../mysql/open.ts")).openMysql(options, { clock });
  if (kind === "postgres") {
    const { openPostgres } = await import("../postgres/open.ts");
    return await openPostgres({ ...options, ...(schema === undefined ? {} : { schema }) }, { clock });
  }
  const { openSqlite } = await import("../sqlite/open.ts");
  const { journal, session, memory, store, close } = await openSqlite({ file: at, migrate: "manual" }, { clock });
  return { journal, session, memory, store, [Symbol.asyncDispose]: async () => close() };
}

function assertCurrent({ file }: Access, steps: readonly Step[]): void {
  const missing = steps.filter(({ status }) => status === "missing" || status === "partly").length;
  if (missing > 0) throw fail("database.not_migrated", { file, missing });
  const unknown = steps.filter(({ status }) => status === "unknown").length;
  if (unknown > 0) throw fail("database.newer", { file, unknown });
}
