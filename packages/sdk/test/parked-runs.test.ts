// Very many runs that only wait, in a file, and a process that wakes them without having begun any. MOFA_PARKED_RUNS
// says how many, MOFA_PARKED_IDLE_MS how long it is watched how little they cost; the figures are printed, not judged.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Parked, Woken } from "./parked-runs.ts";

const RUNS = Number(process.env["MOFA_PARKED_RUNS"] ?? 2000);
// A process that comes to no end is ended.
const PATIENCE_MS = 30_000 + RUNS * 5;
// Those of the engine itself.
const FEW = 20;
const IDLE_MS = Number(process.env["MOFA_PARKED_IDLE_MS"] ?? 500);

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "mofa-parked-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function live<T>(mode: "park" | "wake", folder: string): Promise<T> {
  const program = join(import.meta.dirname, "parked-runs.ts");
  const given = [program, mode, join(folder, "mofa.db"), String(RUNS), String(IDLE_MS)];
  const args = ["--expose-gc", "--conditions=@mofa/source", ...given];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: PATIENCE_MS });
  process.stdout.write(`${mode} ${RUNS}: ${stdout}`);
  return JSON.parse(stdout) as T;
}

test(
  `${RUNS} runs parked in a file hold no owner and no timer, and a process that began none of them wakes each once`,
  async () => {
    await using folder = await temporary();
    const parked = await live<Parked>("park", folder.path);
    expect(parked).toMatchObject({ waiting: RUNS, owned: 0 });
    expect(parked.idle.timers).toBeLessThan(FEW);
    const woken = await live<Woken>("wake", folder.path);
    expect(woken).toMatchObject({ before: { waiting: RUNS, owned: 0 } });
    expect(woken.idle.timers).toBeLessThan(FEW);
    expect(woken).toMatchObject({ done: RUNS, ran: RUNS, twice: 0, owned: 0, listened: 0 });
  },
  2 * PATIENCE_MS + 10_000,
);
