// 6c: 32 runs at once, each of twenty steps that give 300 bytes, kept on a server before the next one begins.
import { randomBytes } from "node:crypto";
import { mysql } from "@mofa/sdk/persistence/mysql";
import { postgres } from "@mofa/sdk/persistence/postgres";
import { sqlite } from "@mofa/sdk/persistence/sqlite";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { atOnce, keeping, rowOf } from "./flow.ts";
import { openFolder } from "./folder.ts";
import { openPostgresLimit } from "./postgres-limit.ts";
import { MYSQL, openMysqlSite, openPostgresSite, POSTGRES } from "./servers.ts";

const RUNS = 32;
const STEPS = 20;
const BYTES = 300;
const OURS = { definition: rowOf(STEPS), bytes: BYTES, atOnce: RUNS };

export async function manyCase(peers: Peers): Promise<Case> {
  const subjects = [
    () => limit(peers),
    () => onPostgres(peers),
    () => dbos(peers),
    () => onMysql(peers),
    () => onSqlite(),
  ];
  return { name: `6c a step of ${RUNS} runs at once, PostgreSQL and others`, each: RUNS * STEPS, subjects };
}

async function limit(peers: Peers): Promise<Subject | undefined> {
  const site = await openPostgresSite(peers);
  if (site === undefined) return undefined;
  const { run, end } = await openPostgresLimit(peers, site.schema);
  const text = "x".repeat(BYTES);
  return atOnce("limit", {
    runs: RUNS,
    run: () => run(STEPS, text),
    async end() {
      await end();
      await site.delete();
    },
  });
}

async function onPostgres(peers: Peers): Promise<Subject | undefined> {
  const site = await openPostgresSite(peers);
  if (site === undefined) return undefined;
  const { mofa, run } = await keeping(postgres({ url: POSTGRES, schema: site.schema }), OURS);
  return atOnce("mofa", {
    runs: RUNS,
    run,
    async end() {
      await mofa.end();
      await site.delete();
    },
  });
}

async function onMysql(peers: Peers): Promise<Subject | undefined> {
  const site = await openMysqlSite(peers);
  if (site === undefined) return undefined;
  const url = new URL(MYSQL);
  url.pathname = `/${site.database}`;
  const { mofa, run } = await keeping(mysql({ url: url.href }), OURS);
  return atOnce("mofa, MariaDB or MySQL", {
    runs: RUNS,
    run,
    async end() {
      await mofa.end();
      await site.delete();
    },
  });
}

async function onSqlite(): Promise<Subject> {
  const folder = await openFolder();
  const { mofa, run } = await keeping(sqlite({ file: folder.file }), OURS);
  return atOnce("mofa, SQLite", {
    runs: RUNS,
    run,
    async end() {
      await mofa.end();
      await folder.delete();
    },
  });
}

interface Dbos {
  readonly DBOS: {
    setConfig(options: unknown): void;
    registerWorkflow(run: () => Promise<number>, options: { readonly name: string }): () => Promise<number>;
    runStep<T>(step: () => Promise<T>, options: { readonly name: string }): Promise<T>;
    startWorkflow(flow: () => Promise<number>): () => Promise<{ getResult(): Promise<number> }>;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
  };
}

async function dbos(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Dbos>("@dbos-inc/dbos-sdk");
  if (peer === undefined) return undefined;
  const site = await openPostgresSite(peers);
  if (site === undefined) return undefined;
  const { DBOS } = peer;
  const name = `bench-${randomBytes(3).toString("hex")}`;
  DBOS.setConfig({ name, systemDatabaseUrl: POSTGRES, systemDatabaseSchemaName: site.schema, logLevel: "error" });
  const text = "x".repeat(BYTES);
  const say = async () => ({ text });
  const flow = DBOS.registerWorkflow(
    async () => {
      let bytes = 0;
      for (let step = 0; step < STEPS; step++) bytes += (await DBOS.runStep(say, { name: "say" })).text.length;
      return bytes;
    },
    { name: "row" },
  );
  await DBOS.launch();
  return atOnce("dbos", {
    runs: RUNS,
    async run() {
      const handle = await DBOS.startWorkflow(flow)();
      const bytes = await handle.getResult();
      if (bytes !== STEPS * BYTES) throw new Error(`DBOS gave ${bytes} bytes.`);
    },
    async end() {
      await DBOS.shutdown();
      await site.delete();
    },
  });
}
