import { inMemoryMemory, lexicalEmbedder } from "@mofa/kernel";
import { fakeClock, seededRandom, testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { mysql } from "../src/mysql/index.ts";
import { postgres } from "../src/postgres/index.ts";
import { columnName, tables } from "../src/tables.ts";
import { describeOn, mysqlServer, postgresServer } from "./servers.ts";

for (const kind of [postgresServer, mysqlServer]) {
  await describeOn(kind, `the ${kind.name} plugin`, () => {
    test("brings the four kinds and the store tools, and takes them back", async () => {
      await using site = await kind.site();
      const plugin = kind.name === "mysql" ? mysql(site.url) : postgres({ url: site.url, schema: site.name });
      await using kernel = await testKernel(plugin);
      const names = (["store", "session", "journal", "memory"] as const).map((each) => kernel.find(each)?.name);
      expect(names).toEqual([kind.name, kind.name, kind.name, kind.name]);
      const put = kernel.get("tool", "store.put");
      expect(await kernel.invoke(put, { id: "a", body: 1 })).toEqual({ id: "a", version: 1 });
      await kernel.unplug(kind.name);
      expect([kernel.find("store")?.name, kernel.find("tool", "store.get")]).toEqual(["memory", undefined]);
    });

    test("searches score as the reference does", async () => {
      await using site = await kind.site();
      const clock = fakeClock();
      const lexical = lexicalEmbedder();
      const embedder = () => lexical;
      await using server = await site.open({ clock, embedder });
      const reference = inMemoryMemory({ clock, embedder });
      const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
      console.log(`facts with MOFA_SEED=${seed}`);
      const random = seededRandom(seed);
      const words = ["apple", "pear", "plum", "oslo", "bergen", "invoice", "the", "a"];
      const text = (most: number) =>
        Array.from({ length: 1 + Math.floor(random() * most) }, () => words[Math.floor(random() ** 2 * words.length)]);
      for (let n = 0; n < 60; n++) {
        // Some come twice: the old one's words must be gone.
        const meta = { half: n % 2, third: n % 3 };
        const fact = { id: `${n % 50}`, namespace: "n", text: text(12).join(" "), meta };
        await Promise.all([server.memory.remember(fact), reference.remember(fact)]);
        await clock.advance(1);
      }
      const modes = ["words", "vectors", "hybrid"] as const;
      for (let n = 0; n < 60; n++) {
        const filter = { 0: {}, 1: { meta: { half: 1 } }, 2: { meta: { third: 2 }, since: clock.now() - 30 } }[n % 3];
        const mode = modes[(n % 7) % 3] ?? "words";
        const query = { namespace: "n", text: text(4).join(" "), limit: 100, mode, ...filter };
        const [found, expected] = await Promise.all([server.memory.search(query), reference.search(query)]);
        // A sum's last bit may differ, and then two facts that are equally good change places in the words' list.
        const digits = mode === "hybrid" ? 3 : 10;
        const close = expected.map(({ why: _, ...fact }) => ({ ...fact, score: expect.closeTo(fact.score, digits) }));
        if (mode === "vectors") expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        const byId = (facts: readonly { readonly id: string }[]) => facts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        expect(byId(found.map(({ why: _, ...fact }) => fact))).toEqual(byId(close));
      }
    });

    test("the tables have the columns that they have in code", async () => {
      await using site = await kind.site();
      await (await site.open()).close();
      const schema = kind.name === "mysql" ? "database()" : "current_schema()";
      const columns = await site.sql(`SELECT table_name AS owner, column_name AS name FROM information_schema.columns
        WHERE table_schema = ${schema} ORDER BY table_name, ordinal_position`);
      const found = Object.values(tables).map(({ name }) =>
        columns
          .filter((one) => one["owner"] === name)
          .map((one) => one["name"])
          .sort(),
      );
      expect(found).toEqual(Object.values(tables).map((spec) => Object.keys(spec.columns).map(columnName).sort()));
    });
  });
}

test("wrong options are refused before a server is asked, and do not repeat the address", async () => {
  const url = "postgres://ann:s3cret@localhost/test";
  const loud = { url, connections: 0 };
  await expect(testKernel(postgres(loud))).rejects.toThrow(/connections/);
  const error = await testKernel(postgres({ url, schema: "Bad Name" })).catch((thrown: unknown) => thrown);
  expect(String(error)).not.toContain("s3cret");
});
