// Time from starting Node to having the imports, in processes that take turns with one that imports nothing.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Result, type Rounds, sumUp } from "../../measure.ts";
import { run } from "./program.ts";

const KERNEL = ["@mofa/kernel", "@mofa/kernel/host"];
const CORE = ["@mofa/sdk", "@mofa/sdk/llm", "@mofa/sdk/persistence"];

export async function* importCases(kernel: string, core: string, { count }: Rounds): AsyncGenerator<readonly Result[]> {
  const rounds = Math.max(count * 2, 15);
  yield* importing("import @mofa/kernel and its host", kernel, KERNEL, rounds);
  yield* importing("import @mofa/sdk with llm and persistence", core, CORE, rounds);
}

async function* importing(name: string, folder: string, entries: readonly string[], rounds: number) {
  const bare = join(folder, "bare.js");
  const full = join(folder, "full.js");
  await writeFile(bare, "export {};\n");
  await writeFile(full, entries.map((entry) => `import ${JSON.stringify(entry)};\n`).join(""));
  const took = { limit: [] as number[], mofa: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const both = { limit: await time(bare, folder), mofa: await time(full, folder) };
    // The first round warms the file cache.
    if (round < 0) continue;
    took.limit.push(both.limit);
    took.mofa.push(both.mofa);
  }
  const result = (title: string, subject: string, figures: readonly number[], limit?: readonly number[]): Result => {
    return { suite: "size", case: title, subject, unit: "ms", ...sumUp(figures, limit), better: "lower" };
  };
  yield [result(name, "limit", took.limit, took.limit), result(name, "mofa", took.mofa, took.limit)];
  const over = took.mofa.map((milliseconds, round) => milliseconds - (took.limit[round] ?? 0));
  yield [result(`${name}, over bare Node`, "mofa", over)];
}

async function time(program: string, folder: string): Promise<number> {
  const started = performance.now();
  await run(process.execPath, [program], folder);
  return performance.now() - started;
}
