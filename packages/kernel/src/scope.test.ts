import { expect, test } from "vitest";
import { isMofaError } from "./error.ts";
import { createScope } from "./scope.ts";

test("the signal fires first, then things and children end, the last one first", async () => {
  const order: string[] = [];
  const scope = createScope("house");
  scope.signal.addEventListener("abort", () => order.push("signal"));
  scope.own(() => void order.push("first"));
  const child = scope.child("room");
  child.own(() => void order.push("in the child"));
  scope.own(async () => {
    await Promise.resolve();
    order.push("last");
  });
  await scope.end();
  expect(order).toEqual(["signal", "last", "in the child", "first"]);
});

test("functions, disposables and async disposables are given back as they came", async () => {
  const ended: string[] = [];
  const scope = createScope("house");
  const sync = scope.own({ [Symbol.dispose]: () => void ended.push("sync") });
  const both = scope.own({
    [Symbol.dispose]: () => void ended.push("wrong"),
    [Symbol.asyncDispose]: async () => void ended.push("async"),
  });
  expect([typeof sync, typeof both]).toEqual(["object", "object"]);
  await scope.end();
  expect(ended).toEqual(["async", "sync"]);
});

test("a failure does not stop the end; all failures are in one error", async () => {
  const ended: string[] = [];
  const scope = createScope("house");
  scope.own(() => void ended.push("first"));
  scope.own(() => {
    throw new Error("no water");
  });
  scope.own(async () => {
    throw new Error("no light");
  });
  const error: unknown = await scope.end().catch((thrown: unknown) => thrown);
  expect(ended).toEqual(["first"]);
  expect(error).toMatchObject({ code: "scope.end_failed", data: { scope: "house", count: 2 } });
  expect((error as Error).cause).toMatchObject({ message: "no light; no water" });
});

test("the failure of a child is one of its parent's", async () => {
  const scope = createScope("house");
  scope.child("room").own(() => {
    throw new Error("stuck");
  });
  await expect(scope.end()).rejects.toMatchObject({ cause: { code: "scope.end_failed", data: { scope: "room" } } });
});

test("ending twice ends once", async () => {
  let count = 0;
  const scope = createScope("house");
  scope.own(() => void count++);
  const first = scope.end();
  expect(scope.end()).toBe(first);
  await first;
  await scope[Symbol.asyncDispose]();
  expect([count, scope.ended]).toEqual([1, true]);
});

test("a child that ends itself is not ended again, and its parent lets go of it", async () => {
  let count = 0;
  const scope = createScope("house");
  for (let round = 0; round < 3; round++) {
    const child = scope.child("guest");
    child.own(() => void count++);
    await child.end();
  }
  expect(count).toBe(3);
  await scope.end();
  expect(count).toBe(3);
});

test("a scope that began to end owns nothing more", async () => {
  const scope = createScope("house");
  const end = scope.end();
  for (const add of [() => scope.own(() => {}), () => scope.hold(() => {}), () => scope.child("room")]) {
    expect(add).toThrow(expect.objectContaining({ code: "scope.closed", data: { scope: "house" } }));
  }
  await end;
});

test("what is held can be ended early, once", async () => {
  let count = 0;
  const scope = createScope("house");
  const release = scope.hold(() => void count++);
  await release();
  await release();
  await scope.end();
  expect(count).toBe(1);
});

test("the signal carries the reason, also when it is first read after the end", async () => {
  const early = createScope("early");
  const { signal } = early;
  await early.end("tired");
  const late = createScope("late");
  await late.end();
  expect([signal.reason, isMofaError(late.signal.reason, "scope.closed")]).toEqual(["tired", true]);
});

test("what is ended early by another thing's end is not ended again", async () => {
  let count = 0;
  const scope = createScope("house");
  const release = scope.hold(() => void count++);
  scope.own(release);
  await scope.end();
  expect(count).toBe(1);
});
