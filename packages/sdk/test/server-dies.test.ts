// Two processes work on the runs of a database server that is killed and started again, and whose answers are swallowed on
// the wire. One of them waits for the server, one gives up at once. MOFA_CHAOS_MINUTES says for how long, for each
// database; as a test of every day, three kills.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Cutting, cutting } from "@mofa/devkit/databases/cutting";
import {
  type Installed,
  type PrivateServer,
  privateMariadb,
  privatePostgres,
} from "@mofa/devkit/databases/private-server";
import type { Journal, RunRecord } from "@mofa/kernel";
import { seededRandom } from "@mofa/kernel/testing";
import { openMysql } from "@mofa/persistence/mysql";
import { openPostgres } from "@mofa/persistence/postgres";
import mysql from "mysql2/promise";
import pg from "pg";
import { describe, expect, test } from "vitest";
import type { DyingWorker } from "./server-dies-worker.ts";

const MINUTES = Number(process.env["MOFA_CHAOS_MINUTES"] ?? 0);
const KILLS = 3;
const LEASE_MS = 2_000;
const PACE = 30;
const END_MS = 60_000;
// What is said when an answer is swallowed: at the result of a step, of one that happens once, and at the end of a
// transaction.
const CUT_AT = ["step", "charge", "COMMIT"];
// Between the moment at which something is seen here, and there.
const SLACK_MS = 100;

const program = fileURLToPath(new URL("./server-dies-worker.ts", import.meta.url));

/** A worker's process, and what it has said. */
interface Life {
  readonly child: ChildProcess;
  readonly accepted: readonly string[];
  readonly ended: readonly string[];
  readonly refused: readonly string[];
  readonly logged: readonly string[];
  readonly errors: readonly string[];
  said(word: "ready" | "enough"): Promise<void>;
  /** The exit code and the signal. */
  readonly end: Promise<readonly unknown[]>;
}

function live(worker: DyingWorker): Life {
  const child = spawn(process.execPath, ["--conditions=@mofa/source", program, JSON.stringify(worker)]);
  const said: Record<string, string[]> = { accepted: [], ended: [], refused: [], log: [], ready: [], enough: [] };
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [word = "", ...rest] = line.split(" ");
    // What begins with no such word goes on with what was logged, and is found there.
    (said[word] ?? said["log"])?.push(rest.join(" "));
  });
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
  const end = new Promise<readonly unknown[]>((resolve) => child.once("close", (...how) => resolve(how)));
  return {
    child,
    accepted: said["accepted"] ?? [],
    ended: said["ended"] ?? [],
    refused: said["refused"] ?? [],
    logged: said["log"] ?? [],
    errors,
    end,
    async said(word) {
      while (said[word]?.length === 0 && child.exitCode === null) await sleep(10);
    },
  };
}

/** A time during which an answer may not have come. */
interface Outage {
  readonly from: number;
  readonly to: number;
}

interface Site {
  readonly server: PrivateServer;
  readonly wire: Cutting;
  readonly random: () => number;
}

/** Swallows answers, then kills the server and starts it again after a while. */
async function disturb({ server, wire, random }: Site): Promise<readonly Outage[]> {
  const outages: Outage[] = [];
  for (const said of CUT_AT) {
    await sleep(100 + 200 * random());
    const { cuts } = wire;
    const from = Date.now();
    wire.next(said);
    while (wire.cuts === cuts && Date.now() < from + 5_000) await sleep(5);
    outages.push({ from, to: Date.now() });
  }
  await sleep(200 * random());
  const from = Date.now();
  await server.kill();
  // Longer than a run's writer tries again by itself, most of the time.
  await sleep(500 + 500 * random());
  await server.start();
  return [...outages, { from, to: Date.now() }];
}

async function ended(journal: Journal): Promise<void> {
  const until = Date.now() + END_MS;
  const open = () => journal.list({ status: ["queued", "running", "waiting"], limit: 1 });
  while ((await open()).length > 0 && Date.now() < until) await sleep(50);
}

/** Looks at a run that has ended, and gives the times at which its steps were kept. */
async function check(journal: Journal, { id, status, output }: RunRecord): Promise<ReadonlyMap<string, number>> {
  const result = [15, expect.stringMatching(/^(charged|in doubt)$/), "counted"];
  expect([id, status, output]).toEqual([id, "done", result]);
  const rows = await journal.rows(id);
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index));
  const kept = rows.filter(({ type }) => type === "step");
  expect(kept.map(({ name }) => name).sort()).toEqual(["charge", "count", ...Array(6).fill("step")]);
  const times = new Map(kept.map(({ key, at }) => [`${id}/${key}`, at]));
  expect(times.size).toBe(kept.length);
  return times;
}

/** When each step was begun, in order. */
function beginnings(effects: string, what: string): ReadonlyMap<string, readonly number[]> {
  const lines = readFileSync(effects, "utf8").trimEnd().split("\n");
  const begun = Map.groupBy(
    lines.map((line) => line.split(" ")).filter((words) => words[2] === what),
    ([key = ""]) => key,
  );
  return new Map([...begun].map(([key, all]) => [key, all.map(([, at]) => Number(at))]));
}

interface Told {
  readonly seed: number;
  readonly outages: readonly Outage[];
  readonly lives: readonly Life[];
  readonly effects: string;
}

async function judge(journal: Journal, { seed, outages, lives, effects }: Told): Promise<readonly string[]> {
  const runs = await journal.list({ limit: 100_000 });
  const kept = new Map<string, number>();
  const epochs = new Map(runs.map(({ id, epoch }) => [id, epoch]));
  for (const run of runs) for (const [key, at] of await check(journal, run)) kept.set(key, at);
  const accepted = lives.flatMap((life) => life.accepted);
  expect(accepted.filter((id) => !epochs.has(id))).toEqual([]);

  const charges = beginnings(effects, "charge");
  expect([...charges].filter(([, times]) => times.length > 1)).toEqual([]);
  const doubtful = runs.filter(({ output }) => (output as readonly unknown[])[1] === "in doubt");
  const certain = runs.length - doubtful.length;
  expect(charges.size).toBeGreaterThanOrEqual(certain);

  const steps = [...beginnings(effects, "step")];
  expect(steps.length).toBe(6 * runs.length);
  // Never after it was kept.
  expect(steps.filter(([key, times]) => times.some((at) => at > (kept.get(key) ?? 0)))).toEqual([]);
  const repeated = steps.flatMap(([key, times]) => times.slice(1).map((to, n) => ({ key, from: times[n] ?? 0, to })));
  // Again only if between the two something was wrong.
  const covered = ({ from, to }: Outage) =>
    outages.some((each) => each.from - SLACK_MS <= to && each.to + SLACK_MS >= from);
  expect(repeated.filter((each) => !covered(each))).toEqual([]);
  // And once for each time that its run was taken up anew.
  const tooOften = steps.filter(([key, times]) => times.length > (epochs.get(key.slice(0, key.indexOf("/"))) ?? 0));
  expect(tooOften).toEqual([]);

  // In a short while nothing may have been in flight.
  if (MINUTES > 0) expect(repeated.length + doubtful.length).toBeGreaterThan(0);

  const refused = lives.flatMap((life) => life.refused).length;
  const told = `${outages.length} cuts and kills, ${refused} starts refused, ${repeated.length} steps begun twice`;
  console.log(`MOFA_SEED=${seed}: ${runs.length} runs, ${told}, ${doubtful.length} charges in doubt`);
  return runs.map(({ id }) => id).sort();
}

async function chaos(installed: Installed, folder: string): Promise<void> {
  const { name } = installed;
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  console.log(`${name} dies with MOFA_SEED=${seed}`);
  await using server = await installed.open();
  await using wire = await cutting(server.url);
  await query(server.url, "CREATE TABLE counted (id varchar(100))");
  await using opened = await (name === "mysql" ? openMysql : openPostgres)(server.url);
  const effects = join(folder, "effects");
  const both = { database: name, url: wire.url, effects, leaseMs: LEASE_MS, pace: PACE };
  const patient = live({ ...both, name: "patient", reconnectTimeout: 60_000 });
  const hasty = live({ ...both, name: "hasty", reconnectTimeout: 0 });
  const lives = [patient, hasty];
  try {
    await Promise.all(lives.map((life) => life.said("ready")));
    const outages: Outage[] = [];
    const until = Date.now() + MINUTES * 60_000;
    for (let kills = 0; kills < KILLS || Date.now() < until; kills++)
      outages.push(...(await disturb({ server, wire, random })));
    for (const { child } of lives) child.stdin?.write("enough\n");
    await Promise.all(lives.map((life) => life.said("enough")));
    await ended(opened.journal);
    // They live, and end when they are asked to.
    expect(lives.map(({ child }) => child.exitCode)).toEqual([null, null]);
    for (const { child } of lives) child.stdin?.write("end\n");
    expect(await Promise.all(lives.map((life) => life.end))).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(lives.flatMap((life) => life.errors)).toEqual([]);
    const ids = await judge(opened.journal, { seed, outages, lives, effects });
    const counted = await query(server.url, "SELECT id FROM counted");
    expect(counted.map(({ id }) => String(id)).sort()).toEqual(ids);
    // Each says that the server went away and came back; nobody says anything but sentences.
    const logged = lives.flatMap((life) => life.logged);
    expect(logged.filter((line) => !/^(debug|info|warn|error) [A-Z].*\.$/.test(line))).toEqual([]);
    for (const life of lives)
      for (const said of [/^warn .* could not be reached/, /^info .* is there again/])
        expect(life.logged.filter((line) => said.test(line)).length).toBeGreaterThan(0);
  } finally {
    for (const { child } of lives) child.kill("SIGKILL");
  }
}

/** Asks the server past all that is ours. */
async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  if (url.startsWith("mysql")) {
    const client = await mysql.createConnection({ uri: url });
    const [rows] = await client.query<mysql.RowDataPacket[]>(text);
    await client.end();
    return rows;
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

for (const installed of [privatePostgres, privateMariadb]) {
  const { name, missing } = installed;
  const title = `workers over a ${name} server that dies`;
  describe.skipIf(missing !== undefined)(missing === undefined ? title : `${title} (skipped: ${missing})`, () => {
    test("live on, lose no start, finish every run, and repeat only what was in flight", {
      timeout: MINUTES * 60_000 + 2 * END_MS,
    }, async () => {
      const folder = await mkdtemp(join(tmpdir(), "mofa-dying-"));
      try {
        await chaos(installed, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}
