// How long a project keeps sessions, facts and documents, and where it keeps them.
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openProject } from "../src/project/config.ts";
import { databaseAt } from "../src/project/database.ts";
import { openAt } from "../src/project/open.ts";

const CONFIG = `name: shop
retention:
  every: 20ms
  sessions: [{ prefix: chat/, count: 1 }]
  facts: [{ age: 1d, count: 2 }]
  documents: [{ prefix: inbox/, count: 0 }]
`;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function shop(config: string) {
  const folder = await mkdtemp(join(tmpdir(), "mofa-shop-"));
  folders.push(folder);
  await writeFile(join(folder, "mofa.config.yaml"), config);
  return folder;
}

const openShop = async (folder: string, quiet = false) =>
  openAt(await openProject(folder, {}), { env: {}, unwatched: true, log: () => {}, quiet });

test("a project deletes what its config says, while it is at work and not when it is only looked at", async () => {
  const folder = await shop(CONFIG);
  const things = async (quiet?: boolean) => {
    const { mofa, [Symbol.asyncDispose]: end } = await openShop(folder, quiet);
    const [session, memory, store] = [
      mofa.get("session", "sqlite"),
      mofa.get("memory", "sqlite"),
      mofa.get("store", "sqlite"),
    ];
    const left = async () => ({
      sessions: (await session.list()).map(({ id }) => id).toSorted(),
      facts: (await memory.recent("ann")).map(({ id }) => id),
      documents: (await store.list()).map(({ id }) => id),
    });
    return { session, memory, store, left, [Symbol.asyncDispose]: end };
  };
  const all = { sessions: ["chat/1", "chat/2", "desk/1"], facts: ["c", "b", "a"], documents: ["inbox/1", "orders/1"] };
  {
    await using quiet = await things(true);
    for (const id of all.sessions) {
      await quiet.session.append(id, ["hi"], { at: 0, turn: "t" });
    }
    for (const id of ["a", "b", "c"]) await quiet.memory.remember({ id, namespace: "ann", text: `apple ${id}` });
    for (const id of all.documents) await quiet.store.put(id, 1);
    // Longer than a round would take to come.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await quiet.left()).toEqual(all);
  }
  await using working = await things();
  const rest = { sessions: ["chat/2", "desk/1"], facts: ["c", "b"], documents: ["orders/1"] };
  await expect.poll(working.left, { timeout: 10_000 }).toEqual(rest);
});

test.each([
  ["a rule that says nothing", "[{ prefix: chat/ }]", /"retention\.sessions\[0\]".*set age, count or both/u],
  ["a bad age", "[{ age: old }]", /"retention\.sessions\[0\]\.age".*write a duration/u],
  [
    "a misspelt key",
    "[{ prefx: a, count: 1 }]",
    /"retention\.sessions\[0\]\.prefx" is no known key. Did you mean "prefix"/u,
  ],
])("%s is refused with its place", async (_name, rules, message) => {
  const refused = openProject(await shop(`name: shop\nretention: { sessions: ${rules} }\n`), {});
  await expect(refused).rejects.toThrow(message);
});

test("of which documents a rule is has to be said", async () => {
  const refused = openProject(await shop("name: shop\nretention: { documents: [{ age: 1d }] }\n"), {});
  await expect(refused).rejects.toThrow(/"retention\.documents\[0\]\.prefix"/u);
});

test("a misspelt scheme of the database's address is refused, and does not become the name of a file", async () => {
  const folder = await shop("name: shop\ndatabase: env:SHOP\n");
  const project = await openProject(folder, { SHOP: "mysqll://ann:s3cret@db/shop" });
  expect(() => databaseAt(project)).toThrow(
    'begins with "mysqll://", which no database here has. Did you mean "mysql://"?',
  );
  await expect(openAt(project, { env: {}, unwatched: true, log: () => {} })).rejects.toMatchObject({
    code: "database.bad_scheme",
  });
  expect(await readdir(folder)).toEqual(["mofa.config.yaml"]);
});
