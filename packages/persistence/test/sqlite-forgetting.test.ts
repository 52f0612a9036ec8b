import { existsSync, readFileSync } from "node:fs";
import { lexicalEmbedder } from "@mofa/kernel";
import { fakeClock, seededRandom } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { openSqlite } from "../src/sqlite/index.ts";
import { toBytes } from "../src/vectors.ts";
import { temporaryFolder } from "./folder.ts";

const lexical = lexicalEmbedder();
const embedder = () => lexical;

/** Everything that stands on the disk: the file and its logs. */
function bytesOf(file: string): Buffer {
  const files = ["", "-wal", "-shm", "-journal"].map((end) => `${file}${end}`).filter((path) => existsSync(path));
  return Buffer.concat(files.map((path) => readFileSync(path)));
}

function closing(database: Driver.Database) {
  return { database, [Symbol.dispose]: () => void database.close() };
}

async function vectorOf(text: string): Promise<Buffer> {
  const [numbers = []] = await lexical.embed([text]);
  return toBytes(Float32Array.from(numbers, (number) => number / Math.hypot(...numbers)));
}

test("what was forgotten stands in no file, while the database is open and another one too", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  using kept = await openSqlite(file, { embedder });
  using other = await openSqlite(file, { embedder });
  const text = `Her secretword is ${"quetzalcoatl ".repeat(2_000)}`;
  const fact = { id: "secretid", text, meta: { key: "secretmeta" }, source: { session: "secretsource" } };
  await kept.memory.remember([
    { ...fact, namespace: "secretowner" },
    { id: "1", namespace: "ann", text: "The weather is fine." },
  ]);
  await other.memory.search({ namespace: "secretowner", text: "quetzalcoatl" });
  const traces = ["secretid", "secretword", "quetzalcoatl", "secretmeta", "secretsource", "secretowner"];
  const found = async () => [...traces, await vectorOf(text)].map((trace) => bytesOf(file).includes(trace));
  expect(await found()).toEqual([true, true, true, true, true, true, true]);
  expect(await kept.memory.forget("secretowner", "secretid")).toBe(true);
  expect(await found()).toEqual([false, false, false, false, false, false, false]);
  expect((await other.memory.recent("ann")).length).toBe(1);
});

test("what was deleted for its age stands in no file", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  const clock = fakeClock();
  using kept = await openSqlite(file, { clock });
  await kept.store.put("olddocument", { said: "secretbody" });
  await kept.session.append("oldsession", ["secretentry"], { at: 0, turn: "secretturn" });
  await clock.advance(1_000);
  await kept.store.put("newdocument", 1);
  const traces = ["olddocument", "secretbody", "oldsession", "secretentry", "secretturn"];
  const found = () => traces.filter((trace) => bytesOf(file).includes(trace));
  expect(found()).toEqual(traces);
  const before = clock.now();
  expect([await kept.store.prune({ before }), await kept.session.prune({ before })]).toEqual([1, 1]);
  expect(found()).toEqual([]);
  expect((await kept.store.get("newdocument"))?.body).toBe(1);
});

test("VACUUM removes the copies, too, that SQLite left behind when it moved rows from page to page", async () => {
  using folder = temporaryFolder();
  const file = folder.at("mofa.db");
  using kept = await openSqlite(file, { embedder });
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  console.log(`forgetting with MOFA_SEED=${seed}`);
  const random = seededRandom(seed);
  const facts = Array.from({ length: 300 }, (_, n) => ({
    id: `id${n}x`,
    namespace: "n",
    text: `mark${n}x ${"word ".repeat(Math.floor(random() * 400))}`,
    meta: { of: random() < 0.5 ? "ann" : "bob", n: `meta${n}x` },
  }));
  for (let from = 0; from < facts.length; from += 20) await kept.memory.remember(facts.slice(from, from + 20));
  const one = facts[Math.floor(random() * facts.length)];
  await kept.memory.forget("n", one?.id ?? "");
  await kept.memory.forgetAll("n", { meta: { of: "ann" } });
  const gone = facts.filter((fact) => fact === one || fact.meta.of === "ann");
  using client = closing(new Driver(file));
  client.database.exec("VACUUM");
  client.database.pragma("wal_checkpoint(TRUNCATE)");
  const bytes = bytesOf(file);
  const traces = gone.flatMap(({ id, meta, text }) => [id, meta.n, text.split(" ")[0] ?? ""]);
  expect(traces.filter((trace) => bytes.includes(trace))).toEqual([]);
  expect((await kept.memory.namespaces())[0]?.facts).toBe(facts.length - gone.length);
});
