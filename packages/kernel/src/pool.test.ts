import { expect, test } from "vitest";
import { caught } from "../test/caught.ts";
import { createPool, type Pool } from "./pool.ts";

/** Work whose end is in the test's hands. */
function works(pool: Pool) {
  const order: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const run = (name: string, options?: Parameters<Pool["run"]>[1]) =>
    pool.run(() => {
      order.push(name);
      const end = Promise.withResolvers<string>();
      ends.set(name, end);
      return end.promise;
    }, options);
  const end = async (name: string) => {
    ends.get(name)?.resolve(name);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { order, run, end, fail: (name: string, error: unknown) => ends.get(name)?.reject(error) };
}

test("so many at a time, the most urgent of those that wait first", async () => {
  const pool = createPool({ concurrency: 2 });
  const { order, run, end } = works(pool);
  const results = [
    run("a"),
    run("b"),
    run("low", { priority: "low" }),
    run("normal"),
    run("critical", { priority: "critical" }),
  ];
  expect([pool.active, pool.waiting, order]).toEqual([2, 3, ["a", "b"]]);
  for (const name of ["b", "critical", "a", "normal", "low"]) await end(name);
  expect(await Promise.all(results)).toEqual(["a", "b", "low", "normal", "critical"]);
  expect([pool.active, pool.waiting, order]).toEqual([0, 0, ["a", "b", "critical", "normal", "low"]]);
});

test("a failure is its caller's alone, and frees the place", async () => {
  const pool = createPool({ concurrency: 1 });
  const boom = new Error("boom");
  const results = [
    caught(pool.run(() => Promise.reject(boom))),
    caught(
      pool.run(() => {
        throw boom;
      }),
    ),
    pool.run(async () => "fine"),
  ];
  expect(await Promise.all(results)).toEqual([boom, boom, "fine"]);
  expect(pool.active).toBe(0);
});

test("one that throws at once with thousands behind it does not run out of stack", async () => {
  const pool = createPool({ concurrency: 1 });
  const throwing = () => {
    throw new Error("no");
  };
  const results = Array.from({ length: 20_000 }, () => caught(pool.run(throwing)));
  expect((await Promise.all(results)).length).toBe(20_000);
  expect([pool.active, pool.waiting]).toEqual([0, 0]);
});

test("what waits leaves when its signal fires, and never begins; what is in work is left alone", async () => {
  const pool = createPool({ concurrency: 1 });
  const { order, run, end } = works(pool);
  const stop = new AbortController();
  const first = run("first", { signal: stop.signal });
  const waiting = caught(run("second", { signal: stop.signal }));
  const third = run("third");
  stop.abort("enough");
  expect([await waiting, pool.waiting]).toEqual(["enough", 1]);
  expect(await caught(run("late", { signal: stop.signal }))).toBe("enough");
  await end("first");
  await end("third");
  expect([await first, await third, order]).toEqual(["first", "third", ["first", "third"]]);
});

test("it is bounded, and says so", async () => {
  const pool = createPool({ concurrency: 1, maxWaiting: 1 });
  const { run, end } = works(pool);
  const held = [run("a"), run("b")];
  expect(await caught(run("c"))).toMatchObject({ code: "pool.full", retryable: true, data: { max: 1 } });
  await end("a");
  await end("b");
  expect(await Promise.all(held)).toEqual(["a", "b"]);
});

test.each([0, -1, 1.5, Number.NaN])("%s at a time is refused", (concurrency) => {
  expect(() => createPool({ concurrency })).toThrowError(expect.objectContaining({ code: "pool.bad_concurrency" }));
});
