import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...README.matchAll(/```ts\n(.*?)```/gsu)].map(([, code = ""]) => code);
const [first = ""] = examples;
const flow = examples.find((code) => code.includes("race(call")) ?? "";

async function run(code: string): Promise<string> {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const flags = ["--conditions=@mofa/source", "--input-type=module-typescript", "--eval", code];
  return (await promisify(execFile)(process.execPath, flags, { cwd })).stdout;
}

const LIMIT = { timeout: 30_000 };

test("the first example does what it says", LIMIT, async () => {
  expect(await run(first)).toBe("{ text: 'Hello Ann', send: 'yes' }\n");
});

test("the flow in code runs as a run, in at most twelve lines", LIMIT, async () => {
  expect(
    /defineAction.*/su
      .exec(flow.slice(flow.indexOf("export")))?.[0]
      .trim()
      .split("\n").length,
  ).toBeLessThan(13);
  const around = `
    import { defineTool } from "@mofa/kernel";
    import { createKernel, inMemory } from "@mofa/kernel/host";
    import { workflow } from "@mofa/workflow";
    await using kernel = await createKernel({ plugins: [inMemory(), workflow()] });
    const tool = (name, run) => kernel.provide("tool", defineTool({ name, input: { type: "object" }, run }));
    tool("forecast", ({ city }) => (city === "Bergen" ? "rain" : "clear"));
    tool("fare", () => 12);
    tool("train", ({ city }) => "train to " + city);
    tool("bus", (_, call) => call.sleep(60_000));
    kernel.provide("workflow", trip);
    for (const city of ["Oslo", "Bergen"])
      console.log(JSON.stringify(await (await kernel.get("engine", "runs").start(trip, { city })).result()));`;
  expect(await run(flow + around)).toBe('{"goes":"train to Oslo","by":"fast"}\n{"stays":"home","fare":12}\n');
});
