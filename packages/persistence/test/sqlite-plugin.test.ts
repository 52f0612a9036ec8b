import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { sqlite } from "../src/index.ts";
import { temporaryFolder } from "./folder.ts";

test("the plugin brings the four kinds and the store tools, and takes them back", async () => {
  using folder = temporaryFolder();
  await using kernel = await testKernel(sqlite(folder.at("mofa.db")));
  const names = (["store", "session", "journal", "memory"] as const).map((kind) => kernel.find(kind)?.name);
  expect(names).toEqual(["sqlite", "sqlite", "sqlite", "sqlite"]);
  await kernel.unplug("sqlite");
  expect([kernel.find("store")?.name, kernel.find("tool", "store.get")]).toEqual(["memory", undefined]);
});

test("the tools read, write and list documents", async () => {
  using folder = temporaryFolder();
  await using kernel = await testKernel(sqlite({ file: folder.at("mofa.db"), durability: "relaxed" }));
  const call = (name: string, input: object) => kernel.invoke(kernel.get("tool", name), input);
  expect(await call("store.get", { id: "orders/1" })).toBeNull();
  expect(await call("store.put", { id: "orders/1", body: { total: 7 } })).toEqual({ id: "orders/1", version: 1 });
  expect(await call("store.put", { id: "orders/2", body: null })).toEqual({ id: "orders/2", version: 1 });
  expect(await call("store.get", { id: "orders/1" })).toEqual({ total: 7 });
  const all = [
    { id: "orders/1", body: { total: 7 } },
    { id: "orders/2", body: null },
  ];
  expect(await call("store.list", { prefix: "orders/" })).toEqual(all);
  expect(await call("store.list", { limit: 1 })).toEqual(all.slice(0, 1));
  await expect(call("store.put", { id: "x" })).rejects.toMatchObject({ code: "input.invalid" });
});

test("wrong options are refused before a file is touched", async () => {
  const loud = { file: "x.db", durability: "loud" } as unknown as { file: string };
  await expect(testKernel(sqlite(loud))).rejects.toThrow(/durability/);
});
