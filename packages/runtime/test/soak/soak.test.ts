import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const { MOFA_SOAK_SECONDS = "20" } = process.env;

test("under everything at once nothing is lost, the heap stays flat and nothing is left", {
  timeout: (Number(MOFA_SOAK_SECONDS) + 60) * 1000,
}, async () => {
  const script = fileURLToPath(new URL("main.ts", import.meta.url));
  const flags = ["--expose-gc", "--conditions=@mofa/source"];
  const env = { ...process.env, MOFA_SOAK_SECONDS };
  const run = promisify(execFile)(process.execPath, [...flags, script], { env });
  const { stdout } = await run.catch((error: { readonly stdout?: string }) => ({
    stdout: `${error.stdout}\n${error}`,
  }));
  expect(stdout).toContain("nothing lost, nothing left");
});
