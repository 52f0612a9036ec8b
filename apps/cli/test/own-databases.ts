import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { listens } from "@mofa/devkit/databases/listens";
import { systemClock } from "@mofa/kernel";
import { openMysql } from "@mofa/sdk/persistence/mysql";
import { openPostgres } from "@mofa/sdk/persistence/postgres";

const URLS = {
  PostgreSQL: process.env["MOFA_TEST_POSTGRES_URL"] ?? "postgres://root@127.0.0.1:5432/test",
  MariaDB: process.env["MOFA_TEST_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306/test",
} as const;

export type ServerName = keyof typeof URLS;

interface Client {
  connect?(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
}

// The drivers are the persistence package's own: whoever runs the command installs them beside it.
const require = createRequire(new URL("../../../packages/persistence/package.json", import.meta.url));

async function administer(server: ServerName, text: string): Promise<void> {
  // Both drivers have clients of this form, which only `require` with a string cannot know.
  const client: Client =
    server === "PostgreSQL"
      ? new (require("pg") as { Client: new (url: string) => Client }).Client(URLS[server])
      : await (require("mysql2/promise") as { createConnection(url: string): Promise<Client> }).createConnection(
          URLS[server],
        );
  await client.connect?.();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** An empty database with a random name on a server, dropped at the end. */
export async function ownDatabase(server: ServerName) {
  const name = `mofa_desk_${randomBytes(6).toString("hex")}`;
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(URLS[server]);
  url.pathname = `/${name}`;
  const options = { clock: systemClock };
  return {
    url: url.href,
    open: () =>
      server === "PostgreSQL" ? openPostgres({ url: url.href }, options) : openMysql({ url: url.href }, options),
    [Symbol.asyncDispose]: () =>
      administer(server, `DROP DATABASE ${name}${server === "PostgreSQL" ? " WITH (FORCE)" : ""}`),
  };
}

/** The servers that are not there; throws when they have to be. */
export async function absentServers(): Promise<readonly string[]> {
  const absent: string[] = [];
  for (const [server, url] of Object.entries(URLS)) {
    const { hostname, port } = new URL(url);
    if (!(await listens(url))) absent.push(`${server} server at ${hostname}:${port}`);
  }
  if (absent.length > 0 && process.env["MOFA_REQUIRE_SERVICES"] === "1")
    throw new Error(`There is no ${absent.join(", and no ")}.`);
  return absent;
}
