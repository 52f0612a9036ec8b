// What happens when somebody's own hand was in the tables: the same on every database.
import { fakeClock } from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSqlite } from "../src/sqlite/index.ts";
import { PLACES } from "../src/tables.ts";
import { temporaryFolder } from "./folder.ts";
import { describeOn, type Kind, mysqlServer, postgresServer, type Site } from "./servers.ts";

type Opened = Pick<Awaited<ReturnType<Site["open"]>>, "journal">;

/** An open database, and a hand in its tables. */
interface Place extends AsyncDisposable, Opened {
  /** What errors call it. */
  readonly file: string;
  readonly clock: ReturnType<typeof fakeClock>;
  hand(statement: string): Promise<unknown>;
}

const ann = { worker: "ann", leaseMs: 1_000 };
const step = (key: string, body: unknown = key) => ({
  ...{ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 },
  body: body as string,
});
const newRun = (id: string) => ({ id, kind: "workflow", name: "orders", input: { id } });

// A hand knows a run's rows by the run's number.
const NUMBER = "(SELECT n FROM mofa_run WHERE id = 'sick')";
const placed = (seq: number) => `place = ${NUMBER} * ${PLACES} + ${seq}`;

async function onSqlite(): Promise<Place> {
  const folder = temporaryFolder();
  const clock = fakeClock();
  const file = folder.at("mofa.db");
  const opened = await openSqlite(file, { clock });
  return {
    ...{ file, clock, journal: opened.journal },
    async hand(statement) {
      const driver = new Driver(file);
      driver.exec(statement);
      driver.close();
    },
    async [Symbol.asyncDispose]() {
      opened.close();
      folder[Symbol.dispose]();
    },
  };
}

async function onServer(kind: Kind, site: Site): Promise<Place> {
  const clock = fakeClock();
  const opened = await site.open({ clock });
  const { host, pathname } = new URL(site.url);
  return {
    ...{ file: `${kind.name}://${host}${pathname}`, clock, journal: opened.journal },
    hand: site.sql,
    async [Symbol.asyncDispose]() {
      await opened.close();
      await site.clear();
    },
  };
}

function tampered(open: () => Promise<Place>): void {
  /** Two owned runs with three rows each, one of them with a long text; then somebody's own hand in the tables. */
  async function spoilt(...statements: readonly string[]): Promise<Place> {
    const place = await open();
    for (const id of ["sick", "well"]) {
      const { run } = await place.journal.create(newRun(id), ann);
      const rows = [step("a"), step("b", `${id}${"x".repeat(40_000)}`), step("c")];
      await place.journal.append([{ run: id, epoch: run.epoch, seq: 0, rows }]);
    }
    for (const statement of statements) await place.hand(statement);
    return place;
  }

  test.each([
    ["a row was deleted", `DELETE FROM mofa_row WHERE ${placed(1)}`, "row 1", "is missing"],
    ["the first row was deleted", `DELETE FROM mofa_row WHERE ${placed(0)}`, "row 0", "is missing"],
    ["a row is no JSON", `UPDATE mofa_row SET body = '{"n":' WHERE ${placed(0)}`, "row 0", "is not JSON"],
    ["a long text was deleted", "DELETE FROM mofa_blob WHERE text LIKE '\"sick%'", "row 1", "is gone"],
  ])("where %s, the run and the row are named, and nothing else is harmed", async (_, statement, what, reason) => {
    await using place = await spoilt(statement);
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
    await using place = await spoilt("UPDATE mofa_run SET input = 'oh' WHERE id = 'sick'");
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
    await using place = await spoilt("UPDATE mofa_run SET input = 'oh' WHERE id = 'sick'");
    const { journal } = place;
    const { run } = await journal.create({ ...newRun("child"), parent: { run: "sick", key: "k" } }, ann);
    const end = { status: "done" as const };
    expect(await journal.append([{ run: "child", epoch: run.epoch, seq: 0, rows: [], update: end }])).toEqual(["kept"]);
    expect((await journal.list({ ids: ["sick"] }))[0]?.wakes).toBe(1);
  });

  test("a run that was deleted under its owner is gone for it, and its neighbours in an append are kept", async () => {
    await using place = await spoilt("DELETE FROM mofa_run WHERE id = 'sick'");
    const { journal } = place;
    const parts = ["sick", "well"].map((run) => ({ run, epoch: 1, seq: 3, rows: [step("d")] }));
    expect(await journal.append(parts)).toEqual(["fenced", "kept"]);
    expect([await journal.get("sick"), await journal.rows("sick")]).toEqual([undefined, []]);
    expect(await journal.renew(ann, [{ run: "sick", epoch: 1 }])).toEqual([]);
  });

  test("what else was spoilt is named, and holds up nothing beside it", async () => {
    await using place = await spoilt();
    const { journal, file, hand } = place;
    for (const id of ["sick", "well"]) {
      await journal.signal({ run: id, id: "s", name: "paid", body: 1 });
      const tasks = [{ token: `t-${id}`, run: id, key: "k", question: { title: "Ship it?" } }];
      const letters = [{ id: `m-${id}`, draft: 1 }];
      await journal.append([{ run: id, epoch: 1, seq: 3, rows: [], tasks, letters }]);
    }
    await hand(`UPDATE mofa_signal SET body = 'oh' WHERE run = ${NUMBER}`);
    await hand(`UPDATE mofa_task SET question = 'oh' WHERE run = ${NUMBER}`);
    await hand(`UPDATE mofa_letter SET draft = 'oh' WHERE run = ${NUMBER}`);
    const named = (what: string) => ({
      code: "run.unreadable",
      data: { file, run: "sick", what, reason: "is not JSON" },
    });
    await expect(journal.signals("sick")).rejects.toMatchObject(named('signal "s"'));
    await expect(journal.task("t-sick")).rejects.toMatchObject(named('task "t-sick"'));
    await expect(journal.answer("t-sick", { value: 1, by: "Ann" })).rejects.toMatchObject(named('task "t-sick"'));
    const titles = (await journal.tasks()).map(({ question }) => question.title);
    expect(titles).toEqual([expect.stringContaining("sick"), "Ship it?"]);
    expect(await journal.letters({ ...ann, limit: 9 })).toEqual([
      { id: "m-sick", run: "sick", draft: null, error: expect.objectContaining(named('letter "m-sick"')) },
      { id: "m-well", run: "well", draft: 1 },
    ]);
    expect((await journal.signals("well")).length).toBe(1);
  });
}

describe("tables of sqlite that somebody changed", () => tampered(onSqlite));

for (const kind of [postgresServer, mysqlServer]) {
  await describeOn(kind, `tables of ${kind.name} that somebody changed`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await kind.site();
    });
    afterAll(() => site[Symbol.asyncDispose]());
    tampered(() => onServer(kind, site));
  });
}
