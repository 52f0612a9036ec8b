import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("an idle agent costs less than 400 bytes, and many messages pass through many agents", {
  timeout: 120_000,
}, async () => {
  const script = fileURLToPath(new URL("idle-agents.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, "100000", "200000"]);
  const { bytes, ready, handled, dead } = JSON.parse(stdout) as Record<string, number>;
  expect({ ready, handled, dead }).toEqual({ ready: 100_000, handled: 200_000, dead: 0 });
  expect(bytes).toBeLessThan(400);
});
