// What 100,000 finished calls leave behind, in a process of its own: nothing, or it leaks.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Result } from "../../measure.ts";

const RUNS = 3;

export async function measureMemory(): Promise<readonly Result[]> {
  const program = fileURLToPath(new URL("memory.ts", import.meta.url));
  const kept: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--expose-gc",
      "--conditions=@mofa/source",
      program,
    ]);
    kept.push(Number(stdout));
  }
  const sorted = kept.toSorted((left, right) => left - right);
  const [min = Number.NaN, median = Number.NaN, max = Number.NaN] = sorted;
  const case_ = "heap kept after 100,000 invokes, for each";
  return [
    { suite: "invoke", case: case_, subject: "mofa", unit: "bytes", median, min, max, ratio: null, better: "lower" },
  ];
}
