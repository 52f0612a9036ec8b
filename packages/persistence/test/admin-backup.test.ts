import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { lexicalEmbedder } from "@mofa/kernel";
import { fakeClock } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { backupLines } from "../src/admin/backup-lines.ts";
import { emptyDatabase } from "./admin-databases.ts";
import { describeOn, mysqlServer, postgresServer } from "./servers.ts";

const embedder = lexicalEmbedder();
const OLD = { worker: "old", leaseMs: 1_000 };

/** An SQLite file with something in every kind of column, and a run that waits for an answer. */
async function filled(clock = fakeClock()) {
  const source = await emptyDatabase("sqlite");
  await using opened = await source.open({ clock, embedder: () => embedder });
  const { store, session, memory, journal } = opened;
  await store.put("odd/1", "nul \0, \ue000, line\u2028end, 🦊");
  await store.put("null", null);
  for (let n = 0; n < 250; n++) await store.put(`many/${n}`, n);
  await session.append("talk", ["hello", { deep: [1.5e300, -0.25] }], { at: 0, turn: "t1" });
  await memory.remember({ id: "1", namespace: "n", text: `apples from Oslo ${"x".repeat(300)}`, meta: { k: 1 } });
  await journal.create({ id: "r", kind: "tool", name: "buy", input: { text: "long ".repeat(10_000) } }, OLD);
  const key = { key: "a", parent: "", type: "step", kind: "tool", name: "look", at: clock.now() } as const;
  const task = { token: "t", run: "r", key: "b", question: { title: "Buy?" } } as const;
  const rows = [{ ...key, body: { found: 3 } }];
  await journal.append([
    { run: "r", epoch: 1, seq: 0, rows, tasks: [task], update: { status: "waiting", park: { wakes: 0 } } },
  ]);
  return { source, clock };
}

/** The rows of a backup, without its first and last line. */
function rowsIn(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").split("\n").slice(1, -2).join("\n");
}

/** The same backup with other lines, and a digest that fits them. */
function rewrite(file: string, to: string, change: (lines: string[]) => string[]): void {
  const lines = change(gunzipSync(readFileSync(file)).toString("utf8").split("\n").slice(0, -2));
  const text = lines.map((line) => `${line}\n`).join("");
  const rows = lines.filter((line) => line.startsWith("[")).length;
  const sha256 = createHash("sha256").update(text).digest("hex");
  writeFileSync(to, gzipSync(`${text}${JSON.stringify({ rows, sha256 })}\n`));
}

const kinds = [{ name: "sqlite" } as const, postgresServer, mysqlServer];

for (const kind of kinds) {
  const describeKind = (title: string, tests: () => void) =>
    kind.name === "sqlite" ? describe(title, tests) : describeOn(kind, title, tests);

  await describeKind(`a backup and ${kind.name}`, () => {
    test("everything comes over to the letter, and a run that waited goes on", async () => {
      const { source, clock } = await filled();
      await using _ = source;
      await using target = await emptyDatabase(kind.name);
      const file = source.folder.at("one.jsonl.gz");
      await using from = await source.admin();
      await from.backup(file);
      await using admin = await target.admin();
      const { tables } = await admin.restore(file);
      expect(tables.filter(({ name }) => /run|document|vector/.test(name))).toEqual([
        { name: "mofa_run", rows: 1 },
        { name: "mofa_document", rows: 252 },
        { name: "mofa_vector", rows: 1 },
      ]);
      // Servers keep the digest of a word that is too long for a key.
      const again = target.folder.at("two.jsonl");
      await admin.backup(again);
      const long = /"x{300}"|"#[0-9a-f]{64}"/g;
      const inOrder = (text: string) => text.replaceAll(long, '"LONG"').split("\n").toSorted();
      expect(inOrder(rowsIn(again))).toEqual(inOrder(rowsIn(file)));

      await using opened = await target.open({ clock, embedder: () => embedder });
      const { journal, store, memory } = opened;
      expect((await store.get("odd/1"))?.body).toBe("nul \0, \ue000, line\u2028end, 🦊");
      expect(await memory.search({ namespace: "n", text: "x".repeat(300), mode: "words" })).toHaveLength(1);
      await journal.answer("t", { value: true, by: "ann" });
      const [run] = await journal.claim({ worker: "new", leaseMs: 1_000, limit: 1 });
      expect(run).toMatchObject({ id: "r", epoch: 2, input: { text: "long ".repeat(10_000) } });
      expect((await journal.rows("r")).map(({ body }) => body)).toEqual([{ found: 3 }]);
      const update = { status: "done", output: "bought" } as const;
      expect(await journal.append([{ run: "r", epoch: 2, seq: 1, rows: [], update }])).toEqual(["kept"]);
      // The numbers that the database gives go on behind those that came.
      const next = await journal.create({ id: "s", kind: "tool", name: "buy", input: 1 });
      expect([next.created, (await store.put("new", 1)).version]).toEqual([true, 1]);
    });

    test("what is written while it is made is not in it", async () => {
      await using database = await emptyDatabase(kind.name);
      await using opened = await database.open();
      for (let n = 0; n < 150; n++) await opened.store.put(`a/${n}`, "before");
      await using access = await database.access();
      const text = await access.snapshot(async (statements) => {
        const lines = backupLines(access, statements, { at: 0, told: () => {} });
        let made = "";
        for await (const part of lines) {
          made += part;
          // Behind the first page of documents, and in front of the next.
          await opened.store.put("z/late", "after");
          await opened.store.put("a/149", "after");
        }
        return made;
      });
      expect([text.split("before").length - 1, text.includes("after")]).toEqual([150, false]);
    });

    test("a database that is not empty is left alone unless forced, and a failure takes all of it back", async () => {
      const { source } = await filled();
      await using _ = source;
      await using target = await emptyDatabase(kind.name);
      await using from = await source.admin();
      const file = source.folder.at("one.jsonl.gz");
      await from.backup(file);
      await using opened = await target.open();
      await opened.store.put("mine", "kept");
      await using admin = await target.admin();
      await expect(admin.restore(file)).rejects.toMatchObject({
        code: "backup.not_empty",
        data: { there: "1 in mofa_document" },
      });
      const twice = source.folder.at("twice.jsonl.gz");
      rewrite(file, twice, (lines) => lines.flatMap((line) => (line.includes('"null"') ? [line, line] : [line])));
      await expect(admin.restore(twice, { force: true })).rejects.toMatchObject({
        code: expect.stringMatching(/^database\.(duplicate|failed)$/),
      });
      expect((await opened.store.list()).map(({ id }) => id)).toEqual(["mine"]);
      await admin.restore(file, { force: true });
      expect([await opened.store.get("mine"), (await opened.store.get("null"))?.version]).toEqual([undefined, 1]);
    });
  });
}

describe("a backup that is not what was written", () => {
  test.each([
    [
      "cut while packed",
      "backup.broken",
      (file: string, to: string) => writeFileSync(to, readFileSync(file).subarray(0, -99)),
    ],
    [
      "cut",
      "backup.broken",
      (file: string, to: string) => writeFileSync(to, gunzipSync(readFileSync(file)).subarray(0, -9)),
    ],
    [
      "changed",
      "backup.broken",
      (file: string, to: string) =>
        writeFileSync(to, gunzipSync(readFileSync(file)).toString("utf8").replace("hello", "hallo")),
    ],
    ["something else", "backup.not_one", (_: string, to: string) => writeFileSync(to, "# Read me\n")],
    [
      "of a newer format",
      "backup.newer",
      (file: string, to: string) =>
        rewrite(file, to, ([head = "", ...rest]) => [head.replace('"version":1', '"version":2'), ...rest]),
    ],
    [
      "with a table of a newer version",
      "backup.newer",
      (file: string, to: string) =>
        rewrite(file, to, (lines) => [...lines, '{"table":"mofa_next","columns":{"n":"serial"}}']),
    ],
  ])("%s", async (_, code, spoil) => {
    const { source } = await filled();
    await using __ = source;
    await using target = await emptyDatabase("sqlite");
    const file = source.folder.at("one.jsonl.gz");
    const spoilt = source.folder.at("spoilt");
    await using from = await source.admin();
    await from.backup(file);
    spoil(file, spoilt);
    await using admin = await target.admin();
    await expect(admin.restore(spoilt)).rejects.toMatchObject({ code, data: { file: spoilt } });
    expect((await admin.status()).tables).toEqual([]);
  });
});

test("a copy as SQLite file is a database by itself, and can be restored like any backup", async () => {
  const { source } = await filled();
  await using _ = source;
  await using target = await emptyDatabase("sqlite");
  await using from = await source.admin();
  const copy = source.folder.at("copy.sqlite");
  await from.backup(copy);
  await expect(from.backup(copy)).rejects.toMatchObject({ code: "backup.file_there" });
  await using admin = await target.admin();
  await admin.restore(copy);
  await from.backup(source.folder.at("1.jsonl"));
  await admin.backup(source.folder.at("2.jsonl"));
  expect(rowsIn(source.folder.at("2.jsonl"))).toBe(rowsIn(source.folder.at("1.jsonl")));
});
