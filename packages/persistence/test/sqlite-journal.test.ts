import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { openDatabase } from "../src/sqlite/database.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { prepareJournal } from "../src/sqlite/journal-statements.ts";
import { temporaryFolder } from "./folder.ts";

const newRun = (id: string) => ({ id, kind: "workflow", name: "orders", input: null });
const step = (key: string) => ({ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 });

test("an append that waits for its turn is fenced when another connection takes the run meanwhile", async () => {
  using folder = temporaryFolder();
  const clock = fakeClock();
  using ann = await openSqlite(folder.at("mofa.db"), { clock });
  using bob = await openSqlite(folder.at("mofa.db"), { clock });
  const { run } = await ann.journal.create(newRun("r"), { worker: "ann", leaseMs: 10 });
  await clock.advance(10);
  // Bob's claim is asked for first, so it is written first; both are in flight together.
  const claim = bob.journal.claim({ worker: "bob", leaseMs: 10, limit: 1 });
  const append = ann.journal.append([{ run: "r", epoch: run.epoch, seq: 0, rows: [step("zombie")] }]);
  expect([(await claim)[0]?.epoch, await append]).toEqual([2, ["fenced"]]);
  expect(await ann.journal.rows("r")).toEqual([]);
});

test("two connections that write the same place: one is kept, one is fenced", async () => {
  using folder = temporaryFolder();
  using one = await openSqlite(folder.at("mofa.db"));
  using two = await openSqlite(folder.at("mofa.db"));
  const { run } = await one.journal.create(newRun("r"), { worker: "ann", leaseMs: 10_000 });
  for (let seq = 0; seq < 20; seq++) {
    const append = (journal: typeof one.journal, key: string) =>
      journal.append([{ run: "r", epoch: run.epoch, seq, rows: [step(key)] }]);
    const outcomes = await Promise.all([append(one.journal, `one${seq}`), append(two.journal, `two${seq}`)]);
    expect(outcomes.flat().sort()).toEqual(["fenced", "kept"]);
  }
  expect((await two.journal.rows("r")).map((row) => row.seq)).toEqual(Array.from({ length: 20 }, (_, seq) => seq));
});

test("appends of one turn are one transaction", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  using opened = await openSqlite(file);
  const runs = [];
  for (let n = 0; n < 50; n++) {
    runs.push((await opened.journal.create(newRun(`r${n}`), { worker: "w", leaseMs: 10_000 })).run);
  }
  const watcher = new Driver(file, { readonly: true });
  const seen = () => watcher.prepare("SELECT count(*) FROM mofa_row").pluck().get();
  const counts = new Set<unknown>();
  await Promise.all(
    runs.map(async ({ id, epoch }) => {
      await opened.journal.append([{ run: id, epoch, seq: 0, rows: [step("a")] }]);
      counts.add(seen());
    }),
  );
  watcher.close();
  expect([...counts]).toEqual([50]);
});

test("a run or a session that would outgrow its places is refused", async () => {
  using opened = await openSqlite(":memory:");
  const { run } = await opened.journal.create(newRun("r"), { worker: "w", leaseMs: 10_000 });
  const append = opened.journal.append([{ run: "r", epoch: run.epoch, seq: 2 ** 24, rows: [step("a")] }]);
  await expect(append).rejects.toMatchObject({ code: "run.too_long" });
  const place = { at: 2 ** 24, turn: "t" };
  await expect(opened.session.append("s", [1], place)).rejects.toMatchObject({ code: "session.too_long" });
});

test("every statement that grows with the data goes by an index", () => {
  const database = openDatabase({ file: ":memory:", Driver });
  const { $client: client } = database.db as unknown as { $client: Driver.Database };
  const plans = Object.entries(prepareJournal(database.db)).flatMap(([name, statement]) => {
    const { sql } = statement.getQuery() as { sql: string };
    const rows = client.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
    const nothing = (sql.match(/\?/g) ?? []).map(() => 0);
    return rows.all(...nothing).map(({ detail }) => `${name}: ${detail}`);
  });
  database.close();
  // The list that a claim gives is read through; it does not grow with the data.
  expect(plans.filter((plan) => /: SCAN (?!CONSTANT|json_each)/.test(plan))).toEqual([]);
  expect(plans.length).toBeGreaterThan(8);
});
