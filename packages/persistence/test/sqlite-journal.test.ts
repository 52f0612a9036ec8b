import { readFileSync } from "node:fs";
import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { openDatabase } from "../src/sqlite/database.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { sqliteJournal } from "../src/sqlite/journal.ts";
import { prepareJournal } from "../src/sqlite/journal-statements.ts";
import { temporaryFolder } from "./folder.ts";

const newRun = (id: string) => ({ id, kind: "workflow", name: "orders", input: null });
const step = (key: string) => ({ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 });

test("an append is fenced when another connection has taken the run", async () => {
  using folder = temporaryFolder();
  const clock = fakeClock();
  using ann = await openSqlite(folder.at("mofa.db"), { clock });
  using bob = await openSqlite(folder.at("mofa.db"), { clock });
  const { run } = await ann.journal.create(newRun("r"), { worker: "ann", leaseMs: 10 });
  await clock.advance(10);
  const [taken] = await bob.journal.claim({ worker: "bob", leaseMs: 10, limit: 1 });
  const append = ann.journal.append([{ run: "r", epoch: run.epoch, seq: 0, rows: [step("zombie")] }]);
  expect([taken?.epoch, await append]).toEqual([2, ["fenced"]]);
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

/** How many transactions stand in the log of changes: each ends with a frame that says how large the file is then. */
function commitsIn(file: string): number {
  const log = readFileSync(`${file}-wal`);
  const page = log.readUInt32BE(8);
  let commits = 0;
  for (let frame = 32; frame < log.length; frame += 24 + page) if (log.readUInt32BE(frame + 4) > 0) commits++;
  return commits;
}

test("what is begun in one turn is one transaction, and so is what is appended together", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  using opened = await openSqlite(file);
  const { journal } = opened;
  const before = commitsIn(file);
  const made = Array.from({ length: 50 }, (_, n) => journal.create(newRun(`r${n}`), { worker: "w", leaseMs: 10_000 }));
  const runs = (await Promise.all(made)).map(({ run }) => run);
  expect(commitsIn(file) - before).toBe(1);
  await journal.append(runs.map(({ id, epoch }) => ({ run: id, epoch, seq: 0, rows: [step("a")] })));
  expect(commitsIn(file) - before).toBe(2);
  await journal.create(newRun("another"), undefined);
  expect(commitsIn(file) - before).toBe(3);
});

test("a run or a session that would outgrow its places is refused", async () => {
  using opened = await openSqlite(":memory:");
  const { run } = await opened.journal.create(newRun("r"), { worker: "w", leaseMs: 10_000 });
  const append = opened.journal.append([{ run: "r", epoch: run.epoch, seq: 2 ** 24, rows: [step("a")] }]);
  await expect(append).rejects.toMatchObject({ code: "run.too_long" });
  const place = { at: 2 ** 24, turn: "t" };
  await expect(opened.session.append("s", [1], place)).rejects.toMatchObject({ code: "session.too_long" });
});

/** How the database goes about each statement of the journal. */
function plansOf(): readonly string[] {
  const database = openDatabase({ file: ":memory:", Driver });
  const { $client: client } = database.db as unknown as { $client: Driver.Database };
  const plans = Object.entries(prepareJournal(database.db)).flatMap(([name, statement]) => {
    const { sql } = statement.getQuery() as { sql: string };
    const rows = client.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
    const nothing = (sql.match(/\?/g) ?? []).map(() => 0);
    return rows.all(...nothing).map(({ detail }) => `${name}: ${detail}`);
  });
  database.close();
  return plans;
}

test("every statement that grows with the data goes by an index", () => {
  const plans = plansOf();
  // The list that a claim gives is read through; it does not grow with the data. Letters are read from the oldest on,
  // as many as are wanted.
  expect(plans.filter((plan) => /: SCAN (?!CONSTANT|json_each|mofa_letter$)/.test(plan))).toEqual([]);
  expect(plans.length).toBeGreaterThan(8);
});

test("a claim looks through what is due and what is owned, not through what waits or has ended", () => {
  const indexOf = (name: string) =>
    plansOf()
      .filter((plan) => plan.startsWith(`${name}: `))
      .join()
      .match(/mofa_run_(\w+) \(([^)]*)\)/)
      ?.slice(1);
  expect(indexOf("lapsed")).toEqual(["lease_until", "lease_until<?"]);
  expect(indexOf("woken")?.[1]).toBe("status=? AND queue=? AND due<?");
  expect(indexOf("queued")?.[1]).toBe("status=? AND queue=? AND due<?");
  expect(indexOf("ownedOf")?.[0]).toBe("lease_until");
  expect(indexOf("begunOf")).toEqual(["queue_started_at", "queue=? AND started_at>?"]);
  expect(indexOf("busyOf")?.[1]).toBe("status=? AND queue=?");
});

test("a full disk keeps nothing of a step and its writes, and the run goes on when there is room", async () => {
  using folder = temporaryFolder();
  const database = openDatabase({ file: folder.at("mofa.db"), Driver });
  const clock = fakeClock();
  const journal = sqliteJournal(database, clock, "sqlite");
  const { run } = await journal.create(newRun("r"), { worker: "w", leaseMs: 10_000 });
  const { $client: client } = database.db as unknown as { $client: Driver.Database };
  const part = {
    ...{ run: "r", epoch: run.epoch, seq: 0, rows: [step("a")] },
    letters: [{ id: "m", draft: 1 }],
    writes: [{ type: "put" as const, id: "big", body: "x".repeat(100_000) }],
  };
  client.pragma(`max_page_count = ${client.pragma("page_count", { simple: true })}`);
  await expect(journal.append([part])).rejects.toMatchObject({ code: "database.full", retryable: true });
  expect([await journal.rows("r"), await journal.letters({ worker: "w", leaseMs: 1, limit: 9 })]).toEqual([[], []]);
  client.pragma("max_page_count = 1000000");
  expect(await journal.append([part])).toEqual(["kept"]);
  database.close();
});

test("a file opened for reading shows its runs and takes none", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  using writer = await openSqlite(file);
  await writer.journal.create(newRun("r"));
  using reader = await openSqlite({ file, readOnly: true });
  expect((await reader.journal.list()).map(({ id }) => id)).toEqual(["r"]);
  const claim = { worker: "w", leaseMs: 10_000, limit: 1 };
  await expect(reader.journal.claim(claim)).rejects.toMatchObject({ code: "database.read_only", data: { file } });
  expect((await writer.journal.get("r"))?.status).toBe("queued");
});

test("a statement of a step cannot end the transaction that it is in", async () => {
  using opened = await openSqlite(":memory:");
  const { journal } = opened;
  const { run } = await journal.create(newRun("r"), { worker: "w", leaseMs: 10_000 });
  for (const text of ["COMMIT", "SELECT 1", "DELETE FROM mofa_row; COMMIT"]) {
    const writes = [{ type: "sql" as const, text, values: {} }];
    const [outcome] = await journal.append([{ run: "r", epoch: run.epoch, seq: 0, rows: [step("a")], writes }]);
    expect(outcome).toMatchObject({ refused: { retryable: false } });
  }
  expect(await journal.rows("r")).toEqual([]);
});

test("long texts are kept once for each content, and go with the last run that has them", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  using opened = await openSqlite(file);
  const { journal } = opened;
  const watcher = new Driver(file, { readonly: true });
  const kept = () =>
    watcher.prepare("SELECT (SELECT count(*) FROM mofa_blob), (SELECT count(*) FROM mofa_blob_use)").raw().get();
  const body = "x".repeat(40_000);
  for (const id of ["a", "b"]) {
    const { run } = await journal.create(newRun(id), { worker: "w", leaseMs: 10_000 });
    const rows = [step("1"), step("2")].map((row) => ({ ...row, body }));
    await journal.append([{ run: id, epoch: run.epoch, seq: 0, rows, update: { status: "done", output: body } }]);
  }
  expect(kept()).toEqual([1, 2]);
  await journal.prune({ ids: ["a"] });
  expect(kept()).toEqual([1, 1]);
  await journal.prune({ ids: ["b"] });
  expect(kept()).toEqual([0, 0]);
  watcher.close();
});
