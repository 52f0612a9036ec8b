import { inMemoryJournal, type Journal, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { createWorld, pass, tool, turns } from "./world.ts";

const bring =
  (...tools: readonly Tool[]) =>
  (kernel: Kernel) => {
    for (const each of tools) kernel.provide("tool", each);
  };
const DAY = 86_400_000;

describe("a run that only waits", () => {
  test("is let go after a while, and goes on when its time has come, with what it had", async () => {
    const world = createWorld();
    let ran = 0;
    const step = tool("step", () => ++ran);
    const main = tool("main", async (_, call) => {
      const before = await call.invoke(step, {});
      await call.sleep(90 * DAY);
      return [before, await call.invoke(step, {})];
    });
    await using life = await world.live({ bring: bring(main, step), parkAfterMs: 1000 });
    const told: unknown[] = [];
    life.kernel.watch(
      { type: "run.changed" },
      (event) => event.type === "run.changed" && told.push([event.status, event.hold]),
    );
    await life.engine.start(main, {}, { id: "r" });
    await pass(world, 3000);
    const parked = await world.journal.get("r");
    expect(parked).toMatchObject({ status: "waiting", takeovers: 0 });
    expect([parked?.owner, life.kernel.counts().calls]).toEqual([undefined, 0]);
    expect(told).toEqual([
      ["running", undefined],
      ["waiting", "parked"],
    ]);
    world.clock.jump(90 * DAY);
    await pass(world, 1000);
    expect(await life.engine.open("r").record()).toMatchObject({ status: "done", output: [1, 2] });
    expect(life.logged).toEqual([]);
  });

  test("is woken at once by a signal and by an answer that come in this process", async () => {
    const world = createWorld();
    const main = tool("main", async (_, call) => {
      const heard = await call.hear("go");
      return [heard?.body, (await call.ask({ title: "Well?" })).value];
    });
    await using life = await world.live({ bring: bring(main), parkAfterMs: 1000, pollMs: 60_000 });
    await pass(world, 100);
    const run = await life.engine.start(main, {}, { id: "r" });
    const isParked = async () => (await world.journal.get("r"))?.owner === undefined;
    await pass(world, 2500);
    expect(await isParked()).toBe(true);
    await run.signal("go", 1);
    await turns();
    expect(await isParked()).toBe(false);
    await pass(world, 2500);
    expect(await isParked()).toBe(true);
    const [task] = await life.engine.decisions({ status: "open" });
    await life.engine.decide(task?.token ?? "", { value: "yes", by: "ann" });
    await turns();
    expect(await run.result()).toEqual([1, "yes"]);
  });

  test("hears what is said as soon as there is a process again, not from its first look on", async () => {
    const world = createWorld();
    const main = tool("main", async (_, call) => (await call.hear("topic:orders.*"))?.body);
    const first = await world.live({ bring: bring(main), parkAfterMs: 1000 });
    await first.engine.start(main, {}, { id: "r" });
    await pass(world, 3000);
    expect(await world.journal.list({ owned: true })).toEqual([]);
    await first.kernel.end();
    await using second = await world.live({ bring: bring(main) });
    await turns();
    await second.kernel.send({ to: "topic:orders.new", type: "order", body: 7 });
    await pass(world, 1000);
    expect(await second.engine.open("r").result()).toBe(7);
  });

  test("is cancelled while it is parked", async () => {
    const world = createWorld();
    const main = tool("main", (_, call) => call.sleep(DAY));
    await using life = await world.live({ bring: bring(main), parkAfterMs: 1000 });
    const run = await life.engine.start(main, {}, { id: "r" });
    await pass(world, 2500);
    await run.cancel("enough");
    await turns();
    expect(await run.status()).toBe("cancelled");
  });

  test("stays while a step is at work that may not be begun twice, or that has a time of its own", async () => {
    const world = createWorld();
    const waiting = (name: string, effect: "once" | "idempotent") =>
      tool(name, (_, call) => call.sleep(DAY), { effect });
    const once = waiting("once", "once");
    const again = waiting("again", "idempotent");
    const starts = (name: string, step: Tool, options = {}) => tool(name, (_, call) => call.invoke(step, {}, options));
    const mains = [starts("one", once), starts("two", again, { timeout: DAY }), starts("three", again)];
    await using life = await world.live({ bring: bring(...mains, once, again), parkAfterMs: 1000 });
    for (const main of mains) await life.engine.start(main, {}, { id: main.name });
    await pass(world, 4000);
    const owned = await world.journal.list({ owned: true });
    expect(owned.map(({ id }) => id).sort()).toEqual(["one", "two"]);
  });

  test("is not lost, before whichever call of its journal something comes for it from elsewhere", async () => {
    const main = tool("main", async (_, call) => (await call.hear("go"))?.body);
    /** Says it before the n-th call of two seconds, in the middle of which the run is let go. */
    async function sayBefore(n: number) {
      const world = createWorld();
      const { journal } = world;
      let calls = Number.NEGATIVE_INFINITY;
      const counted = Object.entries(journal).map(([method, real]) => [
        method,
        typeof real !== "function"
          ? real
          : async (...given: unknown[]) => {
              if (++calls === n) await journal.signal({ run: "r", id: "s", name: "go", body: 1 });
              return (real as (...args: unknown[]) => unknown)(...given);
            },
      ]);
      const watched = createWorld(world.clock, Object.fromEntries(counted) as Journal);
      await using life = await watched.live({ bring: bring(main), parkAfterMs: 1000 });
      await life.engine.start(main, {}, { id: "r" });
      calls = 0;
      await pass(watched, 2000);
      const [seen, parked] = [calls, await journal.get("r")];
      await pass(watched, 2000);
      return { seen, parked: parked?.status, record: await journal.get("r") };
    }
    const { seen, parked } = await sayBefore(Number.POSITIVE_INFINITY);
    expect([seen > 20, parked]).toEqual([true, "waiting"]);
    for (let n = 1; n <= seen; n++) {
      const { record } = await sayBefore(n);
      expect({ n, status: record?.status, output: record?.output }).toEqual({ n, status: "done", output: 1 });
    }
  });
});

test("what is parked costs a process nothing: it is neither held nor listed", async () => {
  const { clock } = createWorld();
  const journal = inMemoryJournal({ clock });
  const listed: number[] = [];
  const world = createWorld(clock, {
    ...journal,
    async list(filter) {
      const found = await journal.list(filter);
      listed.push(found.length);
      return found;
    },
  });
  const claim = { worker: "w", leaseMs: 1000 };
  for (let n = 0; n < 500; n++) {
    const { run } = await journal.create({ id: `r${n}`, kind: "tool", name: "main", input: {} }, claim);
    await journal.append([
      { run: run.id, epoch: run.epoch, seq: 0, rows: [], update: { status: "waiting", park: { wakes: 0 } } },
    ]);
  }
  await using life = await world.live({ bring: bring(tool("main", () => 1)) });
  await pass(world, 12_000);
  expect([life.kernel.counts().calls, Math.max(...listed) <= 100, await journal.counts()]).toEqual([
    0,
    true,
    [{ queue: "", status: "waiting", count: 500 }],
  ]);
});
