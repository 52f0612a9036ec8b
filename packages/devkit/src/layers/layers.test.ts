import { expect, test } from "vitest";
import { findCycles } from "./cycles.ts";
import { checkFile } from "./file.ts";
import { checkManifest } from "./manifest.ts";
import { readSource } from "./source.ts";

const check = (path: string, text: string) =>
  checkFile({ folder: path.split("/").slice(0, 2).join("/"), path }, readSource(path, text));

test("a feature may import the kernel and nothing else of ours", () => {
  const text = `import { a } from "@mofa/kernel";\nimport { b } from "@mofa/kernel/host";\nimport { c } from "@mofa/agents";\n`;
  expect(check("packages/workflow/src/engine.ts", text)).toEqual([
    "packages/workflow/src/engine.ts:2 may not import @mofa/kernel/host.",
    "packages/workflow/src/engine.ts:3 may not import @mofa/agents.",
  ]);
});

test("a test may use the kernel's fakes and its own package by name, but no other feature", () => {
  const text = `import "@mofa/kernel/testing";\nimport "@mofa/workflow";\nimport "@mofa/agents";\n`;
  expect(check("packages/workflow/test/run.test.ts", text)).toEqual([
    "packages/workflow/test/run.test.ts:3 may not import @mofa/agents, not even in a test.",
  ]);
});

test("nothing leaves its package by a relative path", () => {
  expect(check("packages/agents/src/loop.ts", `import { a } from "../../kernel/src/scope.ts";\n`)).toEqual([
    `packages/agents/src/loop.ts:1 leaves its package by "../../kernel/src/scope.ts".`,
  ]);
});

test("bare errors, console and default exports are refused in what is published", () => {
  const text = `export default function a() {\n  console.log(1);\n  throw new Error("x");\n}\n`;
  expect(check("packages/script/src/a.ts", text)).toEqual([
    "packages/script/src/a.ts:1 has a default export: export it by name.",
    "packages/script/src/a.ts:2 uses console: use ctx.log or call.log.",
    "packages/script/src/a.ts:3 throws a bare Error: throw one of the package's table of errors.",
  ]);
  expect(check("packages/script/src/a.test.ts", text)).toEqual([]);
});

test("a file of more than 400 lines is refused", () => {
  expect(check("packages/script/src/a.ts", "\n".repeat(400))).toEqual([]);
  expect(check("packages/script/src/a.ts", "\n".repeat(401))).toEqual([
    "packages/script/src/a.ts has 401 lines: split it, 400 are the most.",
  ]);
});

test("types and imports at run time do not make a cycle, imports on loading do", () => {
  const text = `import type { A } from "./a.ts";\nimport { b } from "./b.ts";\nconst c = () => import("./c.ts");\n`;
  const { imports } = readSource("x.ts", text);
  expect(imports.filter(({ typeOnly }) => !typeOnly).map(({ from }) => from)).toEqual(["./b.ts"]);
});

test("a cycle is told by the files it runs through", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b", "d"]],
  ]);
  expect(findCycles(graph)).toEqual([["b", "c"]]);
});

test("a feature that depends on a feature is refused", () => {
  const manifest = {
    name: "@mofa/gateway",
    version: "1.0.0",
    dependencies: { "@mofa/kernel": "1", "@mofa/agents": "1" },
  };
  expect(checkManifest({ folder: "packages/gateway", manifest })).toEqual([
    "packages/gateway/package.json: may not depend on @mofa/agents.",
  ]);
});

test("the facade has features as optional peers only", () => {
  const manifest = { name: "@mofa/sdk", version: "1.0.0", peerDependencies: { "@mofa/workflow": "1" } };
  expect(checkManifest({ folder: "packages/sdk", manifest })).toEqual([
    "packages/sdk/package.json: the peer @mofa/workflow must be optional.",
  ]);
});
