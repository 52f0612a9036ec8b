// Very many runs that only wait: nothing of them stays with the process. MOFA_PARKED_RUNS says how many.
import { defineWorkflow } from "@mofa/kernel";
import { expect, test } from "vitest";
import { createWorld, pass, turns } from "./world.ts";

const RUNS = Number(process.env["MOFA_PARKED_RUNS"] ?? 2000);
const AT_ONCE = 100;
const MONTHS = 90 * 24 * 3_600_000;

test(
  `${RUNS} runs that wait for months leave no timer and no owner, and each is woken by what comes for it`,
  async () => {
    const world = createWorld();
    const patient = defineWorkflow({
      name: "patient",
      version: "1",
      input: { type: "object" },
      async run({ n }, call) {
        if (Number(n) % 2 === 0) return (await call.hear("news", { timeout: MONTHS }))?.body ?? null;
        return (await call.hear("topic:orders.*", { timeout: MONTHS }))?.body ?? null;
      },
    });
    await using life = await world.live({
      bring: (kernel) => void kernel.provide("workflow", patient),
      maxConcurrent: AT_ONCE,
      parkAfterMs: 1000,
    });
    const { engine, kernel } = life;
    const start = async (first: number) => {
      for (let n = first; n < first + AT_ONCE; n++) await engine.start(patient, { n }, { id: `r${n}` });
      await pass(world, 2500);
    };
    await start(0);
    const timers = world.clock.pending;
    for (let first = AT_ONCE; first < RUNS; first += AT_ONCE) await start(first);

    expect(await world.journal.list({ owned: true, limit: RUNS })).toEqual([]);
    expect((await world.journal.list({ status: ["waiting"], owned: false, limit: RUNS })).length).toBe(RUNS);
    expect(world.clock.pending).toBe(timers);
    // One pattern, however many listen to it.
    expect(await world.journal.topics()).toEqual(["orders.*"]);

    await engine.open("r2").signal("news", "for one");
    await pass(world, 500);
    expect(await engine.open("r2").result()).toBe("for one");
    expect((await world.journal.list({ status: ["waiting"], limit: RUNS })).length).toBe(RUNS - 1);
    await kernel.send({ to: "topic:orders.new", type: "order", body: 7 });
    await turns();
    for (let waits = 0; (await world.journal.topics()).length > 0 && waits < 200; waits++) await pass(world, 500);
    expect([await engine.open("r1").result(), await engine.open(`r${RUNS - 1}`).result()]).toEqual([7, 7]);
    expect(await world.journal.list({ status: ["done"], limit: RUNS })).toHaveLength(RUNS / 2 + 1);
  },
  30_000 + RUNS * 10,
);
