import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const FIRST = Number(process.env["MOFA_SIMULATION_FIRST"] ?? 1);
const SEEDS = Number(process.env["MOFA_SIMULATION_SEEDS"] ?? 1000);

test(`${SEEDS} worlds of three processes that die, stand still and lose answers all end right`, async () => {
  const all = { runs: 0, deaths: 0, takeovers: 0, begunTwice: 0, inDoubt: 0 };
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const { wrong, ...seen } = await simulate(seed);
    if (wrong.length > 0) expect.fail(`seed ${seed}: ${wrong.slice(0, 5).join("; ")}`);
    for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += seen[name];
  }
  console.info("simulated:", JSON.stringify(all));
  // Otherwise the test proves nothing.
  expect(all.deaths).toBeGreaterThan(SEEDS / 2);
  expect(all.takeovers).toBeGreaterThan(SEEDS / 2);
}, 600_000);
