import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { kindAt, openAdmin } from "../src/admin/index.ts";
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
      const { journal, session, memory, store } = opened;
      const claim = { worker: "w", leaseMs: 1_000 };
      for (const id of ["a", "b", "c", "open"]) {
        await journal.create({ id, kind: "tool", name: "buy", input: 1 }, claim);
        await session.append(id, ["hello"], { at: 0, turn: "t" });
        for (const namespace of ["c/ann", "c/bob", "d"]) await memory.remember({ id, namespace, text: `apple ${id}` });
        for (const place of ["in%", "in_"]) await store.put(`${place}/${id}`, id);
        if (id !== "open") {
          await journal.append([{ run: id, epoch: 1, seq: 0, rows: [], update: { status: "done" } }]);
        }
        await clock.advance(1_000);
      }
      await using admin = await database.admin();
      const before = clock.now() - 3_500;
      const old = {
        runs: { before, keep: 1 },
        sessions: { before },
        facts: { prefix: "c/", before, keep: 2 },
        documents: { prefix: "in%", before, keep: 3 },
      };
      const pruned = { runs: 2, sessions: 1, facts: 4, documents: 1 };
      expect(await admin.prune({ ...old, dry: true })).toEqual(pruned);
      expect(await admin.prune(old)).toEqual(pruned);
      expect((await journal.list()).map(({ id }) => id)).toEqual(["open", "c"]);
      expect((await session.list()).map(({ id }) => id)).toEqual(["open", "c", "b"]);
      const facts = async (namespace: string) => (await memory.recent(namespace)).map(({ id }) => id);
      expect([await facts("c/bob"), (await facts("d")).length]).toEqual([["open", "c"], 4]);
      expect((await store.list()).map(({ id }) => id)).toEqual([
        ...["in%/b", "in%/c", "in%/open", "in_/a", "in_/b", "in_/c", "in_/open"],
      ]);
      const none = { runs: 0, sessions: 0, facts: 0, documents: 0 };
      expect(await admin.prune({ runs: { keep: 0 } })).toEqual({ ...none, runs: 1 });
      for (const dry of [true, false]) {
        expect(await admin.prune({ dry, sessions: { keep: 2 }, facts: { before } })).toEqual({
          ...none,
          ...{ sessions: 1, facts: 1 },
        });
        expect(await admin.prune({ dry })).toEqual(none);
      }
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

describe("an address", () => {
  test.each([
    ["postgres://ann@db/shop", "postgres"],
    ["postgresql://ann@db/shop", "postgres"],
    ["MySQL://ann@db/shop", "mysql"],
    ["mariadb:ann@db/shop", "mysql"],
    ["./data/mofa.db", "sqlite"],
    [":memory:", "sqlite"],
    ["C:\\\\data\\\\mofa.db", "sqlite"],
  ])("%s is one of %s", (at, kind) => {
    expect(kindAt(at)).toBe(kind);
  });

  test.each([
    ["postgers", 'Did you mean "postgres://"?'],
    ["mysq", 'Did you mean "mysql://"?'],
    ["constructor", "which no database here has. Write postgres://"],
  ])("of the scheme %s names no file, and says which schemes there are", async (scheme, says) => {
    const refused = openAdmin({ at: `${scheme}://ann:s3cret@db/shop`, create: true });
    await expect(refused).rejects.toMatchObject({
      code: "database.bad_scheme",
      message: expect.stringContaining(says),
      data: { scheme },
    });
    await expect(refused).rejects.not.toThrow("s3cret");
  });
});

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
    await expect(admin.prune({ runs: { keep: 1 } })).rejects.toMatchObject({ code: "database.not_migrated" });
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
    await expect(admin.prune({ runs: { keep: 1 } })).rejects.toMatchObject({ code: "database.newer" });
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
