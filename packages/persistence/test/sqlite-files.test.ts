import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import Driver from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { loadDriver } from "../src/driver.ts";
import { readMigrations } from "../src/migrations.ts";
import { openDatabase } from "../src/sqlite/database.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { sqliteStore } from "../src/sqlite/store.ts";
import { temporaryFolder } from "./folder.ts";

const clock = { now: () => 1, monotonic: () => 1, epochOf: () => 1, after: () => () => {} };

describe("opening", () => {
  test("a missing folder is made", async () => {
    using folder = temporaryFolder();
    const file = folder.at("deep/er/mofa.db");
    using opened = await openSqlite(file);
    await opened.store.put("a", 1);
    expect(statSync(file).isFile()).toBe(true);
  });

  test("what is no database is refused and left as it is", async () => {
    using folder = temporaryFolder();
    const file = folder.at("notes.txt");
    writeFileSync(file, "Dear diary, this is not a database. ".repeat(100));
    const before = readFileSync(file);
    await expect(openSqlite(file)).rejects.toMatchObject({ code: "database.corrupt", data: { file } });
    expect(readFileSync(file)).toEqual(before);
  });

  test("a database with a spoilt page says so when that page is read", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    const first = await openSqlite(file);
    for (let n = 0; n < 50; n++) await first.store.put(`doc/${n}`, "x".repeat(3_000));
    first.close();
    const handle = openSync(file, "r+");
    const size = statSync(file).size;
    for (let page = 8; page * 4_096 < size; page++)
      writeSync(handle, Buffer.alloc(4_096, 0xff), 0, 4_096, page * 4_096);
    closeSync(handle);
    const read = async () => {
      using opened = await openSqlite(file);
      await opened.store.list({ limit: 1_000 });
    };
    await expect(read()).rejects.toMatchObject({ code: "database.corrupt", data: { file } });
  });

  test.each([
    ["a directory", "folder", "database.is_directory"],
    ["a path through a file", "file/mofa.db", "database.not_opened"],
    ["an empty name", "", "database.bad_file"],
  ])("%s is refused", async (_, path, code) => {
    using folder = temporaryFolder();
    mkdirSync(folder.at("folder"));
    writeFileSync(folder.at("file"), "");
    const file = path === "" ? "" : folder.at(path);
    await expect(openSqlite(file)).rejects.toMatchObject({ code, data: { file } });
  });

  test("a missing driver is named with the command that installs it", async () => {
    const missing = loadDriver("better-sqlite3", "mofa.db", () => Promise.reject(new Error("Cannot find package")));
    await expect(missing).rejects.toMatchObject({
      code: "database.driver_missing",
      message: expect.stringContaining("npm install better-sqlite3"),
    });
  });

  test("durability decides how commits reach the disk", () => {
    using folder = temporaryFolder();
    const synchronous = (durability?: "full" | "relaxed") => {
      const options = { file: folder.at("mofa.db"), Driver, ...(durability === undefined ? {} : { durability }) };
      const database = openDatabase(options);
      const level = (database.db as unknown as { $client: Driver.Database }).$client.pragma("synchronous", {
        simple: true,
      });
      database.close();
      return level;
    };
    expect([synchronous(), synchronous("full"), synchronous("relaxed")]).toEqual([2, 2, 1]);
  });
});

describe("writing", () => {
  test("a database opened for reading gives what it has and refuses writes", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    using writer = await openSqlite(file);
    await writer.store.put("a", 1);
    using reader = await openSqlite({ file, readOnly: true });
    expect((await reader.store.get("a"))?.body).toBe(1);
    await expect(reader.store.put("a", 2)).rejects.toMatchObject({ code: "database.read_only", data: { file } });
    await expect(openSqlite({ file: folder.at("none.db"), readOnly: true })).rejects.toMatchObject({
      code: "database.not_opened",
    });
  });

  test("a full disk refuses the write, keeps what was there, and takes writes again when there is room", async () => {
    using folder = temporaryFolder();
    const database = openDatabase({ file: folder.at("mofa.db"), Driver });
    const store = sqliteStore(database, clock, "sqlite");
    await store.put("a", "first");
    const { $client: client } = database.db as unknown as { $client: Driver.Database };
    client.pragma(`max_page_count = ${client.pragma("page_count", { simple: true })}`);
    const writes = [store.put("b", "x".repeat(100_000)), store.put("c", "y".repeat(100_000))];
    const settled = await Promise.allSettled(writes);
    expect(settled.map((one) => one.status === "rejected" && [one.reason.code, one.reason.retryable])).toEqual([
      ["database.full", true],
      ["database.full", true],
    ]);
    expect((await store.list()).map((one) => one.id)).toEqual(["a"]);
    client.pragma("max_page_count = 1000000");
    expect((await store.put("b", "x".repeat(100_000))).version).toBe(1);
    database.close();
  });

  test("a database that another program has locked is a clear error after the time-out, and works again later", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    using opened = await openSqlite({ file, busyTimeout: 30 });
    const other = new Driver(file);
    other.exec("BEGIN IMMEDIATE");
    await expect(opened.store.put("a", 1)).rejects.toMatchObject({
      code: "database.locked",
      retryable: true,
      data: { file, ms: 30 },
    });
    other.exec("COMMIT");
    other.close();
    expect((await opened.store.put("a", 1)).version).toBe(1);
  });

  test("closing writes what waits, and what comes later is told that it is closed", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    const opened = await openSqlite(file);
    const waiting = opened.store.put("a", 1);
    opened.close();
    expect((await waiting).version).toBe(1);
    await expect(opened.store.put("b", 1)).rejects.toMatchObject({ code: "database.closed" });
    await expect(opened.store.get("a")).rejects.toMatchObject({ code: "database.closed" });
    using again = await openSqlite(file);
    expect((await again.store.get("a"))?.body).toBe(1);
  });
});

describe("upgrading", () => {
  const migrations = readMigrations("sqlite");

  test("a database of an older version is upgraded and keeps what it had", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    const old = openDatabase({ file, Driver, migrations: migrations.slice(0, 1) });
    await sqliteStore(old, clock, "sqlite").put("a", "old");
    expect(() => old.read(() => old.db.run("SELECT * FROM mofa_fact"))).toThrow(/no such table/);
    old.close();
    await expect(openSqlite({ file, readOnly: true })).rejects.toMatchObject({
      code: "database.older",
      data: { missing: migrations.length - 1 },
    });
    using opened = await openSqlite(file);
    await opened.memory.remember({ id: "1", namespace: "n", text: "new" });
    const found = await opened.memory.search({ namespace: "n", text: "new" });
    expect([(await opened.store.get("a"))?.body, found.length]).toEqual(["old", 1]);
  });

  test("a database of a newer version is refused and left as it is", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    (await openSqlite(file)).close();
    const raw = new Driver(file);
    raw.prepare("INSERT INTO mofa_migration VALUES (?, 'from the future')").run(Date.UTC(2100, 0));
    raw.pragma("wal_checkpoint(TRUNCATE)");
    raw.close();
    const before = readFileSync(file);
    await expect(openSqlite(file)).rejects.toMatchObject({ code: "database.newer", data: { file, unknown: 1 } });
    expect(readFileSync(file)).toEqual(before);
  });

  test("a step that fails takes back the steps before it", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    openDatabase({ file, Driver, migrations: migrations.slice(0, 1) }).close();
    const broken = { sql: ["CREATE TABLE mofa_run (again)"], folderMillis: Date.UTC(2100, 0), hash: "x", bps: true };
    const open = () => openDatabase({ file, Driver, migrations: [...migrations, broken] });
    expect(open).toThrow(expect.objectContaining({ code: "database.upgrade_failed" }));
    const raw = new Driver(file);
    const count = raw.prepare("SELECT count(*) FROM mofa_migration").pluck().get();
    const memory = raw.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'mofa_fact'").pluck().get();
    raw.close();
    expect([count, memory]).toEqual([1, 0]);
  });

  test("the tables in code are those that the migrations make", async () => {
    const { tables, columnName } = await import("../src/tables.ts");
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    (await openSqlite(file)).close();
    const raw = new Driver(file, { readonly: true });
    const inFile = Object.values(tables).map(({ name }) =>
      raw.prepare("SELECT name FROM pragma_table_info(?)").pluck().all(name),
    );
    raw.close();
    // Columns that came later stand at the end.
    const sorted = (names: readonly unknown[]) => [...names].sort();
    const inCode = Object.values(tables).map(({ columns }) => sorted(Object.keys(columns).map(columnName)));
    expect(inFile.map(sorted)).toEqual(inCode);
  });
});
