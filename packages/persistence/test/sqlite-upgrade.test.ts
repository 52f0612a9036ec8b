import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { readMigrations } from "../src/migrations.ts";
import { openDatabase } from "../src/sqlite/database.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";

const PLACES = 2 ** 24;
const ann = { worker: "ann", leaseMs: 1_000 };

/** A file as the first two steps of the tables left it: runs of every kind, written as that version wrote them. */
function oldFile(file: string, now: number): void {
  openDatabase({ file, Driver, migrations: readMigrations("sqlite").slice(0, 2) }).close();
  const raw = new Driver(file);
  const add = raw.prepare(
    `INSERT INTO mofa_run (n, id, kind, name, version, input, status, output, epoch, owner, lease_until, takeovers,
     created_at, updated_at, finished_at) VALUES (?, ?, 'workflow', 'orders', 'v1', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const at = now - 500;
  add.run(1, "running", '{"n":1}', "running", null, 2, "gone", now - 1, 1, at, at, null);
  add.run(2, "waiting", '{"n":2}', "waiting", null, 1, "gone", now - 1, 0, at, at, null);
  add.run(3, "queued", '{"n":3}', "queued", null, 0, null, null, 0, at, at, null);
  add.run(4, "done", '{"n":4}', "done", "[4]", 1, null, null, 0, at, at, at);
  raw
    .prepare("INSERT INTO mofa_row VALUES (?, 2, 'a', '', 'step', 'tool', 'work', '\"kept\"', NULL, ?)")
    .run(PLACES, at);
  raw.prepare(`INSERT INTO mofa_task VALUES (1, 't', 2, 'k', '{"title":"Ship?"}', NULL, 'open', NULL, ?)`).run(at);
  raw.close();
}

test("a file with open runs of an older version is upgraded, and they go on", async () => {
  using folder = temporaryFolder();
  const clock = fakeClock();
  const file = folder.at("mofa.db");
  oldFile(file, clock.now());
  using opened = await openSqlite(file, { clock });
  const { journal } = opened;

  const done = await journal.get("done");
  expect([done?.output, done?.wakes, done?.turn, done?.queue]).toEqual([[4], 0, 0, undefined]);
  expect(await journal.rows("running")).toMatchObject([{ seq: 0, key: "a", body: "kept" }]);

  // Half a second after they were made, a new one of the same urgency is behind them.
  await journal.create({ id: "new", kind: "workflow", name: "orders", input: null });
  const taken = await journal.claim({ ...ann, limit: 10 });
  expect(taken.map(({ id, epoch, takeovers }) => [id, epoch, takeovers])).toEqual([
    ["running", 3, 2],
    ["waiting", 2, 1],
    ["queued", 1, 0],
    ["new", 1, 0],
  ]);

  await journal.answer("t", { value: "yes", by: "Ann" });
  await journal.signal({ run: "waiting", id: "s", name: "paid", body: 1 });
  expect((await journal.get("waiting"))?.wakes).toBe(2);
  const row = { key: "b", parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 };
  const end = { status: "done" as const, output: "all" };
  const outcome = await journal.append([{ run: "running", epoch: 3, seq: 1, rows: [row], update: end }]);
  expect([outcome, (await journal.get("running"))?.output]).toEqual([["kept"], "all"]);
  expect(await journal.prune({ keep: 0 })).toBe(2);
});
