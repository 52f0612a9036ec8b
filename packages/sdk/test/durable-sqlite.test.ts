import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openKernel, order } from "./durable-order.ts";

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "mofa-runs-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function ran(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, "ran.txt"), "utf8").catch(() => "");
  return text.trim().split("\n");
}

test("a killed process loses nothing: the next one goes on at once, and repeats only what was in flight", async () => {
  await using folder = await temporary();
  const program = join(import.meta.dirname, "durable-order.ts");
  const child = spawn(process.execPath, ["--conditions=@mofa/source", program, folder.path], { stdio: "inherit" });
  const exit = once(child, "exit");
  await expect.poll(() => ran(folder.path), { timeout: 60_000 }).toHaveLength(3);
  child.kill("SIGKILL");
  await exit;

  await using kernel = await openKernel(folder.path);
  const run = kernel.get("engine", "runs").open("r");
  // The lease of the dead process lasts for an hour.
  expect(await run.result()).toEqual([10, 20, 30, 40]);
  expect((await ran(folder.path)).toSorted()).toEqual(["1", "2", "3", "3", "4"]);
  expect(await run.record()).toMatchObject({ status: "done", epoch: 2, takeovers: 1 });
}, 120_000);

test("many runs at a time are kept in one file, each step once", async () => {
  await using folder = await temporary();
  await using kernel = await openKernel(folder.path);
  const engine = kernel.get("engine", "runs");
  const runs = await Promise.all(Array.from({ length: 100 }, () => engine.start(order, {})));
  const outputs = await Promise.all(runs.map((run) => run.result()));
  expect(outputs).toEqual(runs.map(() => [10, 20, 30, 40]));
  expect(await ran(folder.path)).toHaveLength(400);
});
