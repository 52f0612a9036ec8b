import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the first example of the README does what it says", { timeout: 30_000 }, async () => {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const [, example = ""] =
    /```ts\n(.*?)```/su.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8")) ?? [];
  const flags = ["--conditions=@mofa/source", "--input-type=module-typescript", "--eval", example];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd });
  const ms = / +\d+\.\d ms/gu;
  expect(stdout.replace(ms, "  0.0 ms").split("\n")).toEqual([
    "tool weather",
    "agent ann",
    "{ city: 'Oslo', sky: 'windy' }",
    "weather@1.0.0  active  0.0 ms",
    "├─ tool: weather",
    "└─ agent: ann",
    "",
    "supervisor kernel  one-for-one, at most 3 restarts each within 5000 ms",
    "└─ ann  ready  handled 1",
    "",
  ]);
});
