import type { JsonObject, Script } from "@mofa/kernel";
import { type TestKernel, testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { namedScript, script } from "../src/index.ts";

async function open(): Promise<TestKernel> {
  const kernel = await testKernel(script());
  const sandbox = kernel.get("sandbox", "isolated");
  const provide = (name: string, text: string, exports: JsonObject = {}) =>
    kernel.provide(
      "script",
      namedScript(sandbox, { name: `${name}.js`, text }, exports as Record<string, never>) satisfies Script,
    );
  provide("large", "export const run = ({ total }) => total > 50;");
  provide("text", "export const run = () => 'yes';");
  provide("act", "export const run = (input, host) => host.invoke('tool:double', input);", { uses: ["tool:double"] });
  kernel.provide("tool", { kind: "tool", name: "double", run: (input: number) => input * 2 });
  return kernel;
}

const run = (kernel: TestKernel, node: string, given: unknown) =>
  kernel.invoke(kernel.get("node", `script.${node}`), given);

test("a condition ends as yes or no, and gives its value", async () => {
  await using kernel = await open();
  const source = 'input.total > 50 && input.priority !== "low"';
  expect(await run(kernel, "condition", { source, input: { total: 60, priority: "high" } })).toEqual({
    outcome: "yes",
    output: { value: true },
  });
  expect(await run(kernel, "condition", { source, input: { total: 60, priority: "low" } })).toEqual({
    outcome: "no",
    output: { value: false },
  });
  expect(await run(kernel, "condition", { script: "large", input: { total: 51 } })).toMatchObject({ outcome: "yes" });
  await expect(run(kernel, "condition", { source: "input.total", input: { total: 1 } })).rejects.toMatchObject({
    code: "script.not_boolean",
  });
  await expect(run(kernel, "condition", { script: "text" })).rejects.toMatchObject({
    code: "script.not_boolean",
    data: { got: '"yes"' },
  });
});

test("a task may use its host, and ends as done with its result", async () => {
  await using kernel = await open();
  expect(await run(kernel, "task", { script: "act", input: 4 })).toEqual({ outcome: "done", output: 8 });
  const given = { source: "(await host.invoke('tool:double', input)) + 1 // odd", input: 4, uses: ["tool:double"] };
  expect(await run(kernel, "task", given)).toEqual({ outcome: "done", output: 9 });
  await expect(run(kernel, "task", { ...given, uses: [] })).rejects.toMatchObject({
    code: "script.threw",
    cause: { code: "script.not_granted" },
  });
});

test("a transform is pure: it computes, and takes no script that has a host", async () => {
  await using kernel = await open();
  expect(kernel.get("node", "script.transform").effect).toBe("none");
  expect(await run(kernel, "transform", { source: "({ lines: input.map((n) => n * 2) })", input: [1, 2] })).toEqual({
    outcome: "done",
    output: { lines: [2, 4] },
  });
  await expect(run(kernel, "transform", { script: "act", input: 1 })).rejects.toMatchObject({
    code: "script.not_pure",
  });
  await expect(run(kernel, "transform", { source: "host.now()" })).rejects.toMatchObject({ code: "script.threw" });
  await expect(run(kernel, "transform", { source: "() => 1" })).rejects.toMatchObject({ code: "script.bad_output" });
});

test("a node needs exactly one of script and source, and says where an expression is wrong", async () => {
  await using kernel = await open();
  await expect(run(kernel, "task", { input: 1 })).rejects.toMatchObject({ code: "script.one_source" });
  await expect(run(kernel, "condition", { script: "large", source: "true" })).rejects.toMatchObject({
    code: "script.one_source",
  });
  await expect(run(kernel, "condition", { script: "lage" })).rejects.toMatchObject({ code: "registry.not_found" });
  await expect(run(kernel, "condition", { source: "input.total >" })).rejects.toMatchObject({ code: "script.syntax" });
  await expect(run(kernel, "condition", { source: "true", uses: ["tool:double"] })).rejects.toMatchObject({
    code: "input.invalid",
  });
});
