import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openAdmin } from "../src/admin/index.ts";
import { readMigrations } from "../src/migrations.ts";
import { openDatabase } from "../src/sqlite/database.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { sqliteStore } from "../src/sqlite/store.ts";
import { emptyDatabase } from "./admin-databases.ts";
import { temporaryFolder } from "./folder.ts";
import { describeOn, mysqlServer, postgresServer } from "./servers.ts";

for (const kind of [{ name: "sqlite" } as const, postgresServer, mysqlServer]) {
  const describeKind = (title: string, tests: () => void) =>
    kind.name === "sqlite" ? describe(title, tests) : describeOn(kind, title, tests);

  await describeKind(`looking after ${kind.name}`, () => {
    test("with migrate: manual an empty database is refused until it is migrated by hand", async () => {
      await using database = await emptyDatabase(kind.name);
      const steps = readMigrations(kind.name).length;
      const open = () => database.open({ migrate: "manual" });
      await expect(open()).rejects.toMatchObject({ code: "database.not_migrated", data: { missing: steps } });
      await using admin = await database.admin();
      expect((await admin.status()).tables).toEqual([]);
      const missing = await admin.migrate();
      expect([missing.length, missing.every(({ sql }) => sql.length > 0)]).toEqual([steps, true]);
      expect((await admin.steps()).every(({ status }) => status === "applied")).toBe(true);
      expect(await admin.migrate()).toEqual([]);
      await using opened = await open();
      expect((await opened.store.put("a", 1)).version).toBe(1);
    });

    test("the status tells what is there", async () => {
      await using database = await emptyDatabase(kind.name);
      const clock = fakeClock();
      await using opened = await database.open({ clock });
      const run = { kind: "tool", name: "buy", input: 1 } as const;
      const claim = { worker: "w", leaseMs: 1_000 };
      for (const id of ["a", "b", "c"]) await opened.journal.create({ ...run, id }, ...(id === "c" ? [] : [claim]));
      await opened.journal.append([{ run: "a", epoch: 1, seq: 0, rows: [], update: { status: "done" } }]);
      const task = { token: "t", run: "b", key: "k", question: { title: "Buy?" } } as const;
      await opened.journal.append([{ run: "b", epoch: 1, seq: 0, rows: [], tasks: [task] }]);
      await using admin = await database.admin();
      const { tables, runs, ...status } = await admin.status();
      expect(status).toMatchObject({
        kind: kind.name,
        openTasks: 1,
        lettersToSend: 0,
        oldestOpenRun: { id: "b", name: "buy", status: "running", createdAt: clock.now() },
      });
      expect(status.bytes).toBeGreaterThan(10_000);
      expect(tables.filter(({ rows }) => rows > 0)).toEqual([
        { name: "mofa_run", rows: 3 },
        { name: "mofa_task", rows: 1 },
      ]);
      expect(runs).toEqual([
        { queue: "", status: "done", count: 1 },
        { queue: "", status: "queued", count: 1 },
        { queue: "", status: "running", count: 1 },
      ]);
    });

    test("what is old goes with all that belongs to it, as much as was said before", async () => {
      await using database = await emptyDatabase(kind.name);
      const clock = fakeClock();
      await using opened = await database.open({ clock });
      const { journal, session } = opened;
      const claim = { worker: "w", leaseMs: 1_000 };
      for (const id of ["a", "b", "c", "open"]) {
        await journal.create({ id, kind: "tool", name: "buy", input: 1 }, claim);
        await session.append(id, ["hello"], { at: 0, turn: "t" });
        if (id !== "open") {
          await journal.append([{ run: id, epoch: 1, seq: 0, rows: [], update: { status: "done" } }]);
        }
        await clock.advance(1_000);
      }
      await using admin = await database.admin();
      const old = { before: clock.now() - 3_500, keep: 1, sessionsBefore: clock.now() - 3_500 };
      expect(await admin.prune({ ...old, dry: true })).toEqual({ runs: 2, sessions: 1 });
      expect(await admin.prune(old)).toEqual({ runs: 2, sessions: 1 });
      expect((await journal.list()).map(({ id }) => id)).toEqual(["open", "c"]);
      expect((await session.list()).map(({ id }) => id)).toEqual(["open", "c", "b"]);
      expect(await admin.prune({ keep: 0 })).toEqual({ runs: 1, sessions: 0 });
    });

    test("vacuum leaves everything in its place", async () => {
      await using database = await emptyDatabase(kind.name);
      await using opened = await database.open();
      for (let n = 0; n < 50; n++) await opened.store.put(`a/${n}`, "x".repeat(20_000));
      for (let n = 1; n < 50; n++) await opened.store.delete(`a/${n}`);
      await using admin = await database.admin();
      const { before, after } = await admin.vacuum();
      // A server may keep the room; a file must have become smaller.
      if (kind.name === "sqlite") expect(after).toBeLessThan(before / 2);
      expect((await opened.store.get("a/0"))?.body).toBe("x".repeat(20_000));
    });
  });
}

describe("a file of another version", () => {
  test("an older one tells what it lacks, can be saved as it is, and is brought to this version by hand", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    const migrations = readMigrations("sqlite");
    const old = openDatabase({ file, Driver, migrations: migrations.slice(0, 1) });
    await sqliteStore(old, fakeClock(), "sqlite").put("a", "old");
    old.close();
    await using admin = await openAdmin({ at: file });
    const { steps } = await admin.status();
    expect(steps.map(({ status }) => status)).toEqual(["applied", ...migrations.slice(1).map(() => "missing")]);
    await expect(admin.prune({ keep: 1 })).rejects.toMatchObject({ code: "database.not_migrated" });
    await admin.backup(folder.at("old.jsonl"));
    await using other = await openAdmin({ at: folder.at("new.db"), create: true });
    await other.restore(folder.at("old.jsonl"));
    using opened = await openSqlite({ file: folder.at("new.db"), migrate: "manual" });
    expect((await opened.store.get("a"))?.body).toBe("old");
    expect((await admin.migrate()).map(({ name }) => name)).toEqual(steps.slice(1).map(({ name }) => name));
  });

  test("a newer one is told, and not touched", async () => {
    using folder = temporaryFolder();
    const file = folder.at("mofa.db");
    (await openSqlite(file)).close();
    const raw = new Driver(file);
    raw.prepare("INSERT INTO mofa_migration VALUES (?, 'from the future')").run(Date.UTC(2100, 0));
    raw.close();
    await using admin = await openAdmin({ at: file });
    expect((await admin.status()).steps.at(-1)).toMatchObject({ status: "unknown" });
    await expect(admin.migrate()).rejects.toMatchObject({ code: "database.newer" });
    await expect(admin.prune({ keep: 1 })).rejects.toMatchObject({ code: "database.newer" });
  });

  test("one that is not there is not made by looking, nor by a backup that is refused", async () => {
    using folder = temporaryFolder();
    const file = folder.at("none.db");
    await expect(openAdmin({ at: file })).rejects.toMatchObject({ code: "database.no_file", data: { file } });
    {
      await using admin = await openAdmin({ at: file, create: true });
      await expect(admin.restore(folder.at("none.jsonl"))).rejects.toMatchObject({ code: "backup.not_read" });
    }
    await expect(openAdmin({ at: file })).rejects.toMatchObject({ code: "database.no_file" });
  });
});
