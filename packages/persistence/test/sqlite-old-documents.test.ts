import { inMemoryStore, type OldFilter } from "@mofa/kernel";
import { fakeClock, seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { openSqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";

test("of more documents than are looked at in one go, the same are deleted as by the reference", async () => {
  using folder = temporaryFolder();
  const clock = fakeClock();
  const reference = inMemoryStore({ clock });
  using kept = await openSqlite({ file: folder.at("mofa.db"), durability: "relaxed" }, { clock });
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  console.log(`old documents with MOFA_SEED=${seed}`);
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const start = clock.now();
  const both = [reference, kept.store];
  // Some come twice, and many at the same time.
  for (let n = 0; n < 5_000; n += 100) {
    const ids = Array.from({ length: 100 }, () => `${["a", "t:"][Number(random() < 0.9)]}${below(6_000)}`);
    await Promise.all(both.flatMap((store) => [...new Set(ids)].map((id) => store.put(id, n))));
    await clock.advance(below(3));
  }
  const left = (store: (typeof both)[number]) => store.list({ limit: 10_000 });
  let gone = 0;
  for (let n = 0; n < 12; n++) {
    const bounds = [{ before: start + below(60) }, { keep: below(5_000) }, { before: start + below(40), keep: 4_000 }];
    const filter: OldFilter = { prefix: ["", "t:", "t:1"][below(3)] ?? "", limit: 1 + below(900), ...bounds[n % 3] };
    const [expected = 0, found] = await Promise.all(both.map((store) => store.prune(filter)));
    expect(found).toBe(expected);
    expect(await left(kept.store)).toEqual(await left(reference));
    gone += expected;
  }
  expect(gone).toBeGreaterThan(500);
});

test("a document that is changed while the old ones are looked for stays", async () => {
  using folder = temporaryFolder();
  const clock = fakeClock();
  using kept = await openSqlite(folder.at("mofa.db"), { clock });
  for (const id of ["a", "b"]) await kept.store.put(id, 1);
  await clock.advance(10);
  const pruned = kept.store.prune({ before: clock.now() });
  await kept.store.put("a", 2);
  expect(await pruned).toBe(1);
  expect((await kept.store.list()).map(({ id, body }) => [id, body])).toEqual([["a", 2]]);
});
