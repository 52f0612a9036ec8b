// sqlite-vec is an optional package: what a file does where it is not installed, or cannot be loaded.
import { testKernel } from "@mofa/kernel/testing";
import { afterEach, expect, test, vi } from "vitest";
import { sqlite } from "../src/index.ts";
import { openSqlite } from "../src/sqlite/index.ts";

afterEach(() => {
  vi.doUnmock("sqlite-vec");
  vi.resetModules();
});

const missing = () => {
  throw new Error("Cannot find package 'sqlite-vec'");
};
const broken = () => ({
  load() {
    throw new Error("no such file: vec0.so");
  },
});

/** What a kernel with such a file says of vectors. */
async function said(): Promise<readonly (readonly string[])[]> {
  await using kernel = await testKernel(sqlite(":memory:"));
  return kernel.logged
    .filter(({ message }) => message.includes("Vectors"))
    .map(({ level, message }) => [level, message]);
}

test("a package that is there is used, and told", async () => {
  expect(await said()).toEqual([["info", 'Vectors of "sqlite" are looked for by sqlite-vec.']]);
});

test("a package that is not there is not missed", async () => {
  vi.doMock("sqlite-vec", missing);
  expect(await said()).toEqual([]);
  using open = await openSqlite(":memory:");
  expect(open.vectorSearch).toEqual({ by: "process" });
});

test("a package that cannot be loaded is done without, and told", async () => {
  vi.doMock("sqlite-vec", broken);
  const [[level, message] = [], ...others] = await said();
  expect([level, others]).toEqual(["warn", []]);
  expect(message).toBe(
    'Vectors of "sqlite" are looked for in this process: sqlite-vec is installed and cannot be loaded: no such file: vec0.so',
  );
});

test.each([
  ["not there", missing, 'the package "sqlite-vec"'],
  ["broken", broken, 'an "sqlite-vec" that can be loaded'],
])("a package that is %s is refused where it is demanded", async (_, mock, what) => {
  vi.doMock("sqlite-vec", mock);
  await expect(openSqlite({ file: ":memory:", vectorSearch: "database" })).rejects.toMatchObject({
    code: "memory.no_vector_search",
    message: expect.stringContaining(what),
  });
});
