import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { expect, test } from "vitest";
import { openSqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";

const ann = { worker: "ann", leaseMs: 1_000 };
const step = (key: string, body: unknown = key) => ({
  ...{ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 },
  body: body as string,
});
const newRun = (id: string) => ({ id, kind: "workflow", name: "orders", input: { id } });

/** Two owned runs with three rows each, one of them with a long text; then somebody's own hand in the file. */
async function spoilt(...statements: readonly string[]) {
  const folder = temporaryFolder();
  const clock = fakeClock();
  const file = folder.at("mofa.db");
  const opened = await openSqlite(file, { clock });
  for (const id of ["sick", "well"]) {
    const { run } = await opened.journal.create(newRun(id), ann);
    const rows = [step("a"), step("b", `${id}${"x".repeat(40_000)}`), step("c")];
    await opened.journal.append([{ run: id, epoch: run.epoch, seq: 0, rows }]);
  }
  const hand = new Driver(file);
  for (const statement of statements) hand.exec(statement);
  hand.close();
  return {
    ...{ file, clock, journal: opened.journal },
    [Symbol.dispose]() {
      opened.close();
      folder[Symbol.dispose]();
    },
  };
}

test.each([
  ["a row was deleted", "DELETE FROM mofa_row WHERE place = 16777217", "row 1", "is missing"],
  ["a row is no JSON", "UPDATE mofa_row SET body = '{\"n\":' WHERE place = 16777216", "row 0", "is not JSON"],
  ["a long text was deleted", "DELETE FROM mofa_blob WHERE text LIKE '\"sick%'", "row 1", "is gone"],
])("where %s, the run and the row are named, and nothing else is harmed", async (_, statement, what, reason) => {
  using place = await spoilt(statement);
  const { journal, file } = place;
  await expect(journal.rows("sick")).rejects.toMatchObject({
    code: "run.unreadable",
    data: { file, run: "sick", what, reason },
  });
  expect((await journal.get("sick"))?.status).toBe("running");
  expect((await journal.rows("well")).length).toBe(3);
  const end = { status: "done" as const };
  expect(await journal.append([{ run: "well", epoch: 1, seq: 3, rows: [], update: end }])).toEqual(["kept"]);
});

test("a run whose input is no JSON is shown with the reason, and dead before it stops every claim", async () => {
  using place = await spoilt("UPDATE mofa_run SET input = 'oh' WHERE id = 'sick'");
  const { journal, clock, file } = place;
  const unreadable = { code: "run.unreadable", data: { file, run: "sick" } };
  await expect(journal.get("sick")).rejects.toMatchObject(unreadable);
  const listed = async () => (await journal.list()).map(({ id, status, error }) => [id, status, error?.code]);
  expect(await listed()).toEqual([
    ["well", "running", undefined],
    ["sick", "running", "run.unreadable"],
  ]);
  await clock.advance(ann.leaseMs);
  expect((await journal.claim({ ...ann, limit: 10 })).map(({ id }) => id)).toEqual(["well"]);
  expect(await listed()).toEqual([
    ["well", "running", undefined],
    ["sick", "dead", "run.unreadable"],
  ]);
  expect(await journal.append([{ run: "sick", epoch: 1, seq: 3, rows: [step("d")] }])).toEqual(["fenced"]);
  expect(await journal.prune({ ids: ["sick"] })).toBe(1);
});

test("the end of a child wakes a parent whose own input was spoilt", async () => {
  using place = await spoilt("UPDATE mofa_run SET input = 'oh' WHERE id = 'sick'");
  const { journal } = place;
  const { run } = await journal.create({ ...newRun("child"), parent: { run: "sick", key: "k" } }, ann);
  const end = { status: "done" as const };
  expect(await journal.append([{ run: "child", epoch: run.epoch, seq: 0, rows: [], update: end }])).toEqual(["kept"]);
  expect((await journal.list({ ids: ["sick"] }))[0]?.wakes).toBe(1);
});

test("what else was spoilt is named, and holds up nothing beside it", async () => {
  using place = await spoilt();
  const { journal, file } = place;
  for (const id of ["sick", "well"]) {
    await journal.signal({ run: id, id: "s", name: "paid", body: 1 });
    const tasks = [{ token: `t-${id}`, run: id, key: "k", question: { title: "Ship it?" } }];
    const letters = [{ id: `m-${id}`, draft: 1 }];
    await journal.append([{ run: id, epoch: 1, seq: 3, rows: [], tasks, letters }]);
  }
  const hand = new Driver(file);
  hand.exec("UPDATE mofa_signal SET body = 'oh' WHERE run = 1");
  hand.exec("UPDATE mofa_task SET question = 'oh' WHERE run = 1");
  hand.exec("UPDATE mofa_letter SET draft = 'oh' WHERE run = 1");
  hand.close();
  const named = (what: string) => ({
    code: "run.unreadable",
    data: { file, run: "sick", what, reason: "is not JSON" },
  });
  await expect(journal.signals("sick")).rejects.toMatchObject(named('signal "s"'));
  await expect(journal.task("t-sick")).rejects.toMatchObject(named('task "t-sick"'));
  await expect(journal.answer("t-sick", { value: 1, by: "Ann" })).rejects.toMatchObject(named('task "t-sick"'));
  const titles = (await journal.tasks()).map(({ question }) => question.title);
  expect(titles).toEqual([expect.stringContaining("sick"), "Ship it?"]);
  expect((await journal.letters({ ...ann, limit: 9 })).map(({ id }) => id)).toEqual(["m-well"]);
  expect((await journal.signals("well")).length).toBe(1);
});
