/** A process of its own for one test: starts a pool, gives it a script that never ends, prints the pids and waits to be killed. */
import { createLog, systemClock } from "@mofa/kernel";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { createPool } from "../src/pool.ts";

const log = createLog("test", () => {}, systemClock.now);
const pool = createPool({ processes: 1, queue: 10, memory: 32, clock: systemClock, log });
const limits = { ...DEFAULT_LIMITS, time: 600_000, wall: 600_000 };
const text = "export async function run(_, host) { await host.now(); for (;;) {} }";
void pool.run({
  line: { mode: "call", name: "endless.js", text, items: [["run", 0]], inputs: ["null"], uses: [], limits },
  async host() {
    // The script loops from here on: only now is it worth killing us.
    setTimeout(() => process.stdout.write(`${JSON.stringify(pool.pids())}\n`), 50);
    return { good: true, text: "1" };
  },
});
