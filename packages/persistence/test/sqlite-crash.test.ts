import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { seededRandom } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { openSqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";

const writer = fileURLToPath(new URL("./crash-writer.ts", import.meta.url));

/** Lets a writer live, kills it that many milliseconds after its first line, and gives what it acknowledged. */
async function liveAndDie(file: string, life: string, ms: number): Promise<ReadonlyMap<string, number>> {
  const child = spawn(process.execPath, ["--conditions=@mofa/source", writer, file, life], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (told === "") setTimeout(() => child.kill("SIGKILL"), ms);
    told += text;
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  const lines = told.split("\n").slice(0, -1);
  return new Map(lines.map((line) => line.split(" ") as [string, string]).map(([run, seq]) => [run, Number(seq)]));
}

test("a process killed at any moment loses nothing that was acknowledged and leaves no gap", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  console.log(`crash test with MOFA_SEED=${seed}`);
  const random = seededRandom(seed);
  const acknowledged = new Map<string, number>();
  for (let life = 0; life < 6; life++) {
    for (const [run, seq] of await liveAndDie(file, `life${life}`, random() * 60)) acknowledged.set(run, seq);
    using opened = await openSqlite({ file, readOnly: life % 2 === 1 });
    for (const [run, last] of acknowledged) {
      const rows = await opened.journal.rows(run);
      expect(rows.map((row) => row.seq)).toEqual(rows.map((_, index) => index));
      expect(rows.length).toBeGreaterThan(last);
      expect(rows.every((row) => row.body === `${run}:${row.seq}:${"x".repeat(row.seq % 700)}`)).toBe(true);
      // Two rows an append: an odd number would be half of one.
      expect(rows.length % 2).toBe(0);
    }
  }
  const raw = new Driver(file);
  expect(raw.pragma("integrity_check", { simple: true })).toBe("ok");
  raw.close();
  expect(acknowledged.size).toBeGreaterThanOrEqual(10);
}, 60_000);
