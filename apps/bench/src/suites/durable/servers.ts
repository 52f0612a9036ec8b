// Places of one's own on the servers of the tests; undefined where there is none.
import { randomBytes } from "node:crypto";
import type { Peers } from "../../peer.ts";

export const POSTGRES = process.env["MOFA_TEST_POSTGRES_URL"] ?? "postgres://root@127.0.0.1:5432/test";
export const MYSQL = process.env["MOFA_TEST_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306/test";

interface Postgres {
  readonly Client: new (options: {
    readonly connectionString: string;
  }) => {
    connect(): Promise<void>;
    query(text: string): Promise<unknown>;
    end(): Promise<void>;
  };
}

export async function openPostgresSite(peers: Peers) {
  const peer = await peers.load<{ default: Postgres }>("pg");
  if (peer === undefined) return undefined;
  const schema = `mofa_bench_${randomBytes(6).toString("hex")}`;
  const ask = async (text: string) => {
    const client = new peer.default.Client({ connectionString: POSTGRES });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  if (!(await works("PostgreSQL", POSTGRES, () => ask(`CREATE SCHEMA ${schema}`)))) return undefined;
  return { schema, delete: () => ask(`SET client_min_messages = warning; DROP SCHEMA ${schema} CASCADE`) };
}

interface Mysql {
  createConnection(url: string): Promise<{ query(text: string): Promise<unknown>; end(): Promise<void> }>;
}

export async function openMysqlSite(peers: Peers) {
  const peer = await peers.load<{ default: Mysql }>("mysql2/promise");
  if (peer === undefined) return undefined;
  const database = `mofa_bench_${randomBytes(6).toString("hex")}`;
  const ask = async (text: string) => {
    const client = await peer.default.createConnection(MYSQL);
    await client.query(text);
    await client.end();
  };
  if (!(await works("MySQL", MYSQL, () => ask(`CREATE DATABASE ${database}`)))) return undefined;
  return { database, delete: () => ask(`DROP DATABASE ${database}`) };
}

async function works(name: string, url: string, ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    const { host } = new URL(url);
    process.stderr.write(`No ${name} at ${host} (${String(error)}): what needs it is left out.\n`);
    return false;
  }
}
