import { lexicalEmbedder } from "@mofa/kernel";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { readMigrations } from "../src/migrations.ts";
import { openDatabase } from "../src/sqlite/database.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";

const lexical = lexicalEmbedder();
const wide = lexicalEmbedder({ dimensions: 512 });

test("facts of a file from before there were vectors are found by their words, and by both when remembered again", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  const old = openDatabase({ file, Driver, migrations: readMigrations("sqlite").slice(0, 2) });
  old.db.run("INSERT INTO mofa_namespace (n, id, facts, words) VALUES (1, 'ann', 1, 2)");
  old.db.run(`INSERT INTO mofa_fact VALUES (7, 1, 'f', 'garden shed', '{"k":1}', 2, 5)`);
  old.db.run("INSERT INTO mofa_word VALUES (1, 'garden', 7, 1), (1, 'shed', 7, 1)");
  old.close();
  using kept = await openSqlite(file, { embedder: () => lexical });
  const search = () => kept.memory.search({ namespace: "ann", text: "a garden", meta: { k: 1 } });
  const fact = { id: "f", namespace: "ann", text: "garden shed", meta: { k: 1 } };
  expect(await search()).toEqual([{ ...fact, at: 5, score: 1 / 61, why: { words: 1 } }]);
  await kept.memory.remember(fact);
  expect((await search())[0]?.why).toEqual({ words: 1, vectors: 1 });
});

test("vectors of one embedder are never compared with those of another", async () => {
  using folder = temporaryFolder();
  let embedder = lexical;
  using kept = await openSqlite(folder.at("mofa.db"), { embedder: () => embedder });
  const query = { namespace: "n", text: "apples", mode: "vectors" } as const;
  await kept.memory.remember({ id: "old", namespace: "n", text: "an apple" });
  embedder = wide;
  expect(await kept.memory.search(query)).toEqual([]);
  await kept.memory.remember({ id: "new", namespace: "n", text: "an apple" });
  const found = await kept.memory.search(query);
  embedder = lexical;
  const before = await kept.memory.search(query);
  expect([found, before].map((facts) => facts.map(({ id }) => id))).toEqual([["new"], ["old"]]);
});

test("without an embedder facts are found by words, and vectors are refused with what to do", async () => {
  using kept = await openSqlite(":memory:");
  await kept.memory.remember({ id: "1", namespace: "n", text: "an apple" });
  expect((await kept.memory.search({ namespace: "n", text: "apple" }))[0]?.why).toEqual({ words: 1 });
  const error = await kept.memory.search({ namespace: "n", text: "apple", mode: "hybrid" }).catch((e: Error) => e);
  expect(error).toMatchObject({ code: "memory.no_embedder", message: expect.stringContaining('"sqlite"') });
});

test("where the embedder fails, nothing is kept", async () => {
  const broken = { ...lexical, embed: () => Promise.reject(new Error("out of reach")) };
  using kept = await openSqlite(":memory:", { embedder: () => broken });
  await expect(kept.memory.remember({ id: "1", namespace: "n", text: "an apple" })).rejects.toThrow("out of reach");
  expect([await kept.memory.recent("n"), await kept.memory.namespaces()]).toEqual([[], []]);
});
