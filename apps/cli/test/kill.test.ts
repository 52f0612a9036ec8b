// Kills the support desk with SIGKILL at random moments and starts it again, until it finishes by itself. Then every
// ticket has one result, and no model call whose reply was in the journal at a kill was made again afterwards.
// MOFA_KILLS says how often (20 for the long form), MOFA_SEED repeats a run.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@mofa/kernel";
import { seededRandom } from "@mofa/kernel/testing";
import { serveRehearsal } from "@mofa/sdk/llm/rehearsal";
import { openSqlite } from "@mofa/sdk/persistence";
import { expect, test } from "vitest";
import { type Kept, keptCalls } from "./kept-calls.ts";
import { copySupportDesk, mofa } from "./support-desk.ts";

const KILLS = Number(process.env["MOFA_KILLS"] ?? 5);
// Every other kill comes at any moment from the first on, set-up included; the others while models answer.
const LONGEST_LIFE = 2500;
const once = ["start", "--once", "--port", "0"];
const SEED = Number(process.env["MOFA_SEED"] ?? Math.floor(Math.random() * 1e9));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What the journal holds after a kill. */
async function look(folder: string): Promise<Kept> {
  const file = join(folder, "data", "mofa.db");
  if (!existsSync(file)) return { calls: new Set(), done: 0 };
  const database = await openSqlite(file, { clock: systemClock });
  try {
    return await keptCalls(database.journal);
  } finally {
    await database.close();
  }
}

test(`after ${KILLS} kills every ticket is finished once and no finished model call is repeated`, {
  timeout: 600_000,
}, async () => {
  process.stdout.write(`seed ${SEED}\n`);
  const random = seededRandom(SEED);
  await using desk = await copySupportDesk();
  const tickets = (await readdir(join(desk.folder, "inbox"))).map((file) => file.replace(".txt", "")).sort();
  const asked: string[] = [];
  let hits = 0;
  const server = await serveRehearsal({
    tokensPerSecond: 1000 / KILLS,
    onRequest: ({ key }) => void asked.push(key ?? ""),
  });
  const env = { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: "test" };
  const repeated: string[] = [];
  let done: ReadonlySet<string> = new Set();
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const before = asked.length;
      const finishedBefore = server.requests().finished;
      const { child, finished } = mofa(once, desk.folder, env);
      if (kill % 2 === 1)
        await until(() => child.exitCode !== null || server.requests().finished >= finishedBefore + 2);
      await new Promise((resolve) => setTimeout(resolve, random() * (kill % 2 === 1 ? 500 : LONGEST_LIFE)));
      child.kill("SIGKILL");
      await finished;
      repeated.push(...asked.slice(before).filter((key) => done.has(key)));
      const kept = await look(desk.folder);
      done = kept.calls;
      if (kept.done < tickets.length) hits++;
    }
    const before = asked.length;
    const last = await mofa(once, desk.folder, env).finished;
    expect(last.stderr + last.stdout).toContain("23 tickets: 23 done.");
    expect(last.code).toBe(0);
    repeated.push(...asked.slice(before).filter((key) => done.has(key)));
  } finally {
    await server.close();
  }
  // The test would prove nothing if the kills came when all was done, or if calls could not be told apart.
  expect(hits).toBeGreaterThanOrEqual(Math.min(2, KILLS));
  expect([done.size > 0, asked.includes("")]).toEqual([true, false]);
  expect(repeated).toEqual([]);
  // Only calls in flight at a kill may be made again: at most one for each run at work.
  const again = asked.length - new Set(asked).size;
  process.stdout.write(
    `${KILLS} kills, ${hits} with work unfinished: ${asked.length} model calls for ${new Set(asked).size} steps, ${again} of them in flight at a kill\n`,
  );
  expect(again).toBeLessThanOrEqual(KILLS * 4);
  const database = await openSqlite(join(desk.folder, "data", "mofa.db"), { clock: systemClock });
  const answers = await database.store.list({ prefix: "answers/", limit: 1000 });
  const runs = await database.journal.list({ limit: 1000 });
  await database.close();
  expect(answers.map(({ id }) => id)).toEqual(tickets.map((ticket) => `answers/${ticket}`));
  expect(runs.map(({ status }) => status)).toEqual(tickets.map(() => "done"));
});
