import { MofaError } from "@mofa/kernel";
import { expect, test } from "vitest";
import { createWriter } from "./writer.ts";

function open(options: { readonly failing?: (transactions: number) => Error | undefined } = {}) {
  const log: string[] = [];
  let transactions = 0;
  const writer = createWriter({
    transaction: (work) => {
      const failure = options.failing?.(++transactions);
      log.push("begin");
      try {
        work();
        if (failure !== undefined) throw failure;
        log.push("commit");
      } catch (thrown) {
        log.push("rollback");
        throw thrown;
      }
    },
    wrap: (thrown) => thrown as Error,
    wide: (error) => error.message === "disk full",
    closed: () => new MofaError("test.closed", "closed"),
  });
  return { writer, log };
}

test("writes of one turn share one transaction, and hear of it after the commit", async () => {
  const { writer, log } = open();
  const write = (name: string) => writer.write(() => log.push(name)).then(() => log.push(`${name} heard`));
  await Promise.all([write("a"), write("b")]);
  expect(log).toEqual(["begin", "a", "b", "commit", "a heard", "b heard"]);
});

test("what was gathered already is written at once, with what waits", async () => {
  const { writer, log } = open();
  const waiting = writer.write(() => log.push("a"));
  const gathered = writer.writeNow(() => log.push("b"));
  expect(log).toEqual(["begin", "a", "b", "commit"]);
  await Promise.all([waiting, gathered, writer.write(() => log.push("c"))]);
  expect(log.slice(4)).toEqual(["begin", "c", "commit"]);
});

test("a refusal is its own and leaves its neighbours in the transaction alone", async () => {
  const { writer, log } = open();
  const refused = writer.write(() => {
    throw new MofaError("test.refused", "no");
  });
  const settled = await Promise.allSettled([writer.write(() => 1), refused, writer.write(() => 3)]);
  expect(settled.map((one) => (one.status === "fulfilled" ? one.value : one.reason.code))).toEqual([
    1,
    "test.refused",
    3,
  ]);
  expect(log).toEqual(["begin", "commit"]);
});

test("work that breaks the transaction is found by trying each alone", async () => {
  const { writer, log } = open();
  const broken = writer.write(() => {
    throw new TypeError("cannot bind");
  });
  const settled = await Promise.allSettled([writer.write(() => 1), broken, writer.write(() => 3)]);
  expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  // All together; then the broken one, which was asked first; then the others.
  expect(log).toEqual(["begin", "rollback", "begin", "rollback", "begin", "commit", "begin", "commit"]);
});

test("a database that fails fails everybody once, and the next write tries again", async () => {
  const { writer } = open({ failing: (count) => (count === 1 ? new Error("disk full") : undefined) });
  const settled = await Promise.allSettled([writer.write(() => 1), writer.write(() => 2)]);
  expect(settled.map((one) => one.status === "rejected" && one.reason.message)).toEqual(["disk full", "disk full"]);
  await expect(writer.write(() => 3)).resolves.toBe(3);
});

test("closing writes what waits and refuses what comes later", async () => {
  const { writer, log } = open();
  const many = Array.from({ length: 1_000 }, (_, n) => writer.write(() => n));
  writer.close();
  expect((await Promise.all(many)).at(-1)).toBe(999);
  expect(log).toEqual(["begin", "commit", "begin", "commit"]);
  await expect(writer.write(() => 1)).rejects.toMatchObject({ code: "test.closed" });
});
