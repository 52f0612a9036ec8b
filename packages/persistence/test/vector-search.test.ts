// The database reckons what is near, by sqlite-vec or pgvector: all that a memory promises, and what looking at every
// vector finds.
import { randomBytes } from "node:crypto";
import { type Embedder, lexicalEmbedder, type Memory } from "@mofa/kernel";
import { type Contract, fakeClock, memoryContract, seededRandom } from "@mofa/kernel/testing";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { openPostgres, type Postgres } from "../src/postgres/index.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import type { VectorSearch } from "../src/vector-search.ts";
import { temporaryFolder } from "./folder.ts";
import { isReachable, postgresServer } from "./servers.ts";

const lexical = lexicalEmbedder();
const SEED = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);

/** Vectors by chance, so that texts say nothing about them; the same text has the same one. */
function chanceEmbedder(dimensions: number): Embedder {
  return {
    name: "chance",
    dimensions,
    floor: -1,
    async embed(texts) {
      return texts.map((text) => {
        const random = seededRandom([...text].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) | 0, SEED));
        return Array.from({ length: dimensions }, () => random() - 0.5);
      });
    },
  };
}

/** Vectors that differ in their last digits only, so that 32 bits do not suffice to tell which is nearer. */
function alikeEmbedder(dimensions: number): Embedder {
  const chance = chanceEmbedder(dimensions);
  return {
    ...chance,
    name: "alike",
    async embed(texts, call) {
      const [centre = [], ...apart] = await chance.embed(["centre", ...texts], call);
      return apart.map((vector) => centre.map((number, at) => number + 1e-6 * (vector[at] ?? 0)));
    },
  };
}

/** Remembers many facts that are equally near, of which the newest have to come first. */
async function newestOfEqual(memory: Memory): Promise<void> {
  await memory.remember(Array.from({ length: 5_000 }, (_, n) => ({ id: `f${n}`, namespace: "n", text: "same" })));
  const found = await memory.search({ namespace: "n", text: "other", mode: "vectors", limit: 3 });
  expect(found.map(({ id }) => id)).toEqual(["f4999", "f4998", "f4997"]);
}

const FACTS = Array.from({ length: 600 }, (_, n) => ({
  id: `f${n}`,
  namespace: n % 3 === 0 ? "b" : "a",
  // Some are alike to the last bit.
  text: `text ${n % 500}`,
  meta: { even: n % 2 === 0 },
}));

/** What is found by vectors, with and without a filter. */
async function searches(memory: Memory) {
  const queries = Array.from({ length: 20 }, (_, n) => [`query ${n}`, `text ${n}`]).flat();
  const found = [];
  for (const text of queries)
    for (const meta of [undefined, { even: true }]) {
      const filter = meta === undefined ? {} : { meta };
      const facts = await memory.search({ namespace: "a", text, mode: "vectors", limit: 25, ...filter });
      found.push(facts.map(({ id, score }) => [id, score]));
    }
  return found;
}

describe("sqlite-vec", () => {
  const open = async (contract: Contract<Memory>) => {
    const clock = fakeClock();
    const folder = temporaryFolder();
    const file = folder.at("mofa.db");
    const options = { clock, embedder: () => lexical };
    const opened = [await openSqlite({ file, durability: "relaxed", vectorSearch: "database" }, options)];
    await contract.run(async () => ({
      thing: opened[0]?.memory as Memory,
      clock,
      async reopen() {
        opened.push(await openSqlite({ file, vectorSearch: "database" }, options));
        return opened.at(-1)?.memory as Memory;
      },
      async [Symbol.asyncDispose]() {
        for (const one of opened) one.close();
        folder[Symbol.dispose]();
      },
    }));
  };
  test.each(memoryContract)("$name", open);

  test(`finds what looking at every vector finds, with MOFA_SEED=${SEED}`, async () => {
    using folder = temporaryFolder();
    const chance = chanceEmbedder(64);
    const at = (vectorSearch: VectorSearch) =>
      openSqlite({ file: folder.at("mofa.db"), vectorSearch }, { embedder: () => chance });
    using plain = await at("process");
    await plain.memory.remember(FACTS);
    using inside = await at("auto");
    expect([plain.vectorSearch, inside.vectorSearch]).toEqual([{ by: "process" }, { by: "sqlite-vec" }]);
    expect(await searches(inside.memory)).toEqual(await searches(plain.memory));
  });

  test(`finds the same among facts that are nearly alike, with MOFA_SEED=${SEED}`, async () => {
    using folder = temporaryFolder();
    const alike = alikeEmbedder(256);
    const at = (vectorSearch: VectorSearch) =>
      openSqlite({ file: folder.at("mofa.db"), vectorSearch }, { embedder: () => alike });
    using plain = await at("process");
    await plain.memory.remember(FACTS);
    using inside = await at("database");
    expect(await searches(inside.memory)).toEqual(await searches(plain.memory));
  });

  test("finds the newest of very many that are equally near", async () => {
    using folder = temporaryFolder();
    const chance = chanceEmbedder(8);
    const options = { file: folder.at("mofa.db"), durability: "relaxed", vectorSearch: "database" } as const;
    using inside = await openSqlite(options, { embedder: () => chance });
    await newestOfEqual(inside.memory);
  });
});

const there = await isReachable(postgresServer);
const client = there ? new pg.Client({ connectionString: postgresServer.url }) : undefined;
await client?.connect();
const available = await client?.query("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'");
const installed = (available?.rows.length ?? 0) > 0;
afterAll(() => client?.end());

/** A database of its own, with the extension in it: it is there once for a whole database. */
async function ownDatabase() {
  const name = `mofa_vector_${randomBytes(6).toString("hex")}`;
  await client?.query(`CREATE DATABASE ${name}`);
  const url = new URL(postgresServer.url);
  url.pathname = `/${name}`;
  const own = new pg.Client({ connectionString: url.href });
  await own.connect();
  return {
    url: url.href,
    sql: (text: string) => own.query(text),
    /** Somebody who may use the tables, and change none. */
    async user() {
      const role = `${name}_user`;
      await own.query(`CREATE ROLE ${role} LOGIN PASSWORD 'word'; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
      const theirs = new URL(url);
      [theirs.username, theirs.password] = [role, "word"];
      return {
        name: role,
        url: theirs.href,
        async [Symbol.asyncDispose]() {
          await own.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await own.end();
      await client?.query(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

describe.skipIf(!installed)("pgvector", () => {
  const opening = (
    url: string,
    more: { readonly vectorSearch?: VectorSearch; readonly schema?: string; readonly migrate?: "auto" | "manual" } = {},
  ) => {
    return (embedder: Embedder, clock = fakeClock()) =>
      openPostgres({ url, connections: 2, ...more }, { clock, embedder: () => embedder });
  };

  test("keeps what a memory promises", { timeout: 60_000 }, async () => {
    await using database = await ownDatabase();
    await database.sql("CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions");
    for (const [index, { name, run }] of memoryContract.entries()) {
      const at = opening(database.url, { vectorSearch: "database", schema: `s${index}` });
      const clock = fakeClock();
      const opened: Postgres[] = [await at(lexical, clock)];
      const open = async () => ({
        thing: opened[0]?.memory as Memory,
        clock,
        async reopen() {
          opened.push(await at(lexical, clock));
          return opened.at(-1)?.memory as Memory;
        },
        async [Symbol.asyncDispose]() {
          for (const one of opened) await one.close();
        },
      });
      await expect(run(open), name).resolves.toBeUndefined();
    }
  });

  test(`finds what looking at every vector finds, whoever wrote it, with MOFA_SEED=${SEED}`, async () => {
    await using database = await ownDatabase();
    const chance = chanceEmbedder(64);
    // Before there was an extension, and by a process that does not want it.
    await using plain = await opening(database.url)(chance);
    await plain.memory.remember(FACTS.slice(0, 300));
    await database.sql("CREATE EXTENSION vector");
    await using inside = await opening(database.url)(chance);
    expect([plain.vectorSearch, inside.vectorSearch]).toEqual([{ by: "process" }, { by: "pgvector" }]);
    await inside.memory.remember(FACTS.slice(300));
    expect(await searches(inside.memory)).toEqual(await searches(plain.memory));
    const { rows } = await database.sql("SELECT count(*)::int AS vectors, count(near)::int AS near FROM mofa_vector");
    expect(rows).toEqual([{ vectors: 600, near: 500 }]);
    await inside.memory.forgetAll("a");
    expect(await inside.memory.search({ namespace: "a", text: "text 1", mode: "vectors" })).toEqual([]);
  });

  test(`finds the same among facts that are nearly alike, with MOFA_SEED=${SEED}`, async () => {
    await using database = await ownDatabase();
    await database.sql("CREATE EXTENSION vector");
    const alike = alikeEmbedder(256);
    await using inside = await opening(database.url, { vectorSearch: "database" })(alike);
    await using plain = await opening(database.url, { vectorSearch: "process" })(alike);
    expect(plain.vectorSearch).toEqual({ by: "process" });
    await inside.memory.remember(FACTS);
    expect(await searches(inside.memory)).toEqual(await searches(plain.memory));
  });

  test("finds the newest of very many that are equally near", async () => {
    await using database = await ownDatabase();
    await database.sql("CREATE EXTENSION vector");
    await using inside = await opening(database.url, { vectorSearch: "database" })(chanceEmbedder(8));
    await newestOfEqual(inside.memory);
  });

  test("finds at once what another process writes without it", async () => {
    await using database = await ownDatabase();
    await database.sql("CREATE EXTENSION vector");
    await using inside = await opening(database.url)(lexical);
    await using plain = await opening(database.url, { vectorSearch: "process" })(lexical);
    const found = async () => {
      const facts = await inside.memory.search({ namespace: "n", text: "shellfish", mode: "vectors" });
      return facts.map(({ id }) => id);
    };
    for (const id of ["1", "2", "3"]) {
      await (id === "1" ? inside : plain).memory.remember({ id, namespace: "n", text: "shellfish" });
      expect((await found())[0]).toBe(id);
    }
    expect(await found()).toEqual(["3", "2", "1"]);
  });

  test("keeps and finds vectors that are too long for it", async () => {
    await using database = await ownDatabase();
    await database.sql("CREATE EXTENSION vector");
    const long = chanceEmbedder(16_001);
    await using inside = await opening(database.url, { vectorSearch: "database" })(long);
    await inside.memory.remember([
      { id: "1", namespace: "n", text: "one" },
      { id: "2", namespace: "n", text: "two" },
    ]);
    const found = await inside.memory.search({ namespace: "n", text: "two", mode: "vectors", limit: 1 });
    expect(found.map(({ id, score }) => [id, score])).toEqual([["2", expect.closeTo(1, 6)]]);
  });

  test("whose column may not be made is done without, and is refused where it is demanded", async () => {
    await using database = await ownDatabase();
    await (await opening(database.url)(lexical)).close();
    await database.sql("CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions");
    await using user = await database.user();
    await database.sql(`GRANT USAGE ON SCHEMA extensions TO ${user.name}`);
    for (const [migrate, why] of [
      ["auto", "must be owner of table mofa_vector"],
      ["manual", 'open it once with migrate "auto"'],
    ] as const) {
      const open = (vectorSearch: VectorSearch) => opening(user.url, { vectorSearch, migrate })(lexical);
      await using plain = await open("auto");
      expect(plain.vectorSearch).toEqual({ by: "process", instead: expect.stringContaining(why) });
      await plain.memory.remember({ id: migrate, namespace: migrate, text: "shellfish" });
      expect(await plain.memory.search({ namespace: migrate, text: "shellfish", mode: "vectors" })).toHaveLength(1);
      await expect(open("database")).rejects.toMatchObject({ code: "memory.no_vector_search" });
    }
    await (await opening(database.url)(lexical)).close();
    await database.sql(`REVOKE USAGE ON SCHEMA extensions FROM ${user.name}`);
    await using kept = await opening(user.url, { migrate: "manual" })(lexical);
    expect(kept.vectorSearch.instead).toContain("permission denied for schema extensions");
    await database.sql(`GRANT USAGE ON SCHEMA extensions TO ${user.name}`);
    await using inside = await opening(user.url, { migrate: "manual" })(lexical);
    expect(inside.vectorSearch).toEqual({ by: "pgvector" });
    expect(await inside.memory.search({ namespace: "auto", text: "shellfish", mode: "vectors" })).toHaveLength(1);
  });

  test("that is demanded and not there is refused with what to do", async () => {
    await using database = await ownDatabase();
    await expect(opening(database.url, { vectorSearch: "database" })(lexical)).rejects.toMatchObject({
      code: "memory.no_vector_search",
      message: expect.stringContaining("CREATE EXTENSION vector"),
    });
  });
});
