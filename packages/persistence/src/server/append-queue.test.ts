import type { RunAppend } from "@mofa/kernel";
import { fakeClock } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { createAppendQueue } from "./append-queue.ts";
import type { Database } from "./database.ts";
import type { Part } from "./dialect.ts";

const row = (key: string) => ({ key, parent: "", type: "step" as const, kind: "tool", name: "work", at: 1 });
const part = (run: string, seq: number, more: Partial<RunAppend> = {}): RunAppend => {
  return { run, epoch: 1, seq, rows: [row(`${run}${seq}`)], ...more };
};

/** A queue on a database that keeps everything, and tells what it was asked together. */
function open() {
  const asked: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const append = async (_: unknown, parts: readonly Part[]) => {
    asked.push(parts.map(({ rows }) => rows.map(({ key }) => key).join("+")).join(" "));
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    return parts.map(() => true);
  };
  const database = { dialect: { append }, use: (work: (connection: unknown) => unknown) => work({}) };
  return { queue: createAppendQueue(database as unknown as Database, fakeClock()), asked, gates };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("appends of one turn go out together, and what comes meanwhile goes out together next", async () => {
  const { queue, asked, gates } = open();
  const first = ["a", "b", "c"].map((run) => queue.append([part(run, 0)]));
  await turn();
  const later = ["d", "e"].map((run) => queue.append([part(run, 0)]));
  await turn();
  expect(asked).toEqual(["a0 b0 c0"]);
  gates[0]?.resolve();
  expect((await Promise.all(first)).flat()).toEqual(["kept", "kept", "kept"]);
  await turn();
  expect(asked).toEqual(["a0 b0 c0", "d0 e0"]);
  gates[1]?.resolve();
  await Promise.all(later);
  await queue.close();
});

test("parts that go on from each other are one; after an end the run waits for the next statement", async () => {
  const { queue, asked, gates } = open();
  const end = { update: { status: "waiting" as const } };
  const all = [part("a", 0), part("b", 0), part("a", 1, end), part("a", 2), part("a", 9)].map((one) =>
    queue.append([one]),
  );
  for (let wave = 0; wave < 3; wave++) {
    await turn();
    gates[wave]?.resolve();
  }
  await Promise.all(all);
  expect(asked).toEqual(["a0+a1 b0", "a2", "a9"]);
});

test("a great many go out in several statements", async () => {
  const { queue, asked, gates } = open();
  const all = Array.from({ length: 300 }, (_, n) => queue.append([part(`r${n}`, 0)]));
  for (let wave = 0; wave < 3; wave++) {
    await turn();
    gates[wave]?.resolve();
  }
  await Promise.all(all);
  expect(asked.map((one) => one.split(" ").length)).toEqual([128, 128, 44]);
});
