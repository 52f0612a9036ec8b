import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { compileModule } from "./compile.ts";
import { readHotModules } from "./hot-modules.ts";

const load = (files: Readonly<Record<string, string>>, shared = {}) =>
  readHotModules("main.ts", { folder: "/hot", text: (path) => files[path], shared }).evaluate();

const all = async (files: Readonly<Record<string, string>>) => ({ ...(await load(files)) });

describe("what a module exports", () => {
  test.each([
    ["constants", "export const a = 1, b = [2, 3].length, c = { d: 1, e: 2 };", { a: 1, b: 2, c: { d: 1, e: 2 } }],
    [
      "constants without semicolons",
      "export const a = 1\nconst x = 2, y = 3\nexport const b = x\n  , c = y",
      { a: 1, b: 2, c: 3 },
    ],
    [
      "a list of names",
      "const a = 1; const b = 2\nexport { a, b as 'the b', a as default }",
      { a: 1, "the b": 2, default: 1 },
    ],
    ["a default value", "export default { a: 1 }\nexport const b = 2", { default: { a: 1 }, b: 2 }],
    [
      "types that are gone",
      "export type A = string;\nexport interface B { a: A }\nexport const a: A = 'x' satisfies A",
      { a: "x" },
    ],
    [
      "after a comment with export in it",
      "/* export const no = 1 */ // export default 2\nexport const a = 1",
      { a: 1 },
    ],
    [
      "beside texts, templates and expressions with export in them",
      "const s = 'export const no = 1'; const t = `${`export ${1}`} export {}`; const r = /export \\/ [/]\\{/u.test('x') \nexport const a = s.length / t.length / 1 > 0, b = r",
      { a: true, b: false },
    ],
    [
      "properties called import and export",
      "const o = { import: 1, export: 2, f: { import(x: number) { return x } } };\nexport const a = o.import + o.export + o.f.import(3)",
      { a: 6 },
    ],
    ["what was awaited at the top", "export const a = await Promise.resolve(4)", { a: 4 }],
    ["behind a first line for the shell", "#!/usr/bin/env node\nexport const a = 1", { a: 1 }],
  ])("%s", async (_name, source, expected) => {
    expect(await all({ "main.ts": source })).toEqual(expected);
  });

  test.each([
    ["a function", "export default function () { return 7 }\n;[1].map(String)"],
    ["a named function", "export default function seven() { return 7 }\n(seven)"],
    ["an async arrow", "export default async () => 7"],
    ["a class", "export default class { static call() { return 7 } }"],
    ["a generator", "export default function* () { yield 7 }"],
  ])("%s by default", async (_name, source) => {
    const made = (await load({ "main.ts": source }))["default"] as (() => unknown) & { call(): unknown };
    const got = source.includes("class") ? made.call() : await made();
    expect(typeof got === "object" ? [...(got as Iterable<unknown>)] : [got]).toEqual([7]);
  });

  test("a function before the line that declares it", async () => {
    const { a } = await load({ "main.ts": "const b = f();\nexport function f() { return 3 }\nexport const a = b;" });
    expect(a).toBe(3);
  });
});

describe("what a module imports", () => {
  test("files of its own, of each kind of import, each evaluated once", async () => {
    const files = {
      "main.ts": `
        import one, { two as zwei, type Three } from "./lib/one.ts";
        import * as other from './lib/other.js';
        import data from "./data.json" with { type: "json" };
        import "./effect.ts";
        export * from "./lib/one.ts";
        export * as whole from "./lib/one.ts";
        export { two as second } from "./lib/one.ts";
        export const sum: number = one + zwei + other.two + data.n;`,
      "lib/one.ts":
        "export type Three = 3; globalThis.hotEvaluated = (globalThis.hotEvaluated ?? 0) + 1; export default 1; export const two = 2;",
      "lib/other.ts": 'export { two } from "./one.ts";',
      "data.json": '{ "n": 10 }',
      "effect.ts": "globalThis.hotEvaluated += 100;",
    };
    const space = globalThis as { hotEvaluated?: number | undefined };
    space.hotEvaluated = 0;
    const { sum, second, two, whole } = await load(files);
    expect([sum, second, two, (whole as { default: number }).default, space.hotEvaluated]).toEqual([15, 2, 2, 1, 101]);
    delete space.hotEvaluated;
  });

  test("what was handed in, what Node has, and what is installed near it", async () => {
    const kernel = { fail: () => "shared" };
    const folder = fileURLToPath(new URL(".", import.meta.url));
    const text = () =>
      'import { fail } from "@mofa/kernel"; import { join } from "node:path"; import path from "path"; import { z } from "zod"; export const got = [fail(), join("a", "b"), path.sep, typeof z.string]';
    const { got } = await readHotModules("main.ts", { folder, text, shared: { "@mofa/kernel": kernel } }).evaluate();
    expect(got).toEqual(["shared", "a/b", "/", "function"]);
  });

  test("a file later, if it is written out, and knows where it is", async () => {
    const main = 'export const later = async () => (await import("./b.ts")).b; export const at = import.meta.filename;';
    const hot = readHotModules("main.ts", {
      folder: "/hot",
      text: (path) => ({ "main.ts": main, "b.ts": "export const b = 5" })[path],
    });
    expect(hot.files).toEqual(["main.ts", "b.ts"]);
    const { later, at } = await hot.evaluate();
    expect([await (later as () => Promise<number>)(), at]).toEqual([5, "/hot/main.ts"]);
  });

  test("an imported name cannot be written", async () => {
    const files = { "main.ts": 'import { a } from "./a.ts";\na = 2;', "a.ts": "export const a = 1" };
    await expect(load(files)).rejects.toMatchObject({
      code: "module.threw",
      message: expect.stringContaining("constant"),
    });
  });
});

describe("what is refused", () => {
  test.each([
    ["a syntax error in its place", { "main.ts": "const a = 1;\nconst b = ;" }, "module.syntax", "/hot/main.ts:2:11: "],
    [
      "a syntax error in the first line",
      { "main.ts": 'import "node:fs"; let a = 1; let a = 2;' },
      "module.syntax",
      "/hot/main.ts:1:34: ",
    ],
    ["a type error in its place", { "main.ts": "const a = 1;\nlet b: = 2" }, "module.syntax", "/hot/main.ts:2:8: "],
    ["syntax that is more than types", { "main.ts": "\nenum A { b }" }, "module.syntax", "/hot/main.ts:2:1: "],
    ["an export that changes", { "main.ts": "\n  export let a = 1" }, "module.syntax", "/hot/main.ts:2:3: "],
    ["an export taken apart", { "main.ts": "export const { a } = {}" }, "module.syntax", "/hot/main.ts:1:14: "],
    [
      "an import that is no declaration",
      { "main.ts": "function f() { import a from './a.ts' }" },
      "module.syntax",
      "/hot/main.ts:1:16: ",
    ],
    ["half a file", { "main.ts": "\nexport const plugin = {\n" }, "module.syntax", "/hot/main.ts:2:24: "],
    [
      "a circle",
      { "main.ts": 'import "./a.ts"', "a.ts": 'import "./b.ts"', "b.ts": 'import "./a.ts"' },
      "module.cycle",
      "a.ts → b.ts → a.ts",
    ],
    [
      "a name that is not exported",
      { "main.ts": 'import { helo } from "./a.ts"', "a.ts": "export const hello = 1" },
      "module.no_export",
      'Did you mean "hello"?',
    ],
    ["a file without its ending", { "main.ts": 'import "./a"', "a.ts": "" }, "module.not_found", 'Write "./a.ts".'],
    ["a file that is not there", { "main.ts": 'import "./a.ts"' }, "module.not_found", 'imports "./a.ts"'],
    [
      "a package that is not there",
      { "main.ts": 'import "no-such-package"' },
      "module.not_found",
      'imports "no-such-package"',
    ],
    ["a way out of the folder", { "main.ts": 'import "../etc/a.ts"' }, "module.import_refused", "../etc/a.ts"],
    [
      "a way out and back in",
      { "main.ts": 'import "./x/../../hot/a.ts"', "a.ts": "" },
      "module.import_refused",
      "../../hot",
    ],
    ["an absolute path", { "main.ts": 'import "/etc/a.ts"' }, "module.import_refused", "/etc/a.ts"],
    ["an address", { "main.ts": 'import "data:text/javascript,1"' }, "module.import_refused", "data:"],
    ["a file address in import()", { "main.ts": 'await import("fi" + "le:///a.js")' }, "module.threw", "file:///a.js"],
    [
      "a file that is not written out",
      { "main.ts": 'await import("./a" + ".ts")', "a.ts": "" },
      "module.threw",
      "Write it out",
    ],
    [
      "broken JSON in its place",
      { "main.ts": 'import a from "./a.json"', "a.json": '{\n "a": }' },
      "module.syntax",
      "/hot/a.json:2:7: ",
    ],
  ])("%s", async (_name, files, code, said) => {
    const given = async () => load(files as Readonly<Record<string, string>>);
    await expect(given()).rejects.toMatchObject({ code, message: expect.stringContaining(said) });
  });
});

test("a stack names the file, line and column as they are written", async () => {
  const source =
    "import { join } from 'node:path';\n\nexport function f(a: string): never {\n  throw new Error(join(a));\n}\n";
  const { f } = await load({ "main.ts": source });
  const thrown = (() => {
    try {
      return (f as (a: string) => unknown)("x");
    } catch (error) {
      return error;
    }
  })();
  expect((thrown as Error).stack).toContain("/hot/main.ts:4:9");
});

test("every module of this repository compiles, and exports what it declares", { timeout: 60_000 }, () => {
  const packages = fileURLToPath(new URL("../../../", import.meta.url));
  const files = readdirSync(packages, { recursive: true, encoding: "utf8" }).filter(
    (file) => /^\w[\w-]*\/src\/.*\.ts$/u.test(file) && !/\.d\.ts$|-d\.ts$/u.test(file),
  );
  expect(files.length).toBeGreaterThan(200);
  for (const file of files) {
    const source = readFileSync(join(packages, file), "utf8");
    const { declarations } = compileModule(join(packages, file), source);
    const text = stripTypeScriptTypes(source).replaceAll(/`(?:[^`\\]|\\[\s\S])*`/gu, "``");
    const named = [...text.matchAll(/^export (?:async )?(?:const|function\*?|class) ([\w$]+)/gmu)].map(
      ([, name]) => name,
    );
    const names = declarations.exports.map(({ name }) => name);
    expect([file, ...named.filter((name) => !names.includes(name as string))]).toEqual([file]);
    const sources = [...text.matchAll(/^(?:import|export)\s(?:[^;"'()=]*?\sfrom\s+)?["']([^"']+)["'];/gmu)].map(
      ([, from]) => from,
    );
    const told = declarations.sources.map(({ specifier }) => specifier);
    expect([file, ...sources.filter((from) => !told.includes(from as string))]).toEqual([file]);
  }
});

test("big published modules compile", { timeout: 60_000 }, () => {
  const folder = fileURLToPath(new URL("../../node_modules/zod/v4/", import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
  expect(files.length).toBeGreaterThan(50);
  const refused = files.filter((file) => {
    try {
      compileModule(join(folder, file), readFileSync(join(folder, file), "utf8"));
      return false;
    } catch (error) {
      return !String(error).includes("is refused");
    }
  });
  expect(refused).toEqual([]);
});

test("two hundred versions of a megabyte each leave the heap as it was", { timeout: 60_000 }, async () => {
  const script = fileURLToPath(new URL("../../test/swap-heap.ts", import.meta.url));
  const flags = ["--expose-gc", "--conditions=@mofa/source", "--disable-warning=ExperimentalWarning"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script]);
  const { version, grown } = JSON.parse(stdout) as { version: string; grown: number };
  expect(version).toBe("1.0.200");
  expect(grown).toBeLessThan(5 * 1024 * 1024);
});
