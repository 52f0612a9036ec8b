// A run of very many kept steps is taken up from a database server. MOFA_LONG_STEPS says how many; as a test of every
// day, a thousand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { privateMariadb, privatePostgres } from "@mofa/devkit/databases/private-server";
import { describe, expect, test } from "vitest";
import { type LongRun, openLong } from "./long-run.ts";

const STEPS = Math.ceil(Number(process.env["MOFA_LONG_STEPS"] ?? 1_000) / 100) * 100;
const program = join(import.meta.dirname, "long-run.ts");

for (const installed of [privatePostgres, privateMariadb]) {
  const { name, missing } = installed;
  const title = `a run of ${STEPS} kept steps on a ${name} server`;
  describe.skipIf(missing !== undefined)(missing === undefined ? title : `${title} (skipped: ${missing})`, () => {
    test("is taken up after a kill: none of them is run again", { timeout: 60_000 + 20 * STEPS }, async () => {
      const folder = await mkdtemp(join(tmpdir(), "mofa-long-"));
      try {
        await using server = await installed.open();
        const given: LongRun = { database: name, url: server.url, counted: join(folder, "counted"), steps: STEPS };
        const args = ["--conditions=@mofa/source", program, JSON.stringify(given)];
        const begun = performance.now();
        const [, signal] = await once(
          spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] }),
          "exit",
        );
        expect(signal).toBe("SIGKILL");
        const killed = performance.now();
        await using kernel = await openLong(given, false);
        const done = new Promise((resolve) => {
          kernel.watch({ type: "run.changed" }, (event) => {
            if (event.type === "run.changed" && event.status === "done") resolve(event);
          });
        });
        const run = kernel.get("engine", "runs").open("r");
        // The event comes at once; the result fails with its reason if there is none.
        await Promise.race([done, run.result()]);
        const [first, second] = [killed - begun, performance.now() - killed].map(Math.round);
        console.info(`${name}: ${STEPS} steps kept in ${first} ms, opened, taken up and gone through in ${second} ms`);
        expect(await run.result()).toEqual([(STEPS * (STEPS - 1)) / 2, "well"]);
        const counted = (await readFile(given.counted, "utf8")).trimEnd().split("\n");
        expect([counted.length, new Set(counted).size]).toEqual([STEPS, STEPS]);
        expect(await run.record()).toMatchObject({ status: "done", takeovers: 1 });
        expect((await run.steps()).length).toBe(STEPS + 1);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}
