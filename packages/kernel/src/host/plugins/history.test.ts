import { expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { plugin, type Setup, statuses } from "../../../test/plugins.ts";
import { testKernel } from "../../testing/kernel.ts";

const version = (text: string, setup?: Setup) => plugin("p", setup, { version: text });
const broken: Setup = () => Promise.reject(new Error("no port"));

test("two rollbacks go back two versions, and further than the first there is nothing", async () => {
  await using kernel = await testKernel(version("1.0.0"));
  for (const text of ["2.0.0", "3.0.0"]) await kernel.replace(version(text));
  const seen = [(await kernel.rollback("p")).version, (await kernel.rollback("p")).version];
  expect([seen, await caught(kernel.rollback("p"))]).toMatchObject([
    ["2.0.0", "1.0.0"],
    { code: "plugin.no_previous" },
  ]);
});

test("the history says what came, what went and what failed, and when", async () => {
  await using kernel = await testKernel(version("1.0.0"));
  const start = kernel.clock.now();
  await kernel.clock.advance(10);
  await kernel.replace(version("2.0.0"));
  await kernel.clock.advance(10);
  await caught(kernel.replace(version("3.0.0", broken)));
  await kernel.clock.advance(10);
  await kernel.rollback("p");
  expect(kernel.history("p").map(({ version, at, status, reason }) => [version, at - start, status, reason])).toEqual([
    ["1.0.0", 0, "replaced", undefined],
    ["2.0.0", 10, "rolled back", undefined],
    ["3.0.0", 20, "failed", 'The plugin "p" (3.0.0) could not be set up: no port'],
    ["1.0.0", 30, "active", undefined],
  ]);
  expect(() => kernel.history("q")).toThrow(expect.objectContaining({ code: "plugin.unknown" }));
});

test("a rollback that fails leaves the version and the way back as they were", async () => {
  await using kernel = await testKernel();
  let fails = false;
  await kernel.plug(version("1.0.0", () => (fails ? broken(undefined as never) : undefined)));
  await kernel.replace(version("2.0.0"));
  fails = true;
  expect(await caught(kernel.rollback("p"))).toMatchObject({ code: "plugin.setup_failed" });
  const seen = statuses(kernel);
  fails = false;
  await kernel.rollback("p");
  expect([seen, statuses(kernel)]).toEqual([["p 2.0.0 active"], ["p 1.0.0 active"]]);
});

test("history and the way back are bounded, and end with the plugin", async () => {
  await using kernel = await testKernel(version("0.0.0"));
  for (let minor = 1; minor <= 30; minor++) await kernel.replace(version(`0.${minor}.0`));
  const back: string[] = [];
  for (;;) {
    const info = await caught(kernel.rollback("p"));
    if (!(info instanceof Error)) back.push((info as { version: string }).version);
    else break;
  }
  expect([kernel.history("p").length, back.length, back.at(-1)]).toEqual([20, 20, "0.10.0"]);
  await kernel.unplug("p");
  await kernel.plug(version("1.0.0"));
  expect(kernel.history("p").map(({ version, status }) => [version, status])).toEqual([["1.0.0", "active"]]);
});
