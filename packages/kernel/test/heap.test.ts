import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("a hundred thousand calls leave less than two megabytes behind", { timeout: 60_000 }, async () => {
  const script = fileURLToPath(new URL("heap-growth.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script]);
  const { grown, counts } = JSON.parse(stdout) as { grown: number; counts: unknown };
  expect(counts).toEqual({ calls: 0, watchers: 0 });
  expect(grown).toBeLessThan(2 * 1024 * 1024);
});
