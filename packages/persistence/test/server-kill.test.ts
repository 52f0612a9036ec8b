import { cutting } from "@mofa/devkit/databases/cutting";
import { type Installed, privateMariadb, privatePostgres } from "@mofa/devkit/databases/private-server";
import { describe, expect, test } from "vitest";
import { openMysql } from "../src/mysql/index.ts";
import { openPostgres } from "../src/postgres/index.ts";
import type { Server } from "../src/server/open.ts";
import { describeOn, mysqlServer, postgresServer } from "./servers.ts";

const RUNS = 32;
const STEPS = 40;
const KILLS = [300, 800];

const step = (key: string) => ({ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 });
const lease = { worker: "ann", leaseMs: 600_000 };

function open(kind: Installed["name"], url: string): Promise<Server> {
  const options = { url, connections: 4, reconnectTimeout: 60_000 };
  return kind === "mysql" ? openMysql(options) : openPostgres(options);
}

for (const installed of [privatePostgres, privateMariadb]) {
  const { name, missing } = installed;
  const title = `a ${name} server that is killed`;
  describe.skipIf(missing !== undefined)(missing === undefined ? title : `${title} (skipped: ${missing})`, () => {
    test("has all that was acknowledged when it is back, without a gap or a step twice", {
      timeout: 90_000,
    }, async () => {
      await using server = await installed.open();
      await using opened = await open(name, server.url);
      const { journal } = opened;
      const acknowledged = new Map<string, number>();
      let appended = 0;
      const restarts: Promise<void>[] = [];
      const ids = Array.from({ length: RUNS }, (_, n) => `r${n}`);
      await Promise.all(
        ids.map(async (id) => {
          const { run } = await journal.create({ id, kind: "workflow", name: "orders", input: null }, lease);
          for (let seq = 0; seq < STEPS; seq++) {
            const last = seq === STEPS - 1;
            // Both ways of writing: alone, and with what an append may bring.
            const letters = seq % 8 === 0 ? [{ id: `${id}/${seq}`, draft: seq }] : [];
            const part = { run: id, epoch: run.epoch, seq, rows: [step(`k${seq}`)], letters };
            const update = last ? { update: { status: "done" as const, output: id } } : {};
            const [outcome] = await journal.append([{ ...part, ...update }]);
            expect(outcome).toBe("kept");
            acknowledged.set(id, seq + 1);
            if (KILLS.includes(++appended)) restarts.push(server.kill().then(() => server.start()));
          }
        }),
      );
      await Promise.all(restarts);
      expect(restarts.length).toBe(KILLS.length);
      // Once more with nothing under way: what is seen then is what is on the disk.
      await server.kill();
      await server.start();
      await using again = await open(name, server.url);
      const keys = Array.from({ length: STEPS }, (_, seq) => `k${seq}`);
      for (const id of ids) {
        expect((await again.journal.rows(id)).map((row) => row.key)).toEqual(keys);
        expect(acknowledged.get(id)).toBe(STEPS);
      }
      const runs = await again.journal.list({ limit: RUNS });
      expect(runs.map(({ id, status, output }) => [id, status, output]).sort()).toEqual(
        ids.map((id) => [id, "done", id]).sort(),
      );
      const letters = await again.journal.letters({ ...lease, limit: 1_000 });
      expect(new Set(letters.map(({ id }) => id)).size).toBe((RUNS * STEPS) / 8);
    });
  });
}

for (const kind of [postgresServer, mysqlServer]) {
  await describeOn(kind, `a ${kind.name} connection that is cut when the commit is done and not answered`, () => {
    test("is no conflict: what was written is recognised", async () => {
      await using site = await kind.site();
      await using wire = await cutting(site.url);
      await using server = await site.open({ url: wire.url });
      const { journal } = server;
      const { run } = await journal.create({ id: "r", kind: "workflow", name: "orders", input: null }, lease);
      const part = (seq: number) => ({ run: "r", epoch: run.epoch, seq, rows: [step(`key-${seq}`)] });
      for (let seq = 0; seq < 5; seq++) {
        wire.next(`key-${seq}`);
        expect(await journal.append([part(seq)])).toEqual(["kept"]);
      }
      // With care, a transaction: it is the answer to its end that is lost.
      wire.next("COMMIT");
      expect(await journal.append([{ ...part(5), letters: [{ id: "m", draft: 1 }] }])).toEqual(["kept"]);
      wire.next("COMMIT");
      expect(await journal.signal({ run: "r", id: "s", name: "paid", body: 1 })).toBe(true);
      wire.next("COMMIT");
      const park = { status: "waiting", park: { wakes: 1 } } as const;
      expect(await journal.append([{ ...part(6), update: park }])).toEqual(["kept"]);
      expect(wire.cuts).toBe(8);
      await using other = await site.open();
      const parked = await other.journal.get("r");
      expect([parked?.status, parked?.owner, parked?.wakes, parked?.wakeAt]).toEqual([
        "waiting",
        undefined,
        1,
        undefined,
      ]);
      expect((await other.journal.rows("r")).map(({ key }) => key)).toEqual(
        Array.from({ length: 7 }, (_, seq) => `key-${seq}`),
      );
      expect((await other.journal.letters({ ...lease, limit: 9 })).length).toBe(1);
      expect((await other.journal.signals("r")).length).toBe(1);
    });
  });
}
