import { createHash } from "node:crypto";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { isMofaError } from "@mofa/kernel";
import type pg from "pg";
import { type Address, tlsOf } from "../server/address.ts";
import type { Driver, Lent } from "../server/database.ts";
import { DEFAULTS, type TlsOptions } from "../server/options.ts";
import { type Compiled, compile, expand, inOrder, type Value } from "../server/statement.ts";
import { postgresDialect } from "./dialect.ts";
import { decodeRow, encode } from "./nul.ts";
import type { PostgresOptions } from "./options.ts";
import { wrapPostgres } from "./wrap.ts";

export interface DriverOptions {
  readonly Pool: typeof pg.Pool;
  readonly address: Address;
  readonly options: Omit<PostgresOptions, "url">;
}

type Parsers = typeof pg.types.getTypeParser;
type Prepared = Compiled & { readonly name: string };

// Beyond the server's own limit: only a network that swallows everything comes that far.
const GRACE = 5_000;

// Told at the start of each connection, where they cost no round trip. All that is asked for goes by keys: a plan made
// while a table was small must not read all of it when it has grown, and compiling a plan takes longer than running it.
const SETTINGS = [
  "default_transaction_isolation=read\\ committed",
  "jit=off",
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
];

// int8, int4 and float8: counts and times are below 2⁵³. Everything else of ours is text.
const NUMBERS: readonly number[] = [20, 23, 701];

/** Connections to a PostgreSQL server. */
export function postgresDriver({ Pool, address, options }: DriverOptions): Driver {
  const pool = new Pool(poolOptions(address, options));
  const place = { ...address, statementTimeout: options.statementTimeout ?? DEFAULTS.statementTimeout };
  const prepared = new Map<string, Prepared>();
  // An idle connection that breaks is replaced when it is needed; one at work fails the work.
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));

  function prepare(text: string): Prepared {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const name = `mofa_${createHash("sha1").update(text).digest("hex")}`;
    const made = { ...compile(text, postgresDialect.parameter), name };
    prepared.set(text, made);
    return made;
  }

  async function query<Row>(client: pg.PoolClient, config: pg.QueryConfig<Value[]>) {
    try {
      const { rows, rowCount } = await client.query<Record<string, unknown>>(config);
      return { rows: rows.map(decodeRow) as Row[], changed: rowCount ?? 0 };
    } catch (thrown) {
      throw wrapPostgres(thrown, { ...place, connected: true });
    }
  }

  function lend(client: pg.PoolClient): Lent {
    return {
      run(text, values = {}) {
        const statement = prepare(text);
        return query(client, { ...statement, values: inOrder(statement, values).map(encode) });
      },
      ask(text, values = {}) {
        const made = expand(text, values, postgresDialect.parameter);
        return query(client, { text: made.text, values: made.values.map(encode) });
      },
      release: (broken) => client.release(broken),
    };
  }

  return {
    async acquire() {
      try {
        return lend(await pool.connect());
      } catch (thrown) {
        throw isMofaError(thrown) ? thrown : wrapPostgres(thrown, { ...place, connected: false });
      }
    },
    end: () => pool.end(),
  };
}

function poolOptions(address: Address, options: Omit<PostgresOptions, "url">): pg.PoolConfig {
  const { schema, tls, connections, connectTimeout, statementTimeout } = { ...DEFAULTS, ...options };
  const { host, port, user, password, database } = address;
  const path = schema === undefined ? [] : [`search_path=${schema}`];
  return {
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    database,
    max: connections,
    connectionTimeoutMillis: connectTimeout,
    query_timeout: statementTimeout + GRACE,
    keepAlive: true,
    application_name: schema === undefined ? "mofa" : `mofa/${schema}`,
    ssl: secured(tlsOf(address, tls)),
    options: [...SETTINGS, `statement_timeout=${statementTimeout}`, ...path].map((each) => `-c ${each}`).join(" "),
    types: { getTypeParser: ((oid: number) => (NUMBERS.includes(oid) ? Number : String)) as Parsers },
  };
}

// The driver would look for the host's name in the certificate, whatever is said.
function secured(tls: false | TlsOptions): pg.PoolConfig["ssl"] {
  const { servername } = tls || {};
  if (tls === false || servername === undefined) return tls;
  return {
    ...tls,
    checkServerIdentity: (_, certificate: PeerCertificate) => checkServerIdentity(servername, certificate),
  };
}

// Whoever works on a connection that breaks hears of it from the statement.
function ignore(): void {}
