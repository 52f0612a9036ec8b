// Three processes work on the runs of one database, and one after the other is killed, or stopped for longer than its
// lease and let go on. MOFA_CHAOS_MINUTES says for how long, for each database; as a test of every day, a few seconds.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listens } from "@mofa/devkit/databases/listens";
import type { Journal } from "@mofa/kernel";
import { seededRandom } from "@mofa/kernel/testing";
import { openMysql } from "@mofa/persistence/mysql";
import { openPostgres } from "@mofa/persistence/postgres";
import { openSqlite } from "@mofa/persistence/sqlite";
import mysql from "mysql2/promise";
import pg from "pg";
import { expect, test } from "vitest";
import type { ChaosWorker } from "./chaos-worker.ts";

const MINUTES = Number(process.env["MOFA_CHAOS_MINUTES"] ?? 0);
const CHAOS_MS = MINUTES > 0 ? MINUTES * 60_000 : 2_500;
const WORKERS = 3;
const LIMITS = { steps: 8, leaseMs: 800, maxConcurrent: 8 };
// As many runs at a time as keep all workers busy.
const OPEN = 60;
const PAUSE_MS = 350;
const END_MS = 60_000;

const worker = fileURLToPath(new URL("./chaos-worker.ts", import.meta.url));

async function live(options: ChaosWorker): Promise<ChildProcess> {
  const args = ["--conditions=@mofa/source", worker, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}

async function chaos(options: ChaosWorker, journal: Journal): Promise<void> {
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const workers = new Set<ChildProcess>();
  const births: Promise<unknown>[] = [];
  const bear = () => births.push(live(options).then((child) => workers.add(child)));
  for (let n = 0; n < WORKERS; n++) bear();
  await Promise.all(births);
  const ids: string[] = [];
  const disturbed = { kills: 0, stops: 0 };
  const until = Date.now() + CHAOS_MS;

  async function isOver(): Promise<boolean> {
    // Asked first: what is begun after the list was made is not on it.
    const ends = Date.now() >= until;
    const open = await journal.list({ status: ["queued", "running", "waiting"], limit: 1_000 });
    for (let n = open.length; n < OPEN && !ends; n++) {
      ids.push(`r${ids.length}`);
      await journal.create({ id: `r${ids.length - 1}`, kind: "tool", name: "chaos", input: {} });
    }
    return ends && open.length === 0;
  }

  async function disturb(): Promise<void> {
    const child = [...workers][Math.floor(random() * workers.size)];
    if (child === undefined) return;
    if (disturbed.stops * 2 < disturbed.kills) {
      disturbed.stops++;
      child.kill("SIGSTOP");
      await sleep(2 * options.leaseMs);
      child.kill("SIGCONT");
      return;
    }
    disturbed.kills++;
    child.kill("SIGKILL");
    workers.delete(child);
    bear();
  }

  try {
    while (!(await isOver()) && Date.now() < until + END_MS) {
      await sleep(PAUSE_MS * (0.5 + random()));
      if (Date.now() < until) await disturb();
    }
  } finally {
    await Promise.all(births);
    for (const child of workers) child.kill("SIGKILL");
  }
  const takeovers = await check(journal, ids);
  const effects = readFileSync(options.effects, "utf8").trimEnd().split("\n");
  const repeats = effects.length - new Set(effects).size;
  const { kills, stops } = disturbed;
  const stood = effects.filter((line) => line.startsWith("stood"));
  const told = `${kills} kills, ${stops} stops, ${takeovers} takeovers, ${repeats} steps begun twice, ${stood.length} while stopped`;
  console.log(`${options.database}, MOFA_SEED=${seed}: ${ids.length} runs, ${told}`);
  expect(effects.filter((line) => line.startsWith("late"))).toEqual([]);
  // Were steps begun without that look, it would be several at each stop.
  expect(stood.length).toBeLessThanOrEqual(1 + stops / 4);
  // A step that was under way when its run was lost may be begun again: one for each takeover.
  expect(repeats).toBeLessThanOrEqual(takeovers);
  // On a machine that is busy with other things leases run out by themselves, so this is not for every day.
  if (MINUTES > 0) expect(repeats).toBeLessThanOrEqual((kills + stops) * options.maxConcurrent);
  expect([kills > 0, stops > 0]).toEqual([true, true]);
}

/** Looks at every run; gives how often one was taken over. */
async function check(journal: Journal, ids: readonly string[]): Promise<number> {
  let takeovers = 0;
  const sum = (LIMITS.steps * (LIMITS.steps - 1)) / 2;
  for (const id of ids) {
    const run = await journal.get(id);
    expect([id, run?.status, run?.output]).toEqual([id, "done", sum]);
    const rows = await journal.rows(id);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index));
    const done = rows.filter(({ type, name }) => type === "step" && name === "step");
    expect(done.map(({ body }) => body)).toEqual(Array.from({ length: LIMITS.steps }, (_, n) => n));
    expect(new Set(done.map(({ key }) => key)).size).toBe(LIMITS.steps);
    takeovers += run?.takeovers ?? 0;
  }
  return takeovers;
}

/** A database of the test's own, gone with it. */
interface Site extends AsyncDisposable {
  readonly place: string;
  readonly schema: string;
  readonly journal: Journal;
}

const POSTGRES = process.env["MOFA_TEST_POSTGRES_URL"] ?? "postgres://root@127.0.0.1:5432/test";
const MYSQL = process.env["MOFA_TEST_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306/test";
const name = `mofa_chaos_${randomBytes(6).toString("hex")}`;

async function onSqlite(folder: string): Promise<Site> {
  const place = join(folder, "mofa.db");
  const opened = await openSqlite({ file: place });
  return { place, schema: "", journal: opened.journal, [Symbol.asyncDispose]: async () => opened.close() };
}

async function onPostgres(): Promise<Site> {
  const opened = await openPostgres({ url: POSTGRES, schema: name });
  return {
    place: POSTGRES,
    schema: name,
    journal: opened.journal,
    async [Symbol.asyncDispose]() {
      await opened.close();
      const client = new pg.Client({ connectionString: POSTGRES });
      await client.connect();
      await client.query(`SET client_min_messages = warning; DROP SCHEMA ${name} CASCADE`);
      await client.end();
    },
  };
}

async function onMysql(): Promise<Site> {
  const client = await mysql.createConnection({ uri: MYSQL });
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(MYSQL);
  url.pathname = `/${name}`;
  const opened = await openMysql({ url: url.href });
  return {
    place: url.href,
    schema: "",
    journal: opened.journal,
    async [Symbol.asyncDispose]() {
      await opened.close();
      await client.query(`DROP DATABASE ${name}`);
      await client.end();
    },
  };
}

const databases = [
  { database: "sqlite", open: onSqlite, missing: undefined },
  { database: "postgres", open: onPostgres, missing: (await listens(POSTGRES)) ? undefined : "no PostgreSQL server" },
  { database: "mysql", open: onMysql, missing: (await listens(MYSQL)) ? undefined : "no MySQL server" },
] as const;

for (const { database, open, missing } of databases) {
  const title = `three workers over ${database} that are killed and stopped finish every run and repeat no journalled step`;
  const timeout = CHAOS_MS + END_MS + 30_000;
  test.skipIf(missing !== undefined)(
    missing === undefined ? title : `${title} (skipped: ${missing})`,
    { timeout },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "mofa-chaos-"));
      try {
        await using site = await open(folder);
        const { place, schema, journal } = site;
        await chaos({ database, place, schema, effects: join(folder, "effects"), ...LIMITS }, journal);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
}
