import { createLog, type Journal, type LogEntry, toErrorJson } from "@mofa/kernel";
import { fakeClock } from "@mofa/kernel/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { fail } from "../src/errors.ts";
import { readMigrations } from "../src/migrations.ts";
import type { Driver } from "../src/server/database.ts";
import { serve } from "../src/server/open.ts";
import { losing } from "./losing.ts";
import { describeOn, type Kind, type Site } from "./servers.ts";

const newRun = (id: string) => ({ id, kind: "workflow", name: "orders", input: null });
const step = (key: string) => ({
  key,
  parent: "",
  type: "step" as const,
  kind: "tool",
  name: "work",
  body: key,
  at: 1,
});
const lease = { worker: "ann", leaseMs: 1_000 };

/** Breaks connections, loses answers and lets workers meet: what a server must stand. */
export async function faultsOn(kind: Kind): Promise<void> {
  await describeOn(kind, `${kind.name} with faults`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await kind.site();
      await (await site.open()).close();
    });
    afterAll(() => site[Symbol.asyncDispose]());
    afterEach(() => site.clear());

    describe("broken connections", () => {
      test("runs go on over connections that are cut again and again, without a gap or a step twice", async () => {
        await using server = await site.open();
        const names = Array.from({ length: 16 }, (_, n) => `r${n}`);
        let written = 0;
        const cuts: Promise<void>[] = [];
        await Promise.all(
          names.map(async (id) => {
            const { run } = await server.journal.create(newRun(id), lease);
            for (let seq = 0; seq < 12; seq++) {
              const [outcome] = await server.journal.append([
                { run: id, epoch: run.epoch, seq, rows: [step(`k${seq}`)] },
              ]);
              expect(outcome).toBe("kept");
              if (++written % 40 === 0) cuts.push(site.cut());
            }
          }),
        );
        await Promise.all(cuts);
        expect(cuts.length).toBe(4);
        for (const id of names) {
          expect((await server.journal.rows(id)).map((row) => row.key)).toEqual(
            names.slice(0, 12).map((_, n) => `k${n}`),
          );
        }
      });

      test("idle connections that the server ended are replaced", async () => {
        await using server = await site.open();
        await server.store.put("a", 1);
        await site.cut();
        expect((await server.store.put("a", 2, { version: 1 })).version).toBe(2);
        expect((await server.store.get("a"))?.body).toBe(2);
      });

      test("what was done and not heard of is recognised when it is asked again", async () => {
        const lost = losing();
        await using server = serve(site.database(lost.change), "test", { clock: fakeClock() });
        const { store, session, journal, memory } = server;
        lost.next(/INSERT INTO mofa_run/);
        const { run, created } = await journal.create(newRun("r"), lease);
        expect(created).toBe(true);
        const part = { run: "r", epoch: run.epoch, seq: 0, rows: [step("a"), step("b")] };
        lost.next(/mofa_row/);
        expect(await journal.append([part])).toEqual(["kept"]);
        lost.next(/mofa_run r/);
        expect(await journal.append([{ ...part, seq: 2, rows: [], update: { status: "done", output: 1 } }])).toEqual([
          "kept",
        ]);
        const other = await journal.create(newRun("s"), lease);
        const question = { title: "Ship?" };
        lost.next(/COMMIT/);
        const asked = {
          ...part,
          run: "s",
          epoch: other.run.epoch,
          tasks: [{ token: "t", run: "s", key: "k", question }],
        };
        expect(await journal.append([asked])).toEqual(["kept"]);
        lost.next(/UPDATE mofa_task/);
        expect((await journal.answer("t", { value: 1, by: "ann" })).status).toBe("answered");
        lost.next(/INSERT INTO mofa_document/);
        expect((await store.put("new", 1, { version: 0 })).version).toBe(1);
        lost.next(/INSERT INTO mofa_document/);
        expect((await store.put("new", 2)).version).toBe(2);
        lost.next(/UPDATE mofa_document/);
        expect((await store.put("new", 3, { version: 2 })).version).toBe(3);
        lost.next(/COMMIT/);
        await session.append("s", [1, 2], { at: 0, turn: "t1" });
        lost.next(/COMMIT/);
        await memory.remember({ id: "1", namespace: "n", text: "apple" });
        lost.next(/DELETE FROM mofa_document/);
        await expect(store.delete("new")).rejects.toMatchObject({ code: "database.connection_lost", retryable: true });
        expect(lost.lost).toBe(11);
        const kept = [await journal.rows("r"), await journal.tasks(), await session.load("s")].map((all) => all.length);
        expect([kept, (await store.get("new"))?.version, (await journal.get("r"))?.status]).toEqual([
          [2, 1, 2],
          undefined,
          "done",
        ]);
        expect((await memory.search({ namespace: "n", text: "apple" })).length).toBe(1);
      });

      test("a server that does not come back is told after the time for it", async () => {
        const gone = () =>
          Promise.reject(fail("database.unreachable", { file: "test", reason: "gone" }, { retryable: true }));
        const database = site.database((driver) => ({ ...driver, acquire: gone }));
        await using server = serve(database, "test", { clock: fakeClock() });
        const error = { code: "database.unreachable", retryable: true };
        await expect(server.store.get("a")).rejects.toMatchObject(error);
        const rows = [step("a")];
        const appends = ["a", "b"].map((run) => server.journal.append([{ run, epoch: 1, seq: 0, rows }]));
        for (const one of await Promise.allSettled(appends))
          expect(one).toMatchObject({ status: "rejected", reason: error });
      });

      test("an outage is told of once, and once that it is over", async () => {
        let missing = 5;
        const heard: LogEntry[] = [];
        const log = createLog("test", (entry) => heard.push(entry), Date.now);
        const gone = fail("database.unreachable", { file: "test", reason: "gone" }, { retryable: true });
        const change = (driver: Driver): Driver => ({
          ...driver,
          acquire: () => (missing-- > 0 ? Promise.reject(gone) : driver.acquire()),
        });
        await using server = serve(site.database(change, log), "test", { clock: fakeClock() });
        await Promise.all(["a", "b", "c"].map((id) => server.store.put(id, 1)));
        expect(heard.map(({ level }) => level)).toEqual(["warn", "info"]);
        expect(heard[0]?.message).toContain("could not be reached: gone");
      });

      test("closing finishes what is under way, and refuses what comes later", async () => {
        const server = await site.open();
        const { run } = await server.journal.create(newRun("r"), lease);
        const append = server.journal.append([{ run: "r", epoch: run.epoch, seq: 0, rows: [step("a")] }]);
        const put = server.store.put("a", 1);
        await server.close();
        expect([await append, (await put).version]).toEqual([["kept"], 1]);
        const late = server.journal.append([{ run: "r", epoch: run.epoch, seq: 1, rows: [step("b")] }]);
        await expect(late).rejects.toMatchObject({ code: "database.closed" });
        await expect(server.store.get("a")).rejects.toMatchObject({ code: "database.closed" });
        await server.close();
      });
    });

    describe("others at work", () => {
      test("thirty-two zombies write nothing once their runs are taken over", async () => {
        const clock = fakeClock();
        await using ann = await site.open({ clock });
        await using bob = await site.open({ clock });
        const names = Array.from({ length: 32 }, (_, n) => `r${n}`);
        const made = await Promise.all(names.map((id) => ann.journal.create(newRun(id), lease)));
        await clock.advance(lease.leaseMs);
        const write =
          ({ run }: (typeof made)[number], key: string) =>
          (seq: number) =>
            ann.journal.append([{ run: run.id, epoch: run.epoch, seq, rows: [step(key)] }]);
        // Both at once: an append is either whole before the claim, or changes nothing.
        const [outcomes] = await Promise.all([
          Promise.all(made.map((one) => write(one, "late")(0))),
          takeAll(bob.journal, names.length),
        ]);
        const seen = await Promise.all(names.map((id) => bob.journal.rows(id)));
        expect(seen.map((rows) => (rows.length === 1 ? "kept" : "fenced"))).toEqual(outcomes.flat());
        const zombies = await Promise.all(made.map((one, at) => write(one, "zombie")(seen[at]?.length ?? 0)));
        expect(new Set(zombies.flat())).toEqual(new Set(["fenced"]));
        const runs = await bob.journal.list({ limit: 100 });
        const mine = runs.map(({ id, epoch }) => {
          const seq = seen[names.indexOf(id)]?.length ?? 0;
          return { run: id, epoch, seq, rows: [step("bob")] };
        });
        expect(new Set(await bob.journal.append(mine))).toEqual(new Set(["kept"]));
        const last = await Promise.all(names.map(async (id) => (await ann.journal.rows(id)).at(-1)?.key));
        expect(new Set(last)).toEqual(new Set(["bob"]));
      });

      test("two connections that write the same place: one is kept, one is fenced", async () => {
        await using one = await site.open();
        await using two = await site.open();
        const { run } = await one.journal.create(newRun("r"), { worker: "ann", leaseMs: 60_000 });
        for (let seq = 0; seq < 10; seq++) {
          const append = (journal: Journal, key: string) =>
            journal.append([{ run: "r", epoch: run.epoch, seq, rows: [step(key)] }]);
          const both = await Promise.all([append(one.journal, `one${seq}`), append(two.journal, `two${seq}`)]);
          expect(both.flat().sort()).toEqual(["fenced", "kept"]);
        }
        expect((await two.journal.rows("r")).map((row) => row.seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      });

      test("appends that are asked for one after the other without waiting are written in order", async () => {
        await using server = await site.open();
        const { run } = await server.journal.create(newRun("r"), lease);
        const { epoch } = run;
        const question = { title: "Ship?" };
        const outcomes = await Promise.all([
          server.journal.append([{ run: "r", epoch, seq: 0, rows: [step("a")] }]),
          server.journal.append([
            { run: "r", epoch, seq: 1, rows: [step("b"), step("c")], update: { status: "waiting" } },
          ]),
          server.journal.append([
            { run: "r", epoch, seq: 3, rows: [step("d")], tasks: [{ token: "t", run: "r", key: "k", question }] },
          ]),
          server.journal.append([
            { run: "r", epoch, seq: 4, rows: [step("e")], update: { status: "done", output: null } },
          ]),
          server.journal.append([{ run: "r", epoch, seq: 5, rows: [step("late")] }]),
        ]);
        expect(outcomes.flat()).toEqual(["kept", "kept", "kept", "kept", "fenced"]);
        expect((await server.journal.rows("r")).map((row) => row.key).join("")).toBe("abcde");
        expect(await server.journal.get("r")).toMatchObject({ status: "done", output: null });
      });

      test("of two transactions in each other's way both are done in the end", async () => {
        await using server = await site.open();
        const database = site.database();
        for (const id of ["a", "b"]) await server.store.put(id, 0);
        const change = "UPDATE mofa_document SET version = version + 10 WHERE id = :id";
        let meet = 0;
        const { promise: both, resolve } = Promise.withResolvers<void>();
        const tries = await Promise.all(
          [["a", "b"] as const, ["b", "a"] as const].map(async ([first, second]) => {
            let tried = 0;
            await database.transact(async (connection) => {
              tried++;
              await connection.run(change, { id: first });
              if (++meet === 2) resolve();
              await both;
              await connection.run(change, { id: second });
            });
            return tried;
          }),
        );
        await database.close();
        expect(tries.reduce((sum, one) => sum + one)).toBe(3);
        expect((await server.store.list()).map((one) => one.version)).toEqual([21, 21]);
      });

      test("a statement that waits too long is stopped, and the connection works on", async () => {
        await using server = await site.open({ statementTimeout: 300 });
        await server.store.put("a", 1);
        await site.sql("START TRANSACTION");
        await site.sql("SELECT * FROM mofa_document FOR UPDATE");
        const error = await server.store.put("a", 2, { version: 1 }).catch((thrown: unknown) => thrown);
        await site.sql("ROLLBACK");
        // MySQL itself stops only what reads; there it is the wait for a lock that ends.
        const code = expect.stringMatching(/^database\.(timed_out|locked)$/);
        expect(error).toMatchObject({ code, retryable: true, data: { ms: 300 } });
        expect((await server.store.put("a", 2, { version: 1 })).version).toBe(2);
      });
    });

    describe("what is kept", () => {
      const odd = "“ÆØÅ” 天 \u0000 🙂 \ue000\ue001 \\ \" ' ? :name $1";

      test("every sign comes back, in ids, names, texts and JSON", async () => {
        await using server = await site.open();
        const { run } = await server.journal.create({ ...newRun("r 🙂"), name: odd, version: odd, input: odd }, lease);
        const row = {
          ...step(odd),
          parent: odd,
          name: odd,
          body: { [odd]: [odd] },
          error: { code: odd, message: odd, retryable: true },
        };
        expect(await server.journal.append([{ run: run.id, epoch: run.epoch, seq: 0, rows: [row] }])).toEqual(["kept"]);
        expect([await server.journal.get(run.id), await server.journal.rows(run.id)]).toEqual([
          run,
          [{ ...row, seq: 0 }],
        ]);
        expect((await server.journal.list({ name: odd })).length).toBe(1);
        await server.session.append("s", [odd], { at: 0, turn: odd });
        expect((await server.session.load("s"))[0]).toMatchObject({ turn: odd, body: odd });
        await server.memory.remember({ id: "1", namespace: "n", text: `${odd} apple` });
        expect((await server.memory.search({ namespace: "n", text: "apple" }))[0]?.text).toBe(`${odd} apple`);
        expect(await server.journal.get("a\0b")).toBeUndefined();
      });

      test("ids of 512 four-byte signs, words of any length, and ids that differ in their end only", async () => {
        await using server = await site.open();
        const long = "🙂".repeat(512);
        const ids = ["a", "a ", "A", "ä", "a\u0308", long];
        for (const id of ids) await server.store.put(id, id);
        expect(await Promise.all(ids.map(async (id) => (await server.store.get(id))?.body))).toEqual(ids);
        await server.journal.create(newRun(long));
        expect((await server.journal.claim({ ...lease, limit: 1, ids: [long] }))[0]?.id).toBe(long);
        const word = "x".repeat(20_000);
        await server.memory.remember({ id: long, namespace: long, text: `${word} ${word.slice(1)}` });
        expect((await server.memory.search({ namespace: long, text: word })).length).toBe(1);
        expect((await server.memory.search({ namespace: long, text: word.slice(2) })).length).toBe(0);
      });

      test("a megabyte is kept, and many of them at once", async () => {
        await using server = await site.open();
        const big = { text: `${'"\\\n🙂'.repeat(80_000)}` };
        const names = ["a", "b", "c", "d"];
        const made = await Promise.all(names.map((id) => server.journal.create({ ...newRun(id), input: big }, lease)));
        const parts = made.map(({ run }) => ({
          run: run.id,
          epoch: run.epoch,
          seq: 0,
          rows: [{ ...step("a"), body: big }],
        }));
        expect((await Promise.all(parts.map((part) => server.journal.append([part])))).flat()).toEqual(
          names.map(() => "kept"),
        );
        expect((await server.journal.rows("d"))[0]?.body).toEqual(big);
        await server.store.put("big", big);
        await server.session.append("s", [big, big], { at: 0, turn: "t" });
        expect([(await server.store.get("big"))?.body, (await server.session.load("s"))[1]?.body]).toEqual([big, big]);
      });

      test("what is too long for its place is refused, and its neighbours are not", async () => {
        await using server = await site.open();
        const made = await Promise.all(["a", "b"].map((id) => server.journal.create(newRun(id), lease)));
        const noise = Array.from({ length: 6_000 }, (_, n) => (n * 7_919 * 7_919).toString(36)).join("");
        const named = [
          { ...step("a"), name: "fine" },
          { ...step("a"), name: noise },
        ];
        const appends = made.map(({ run }, at) =>
          server.journal.append([{ run: run.id, epoch: run.epoch, seq: 0, rows: named.slice(at, at + 1) }]),
        );
        const [fine, long] = await Promise.allSettled(appends);
        expect(fine).toEqual({ status: "fulfilled", value: ["kept"] });
        // PostgreSQL has room for it in this place, which no index covers.
        if (kind.name === "mysql") expect(long).toMatchObject({ reason: { code: "database.too_long" } });
        await expect(server.journal.create({ ...newRun("c"), name: noise })).rejects.toMatchObject({
          code: "database.too_long",
        });
        expect((await server.store.list()).length).toBe(0);
      });
    });

    describe("opening", () => {
      const steps = readMigrations(kind.name).length;

      test("many that open a new database at once all find it made, once", async () => {
        await using fresh = await kind.site();
        const opened = await Promise.all(Array.from({ length: 5 }, () => fresh.open()));
        await Promise.all(opened.map((one, n) => one.store.put(`d${n}`, n)));
        expect((await opened[0]?.store.list())?.length).toBe(5);
        for (const one of opened) await one.close();
        expect((await fresh.sql("SELECT * FROM mofa_migration")).length).toBe(steps);
      });

      test("a database that a newer version changed is refused and left as it is", async () => {
        await using fresh = await kind.site();
        await (await fresh.open()).close();
        const more = kind.name === "mysql" ? ", 1, 1" : "";
        await fresh.sql(`INSERT INTO mofa_migration VALUES (${Date.UTC(2100, 0)}, 'from the future'${more})`);
        await expect(fresh.open()).rejects.toMatchObject({ code: "database.newer", data: { unknown: 1 } });
        expect((await fresh.sql("SELECT * FROM mofa_migration")).length).toBe(steps + 1);
      });

      test.each([
        ["a user that is not let in", { username: "nobody_here", password: "s3cret" }, "database.access_denied"],
        ["a database that is not there", { pathname: "/none_here", password: "" }, "database.not_found"],
        ["a host that is not there", { hostname: "none.invalid", password: "s3cret" }, "database.unreachable"],
        ["a port where nobody listens", { port: "1", password: "s3cret" }, "database.unreachable"],
      ])("%s is a clear error without the password", async (_, change, code) => {
        const url = Object.assign(new URL(site.url), change);
        const error = await site.open({ url: url.href }).then(
          () => undefined,
          (thrown: unknown) => toErrorJson(thrown),
        );
        expect(error?.code).toBe(code);
        expect(error?.message).toContain(`${kind.name}://${url.host}/`);
        expect(JSON.stringify(error)).not.toContain("s3cret");
      });
    });
  });
}

async function takeAll(journal: Journal, count: number): Promise<void> {
  // A run whose append is under way is left alone, and found the next time.
  for (let taken = 0; taken < count; ) {
    taken += (await journal.claim({ worker: "bob", leaseMs: 60_000, limit: count })).length;
  }
}
