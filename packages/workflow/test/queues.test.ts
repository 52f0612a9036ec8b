import { defineWorkflow, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { createWorld, pass, tool, turns } from "./world.ts";

const bring =
  (...tools: readonly Tool[]) =>
  (kernel: Kernel) => {
    for (const each of tools) kernel.provide("tool", each);
  };

/** A tool whose calls go on when they are let, and that tells which have begun. */
function gate() {
  const begun: unknown[] = [];
  const open: (() => void)[] = [];
  const main = tool("main", async ({ n }, call) => {
    begun.push(n);
    await new Promise<void>((resolve, reject) => {
      open.push(resolve);
      call.signal.addEventListener("abort", () => reject(call.signal.reason));
    });
    return n;
  });
  return { main, begun, letGo: () => open.shift()?.() };
}

describe("a queue", () => {
  test("lets as many through as it may, over all processes, and the next one at once", async () => {
    const world = createWorld();
    const { main, begun, letGo } = gate();
    const options = { bring: bring(main), queues: [{ name: "narrow", concurrency: 2 }], pollMs: 60_000 };
    await using one = await world.live(options);
    await using two = await world.live(options);
    await pass(world, 100);
    for (const n of [1, 2, 3, 4])
      await (n % 2 === 0 ? one : two).engine.start(main, { n }, { id: `r${n}`, queue: "narrow" });
    await turns();
    expect(begun).toEqual([1, 2]);
    letGo();
    await turns();
    expect(begun).toHaveLength(3);
    expect(await one.engine.counts()).toEqual(
      expect.arrayContaining([
        { queue: "narrow", status: "running", count: 2 },
        { queue: "narrow", status: "queued", count: 1 },
      ]),
    );
    for (let n = 0; n < 4; n++) letGo();
  });

  test("takes the urgent first, and of one partition one after the other", async () => {
    const world = createWorld();
    const { main, begun, letGo } = gate();
    await using life = await world.live({ bring: bring(main), queues: [{ name: "q", concurrency: 2 }] });
    const queue = "q";
    await life.engine.start(main, { n: "low" }, { queue, priority: "low" });
    await life.engine.start(main, { n: "a1" }, { queue, partition: "a" });
    await life.engine.start(main, { n: "a2" }, { queue, partition: "a" });
    await life.engine.start(main, { n: "b1" }, { queue, partition: "b", priority: "critical" });
    await pass(world, 200);
    expect(begun).toEqual(["b1", "a1"]);
    letGo();
    await turns();
    expect(begun).toEqual(["b1", "a1", "low"]);
    letGo();
    await turns();
    expect(begun).toEqual(["b1", "a1", "low", "a2"]);
    letGo();
    letGo();
  });

  test("lets so many begin in a time", async () => {
    const world = createWorld();
    let ran = 0;
    const main = tool("main", () => ++ran);
    const queues = [{ name: "slow", rate: { limit: 2, per: "1m" } }];
    await using life = await world.live({ bring: bring(main), queues });
    await pass(world, 100);
    for (let n = 0; n < 5; n++) await life.engine.start(main, {}, { queue: "slow" });
    await pass(world, 5000);
    expect(ran).toBe(2);
    await pass(world, 60_000);
    expect(ran).toBe(4);
  });

  test("that is not there, and options that contradict each other, are refused", async () => {
    const main = tool("main", () => 1);
    await using life = await createWorld().live({ bring: bring(main), queues: [{ name: "orders" }] });
    const start = (options: object) =>
      life.engine
        .start(main, {}, options)
        .catch((error: { code: string; message: string }) => [error.code, error.message.includes("orders")]);
    expect([
      await start({ queue: "order" }),
      await start({ partition: "a" }),
      await start({ delay: -1 }),
      await start({ delay: 1, debounce: 1 }),
    ]).toEqual([
      ["queue.unknown", true],
      ["run.bad_option", false],
      ["run.bad_option", false],
      ["run.bad_option", false],
    ]);
    await expect(createWorld().live({ queues: [{ name: "x", rate: { limit: 1, per: "soon" } }] })).rejects.toThrow(
      'The queue "x" cannot be used: "soon" is no time.',
    );
  });
});

describe("a start", () => {
  test("may be later, and a debounced one takes the place of the one before", async () => {
    const world = createWorld();
    const ran: unknown[] = [];
    const main = tool("main", ({ n }) => void ran.push(n));
    await using life = await world.live({ bring: bring(main) });
    await life.engine.start(main, { n: "later" }, { delay: 10_000 });
    const first = await life.engine.start(main, { n: 1 }, { dedupe: "k", debounce: 2000 });
    await pass(world, 1500);
    const second = await life.engine.start(main, { n: 2 }, { dedupe: "k", debounce: 2000 });
    await pass(world, 1500);
    expect([second.id === first.id, ran]).toEqual([true, []]);
    await pass(world, 1500);
    expect(ran).toEqual([2]);
    await pass(world, 6500);
    expect(ran).toEqual([2, "later"]);
  });

  test("with a key gives the open run with that key, of the same tenant", async () => {
    const { main, letGo } = gate();
    await using life = await createWorld().live({ bring: bring(main) });
    const first = await life.engine.start(main, {}, { dedupe: "k", tenant: "a" });
    const same = await life.engine.start(main, {}, { dedupe: "k", tenant: "a" });
    const other = await life.engine.start(main, {}, { dedupe: "k", tenant: "b" });
    expect([same.id === first.id, other.id === first.id]).toEqual([true, false]);
    letGo();
    letGo();
  });

  test("with a timeout fails at its end, wherever the run waits, and says so to its tenant's calls", async () => {
    const world = createWorld();
    const tenants: string[] = [];
    const main = tool("main", (_, call) => {
      tenants.push(call.tenant);
      return call.sleep(86_400_000);
    });
    await using life = await world.live({ bring: bring(main), parkAfterMs: 1000 });
    const options = { timeout: 60_000, tenant: "acme" };
    const run = await life.engine.start(main, {}, { id: "r", ...options });
    await pass(world, 3000);
    expect((await world.journal.get("r"))?.owner).toBeUndefined();
    await pass(world, 58_000);
    expect(await run.record()).toMatchObject({ status: "failed", error: { code: "run.deadline" } });
    expect(tenants[0]).toBe("acme");
  });
});

test("a run that has cost too many workers their lives is dead, said so, and goes on when it is queued again", async () => {
  const world = createWorld();
  let poison = true;
  const main = tool("main", (_, call) =>
    poison
      ? new Promise((__, reject) => call.signal.addEventListener("abort", () => reject(call.signal.reason)))
      : "well",
  );
  for (let n = 0; n < 3; n++) {
    const life = await world.live({ bring: bring(main), maxTakeovers: 2 });
    if (n === 0) await life.engine.start(main, {}, { id: "r" });
    await pass(world, 100);
    life.kill();
    await life.kernel.end();
    world.clock.jump(4000);
  }
  await using last = await world.live({ bring: bring(main), maxTakeovers: 2 });
  const told: string[] = [];
  last.kernel.watch({ type: "run.changed" }, (event) => event.type === "run.changed" && told.push(event.status));
  await pass(world, 1000);
  expect([await last.engine.open("r").status(), told]).toEqual(["dead", ["dead"]]);
  poison = false;
  await last.engine.open("r").requeue();
  await turns();
  expect(await last.engine.open("r").result()).toBe("well");
});

describe("a workflow written as code", () => {
  const flow = (version: string, accepts?: readonly string[]) =>
    defineWorkflow({
      name: "flow",
      version,
      input: { type: "object" },
      ...(accepts !== undefined && { accepts }),
      run: async (_, call) => {
        await call.sleep(1000);
        return version;
      },
    });

  test("goes on with runs of its own version and of those it accepts; others wait and say for which", async () => {
    const world = createWorld();
    const begin = await world.live({ bring: (kernel) => kernel.provide("workflow", flow("1")) });
    await begin.engine.start(flow("1"), {}, { id: "r" });
    await turns();
    await begin.kernel.end();
    const newer = await world.live({ bring: (kernel) => kernel.provide("workflow", flow("2")) });
    await pass(world, 6000);
    const { parked } = await newer.engine.open("r").record();
    expect(parked).toContain('version "1" of the workflow "flow", and the one that is registered goes on with "2"');
    await newer.kernel.end();
    await using accepting = await world.live({ bring: (kernel) => kernel.provide("workflow", flow("3", ["1", "2"])) });
    await pass(world, 6000);
    expect(await accepting.engine.open("r").record()).toMatchObject({ status: "done", output: "3" });
  });
});

test("runs that have ended are deleted when they are old enough, or too many", async () => {
  const world = createWorld();
  const main = tool("main", () => 1);
  await using life = await world.live({ bring: bring(main), retention: { age: "1h", count: 3 } });
  for (let n = 0; n < 5; n++) await life.engine.start(main, {}, { id: `r${n}` });
  await pass(world, 61_000);
  expect((await life.engine.list()).map(({ id }) => id)).toHaveLength(3);
  world.clock.jump(3_600_000);
  await pass(world, 61_000);
  expect(await life.engine.list()).toEqual([]);
});
