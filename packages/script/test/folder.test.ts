import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@mofa/kernel";
import { type TestKernel, testKernel } from "@mofa/kernel/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { script } from "../src/index.ts";

type Changed = Extract<Event, { type: "file.changed" }>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mofa-script-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const answering = (answer: string, more = "") =>
  `export const description = "Answers."; ${more} export const run = () => ${JSON.stringify(answer)};`;
const save = (file: string, text: string) => writeFile(join(folder, file), text);
const open = () => testKernel(script({ folders: { tools: folder } }));
const ask = (kernel: TestKernel, tool = "greet") => kernel.invoke(kernel.get("tool", tool), {});

/** Does something, and waits until the folder tells of a file with this status. */
async function seen(kernel: TestKernel, status: string, act: () => Promise<unknown>): Promise<Changed> {
  const { promise, resolve } = Promise.withResolvers<Changed>();
  const unwatch = kernel.watch({ type: "file.changed" }, (event) => {
    if (event.type === "file.changed" && event.status === status) resolve(event);
  });
  await act();
  return promise.finally(unwatch);
}

test("each file is a tool, with the name, schema, effect and timeout it exports", async () => {
  const input =
    '{ type: "object", properties: { order: { type: "string", pattern: "^[A-Z]-\\\\d{4}$" } }, required: ["order"], additionalProperties: false }';
  await save(
    "find.js",
    `export const description = "Finds an order."; export const input = ${input}; export const effect = "idempotent"; export const timeout = 900;
    export const uses = ["tool:store.get"]; export async function run({ order }, host) { return await host.invoke("tool:store.get", { id: \`orders/\${order}\` }) }`,
  );
  await save("other.js", answering("hi", 'export const name = "talk.greet";'));
  await save("notes.txt", "no script");
  await using kernel = await open();
  kernel.provide("tool", { kind: "tool", name: "store.get", run: ({ id }: { id: string }) => ({ id, total: 5 }) });
  const find = kernel.get("tool", "find");
  expect(find).toMatchObject({ description: "Finds an order.", effect: "idempotent", timeout: 900 });
  expect(await kernel.invoke(find, { order: "A-1001" })).toEqual({ id: "orders/A-1001", total: 5 });
  await expect(kernel.invoke(find, { order: "1001" })).rejects.toMatchObject({ code: "input.invalid" });
  expect(await ask(kernel, "talk.greet")).toBe("hi");
});

test("an edit, a new file and a removal take effect at once", async () => {
  await save("greet.js", answering("one"));
  await using kernel = await open();
  expect(await ask(kernel)).toBe("one");
  await seen(kernel, "loaded", () => save("greet.js", answering("two")));
  expect(await ask(kernel)).toBe("two");
  await seen(kernel, "loaded", () => save("part.js", answering("new")));
  expect(await ask(kernel, "part")).toBe("new");
  const removed = await seen(kernel, "removed", () => rm(join(folder, "greet.js")));
  expect(removed.path).toBe(join(folder, "greet.js"));
  expect(kernel.find("tool", "greet")).toBeUndefined();
});

test("a version that cannot be used leaves the one before it, and says where it is wrong", async () => {
  await save("greet.js", answering("good"));
  await using kernel = await open();
  const reasons: unknown[] = [];
  const bad = [
    "export const run = () => 1;\nexport const x = ;",
    answering("x", 'export const input = { type: "object", propertys: {} };'),
    answering("x", "export const uses = [1];"),
    answering("x", 'export const input = { type: "object", properties: { a: { pattern: "^(a+)+$" } } };'),
    "export const other = () => 1;",
  ];
  for (const text of bad) reasons.push((await seen(kernel, "failed", () => save("greet.js", text))).reason);
  expect(reasons).toEqual([
    expect.stringContaining('"greet.js" (line 2, column 18)'),
    expect.stringContaining('"propertys"'),
    expect.stringContaining("uses[0]"),
    expect.stringContaining("a pattern in its schemas takes too long"),
    expect.stringContaining('no function "run"'),
  ]);
  expect(kernel.logged.filter(({ level }) => level === "error")).toHaveLength(5);
  expect(await ask(kernel)).toBe("good");
  await seen(kernel, "loaded", () => save("greet.js", answering("better")));
  expect(await ask(kernel)).toBe("better");
});

test("an editor's save by renaming, and the folder's own replacement, are followed", async () => {
  await save("greet.js", answering("one"));
  await using kernel = await open();
  await seen(kernel, "loaded", async () => {
    await save(".greet.js.swp", answering("two"));
    await rename(join(folder, ".greet.js.swp"), join(folder, "greet.js"));
  });
  expect(await ask(kernel)).toBe("two");
  await seen(kernel, "removed", () => rm(folder, { recursive: true }));
  await seen(kernel, "loaded", async () => {
    await mkdir(folder);
    await save("greet.js", answering("three"));
  });
  expect(await ask(kernel)).toBe("three");
  const beside = await mkdtemp(join(tmpdir(), "mofa-script-"));
  await writeFile(join(beside, "greet.js"), answering("four"));
  await seen(kernel, "loaded", async () => {
    await rename(folder, `${beside}-old`);
    await rename(beside, folder);
  });
  expect(await ask(kernel)).toBe("four");
  await seen(kernel, "loaded", () => save("greet.js", answering("five")));
  expect(await ask(kernel)).toBe("five");
  await rm(`${beside}-old`, { recursive: true });
});

test("scripts are versioned by their source, and pure when they use nothing", async () => {
  await save("tone.js", answering("calm"));
  await save("act.js", answering("done", 'export const uses = ["tool:a"];'));
  await using kernel = await testKernel(script({ folders: { scripts: folder } }));
  const tone = kernel.get("script", "tone");
  expect(tone).toMatchObject({ kind: "script", effect: "none", version: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(kernel.get("script", "act").effect).toBeUndefined();
  await seen(kernel, "loaded", () => save("tone.js", answering("loud")));
  expect(kernel.get("script", "tone").version).not.toBe(tone.version);
  expect(await kernel.invoke(tone, {})).toBe("calm");
});

test("a folder may bound what its scripts use", async () => {
  await save("greet.js", answering("x", 'export const uses = ["tool:store.get", "tool:pay"];'));
  await using kernel = await testKernel(script({ folders: { tools: folder }, allow: ["tool:store.*"] }));
  expect(kernel.find("tool", "greet")).toBeUndefined();
  expect(kernel.logged.map(({ data }) => data?.["reason"])).toContainEqual(
    expect.stringContaining('wants to use "tool:pay"'),
  );
});

test("a folder that is not there is said by name", async () => {
  const opening = testKernel(script({ folders: { tools: join(folder, "none") } }));
  await expect(opening).rejects.toMatchObject({ cause: { code: "script.no_folder" } });
});
