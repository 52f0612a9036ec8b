import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { isMofaError, MofaError, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { workflow } from "../src/index.ts";
import { createWorld, pass, tool, turns } from "./world.ts";

const bring =
  (...tools: readonly Tool[]) =>
  (kernel: Kernel) => {
    for (const each of tools) kernel.provide("tool", each);
  };

/** A tool that waits until it is let go; tells who has begun. */
function gate(name = "gate") {
  const begun: unknown[] = [];
  const open: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const main = tool(name, async (input, call) => {
    begun.push(input["n"]);
    for (const wake of waiting.splice(0)) wake();
    await new Promise<void>((resolve, reject) => {
      open.push(resolve);
      call.signal.addEventListener("abort", () => reject(call.signal.reason));
    });
    return input["n"];
  });
  const whenBegun = async (count: number) => {
    while (begun.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { main, begun, whenBegun, letGo: () => open.shift()?.() };
}

describe("starting a run", () => {
  test("twice with one id gives the same run", async () => {
    let ran = 0;
    const main = tool("main", () => ++ran);
    await using life = await createWorld().live({ bring: bring(main) });
    const first = await life.engine.start(main, {}, { id: "r" });
    const second = await life.engine.start(main, {}, { id: "r" });
    expect([await first.result(), await second.result(), ran]).toEqual([1, 1, 1]);
  });

  test("is refused for what is not registered, for a taken id and for an id that fits no header", async () => {
    const main = tool("main", () => 1);
    await using life = await createWorld().live({
      bring: bring(
        main,
        tool("other", () => 2),
      ),
    });
    await life.engine.start(main, {}, { id: "r" });
    const codes = await Promise.all(
      [
        life.engine.start(
          tool("mian", () => 1),
          {},
        ),
        life.engine.start(life.kernel.get("tool", "other"), {}, { id: "r" }),
        life.engine.start(main, {}, { id: "käse\n" }),
        life.engine.open("nowhere").result(),
      ].map((each) => each.catch((error: unknown) => isMofaError(error) && error.code)),
    );
    expect(codes).toEqual(["run.not_registered", "run.id_taken", "run.bad_id", "run.not_found"]);
  });

  test("beyond maxConcurrent keeps runs queued, which start in order as others end", async () => {
    const { main, begun, whenBegun, letGo } = gate();
    await using life = await createWorld().live({ bring: bring(main), maxConcurrent: 2 });
    // Runs that were queued are claimed once the plugins are settled.
    const clock = life.kernel.clock as unknown as { jump(ms: number): void };
    clock.jump(60);
    const runs = [];
    for (const n of [1, 2, 3, 4]) runs.push(await life.engine.start(main, { n }, { id: `r${n}` }));
    await whenBegun(2);
    expect([begun, await Promise.all(runs.map((run) => run.status()))]).toEqual([
      [1, 2],
      ["running", "running", "queued", "queued"],
    ]);
    letGo();
    await whenBegun(3);
    letGo();
    await whenBegun(4);
    letGo();
    letGo();
    expect([begun, await Promise.all(runs.map((run) => run.result()))]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  test("happens the moment that another run begins to do nothing but wait", async () => {
    const world = createWorld();
    const { main: door, whenBegun, letGo } = gate("door");
    const sleeper = tool("sleeper", async (_, call) => {
      await call.invoke(door, {});
      await call.sleep(60_000);
    });
    const quick = tool("quick", () => "done");
    await using life = await world.live({ bring: bring(sleeper, quick), maxConcurrent: 1 });
    await pass(world, 100);
    await life.engine.start(sleeper, {});
    await whenBegun(1);
    const queued = await life.engine.start(quick, {});
    expect(await queued.status()).toBe("queued");
    letGo();
    await turns();
    expect(await queued.status()).toBe("done");
  });

  test("does not count runs that only wait", async () => {
    const world = createWorld();
    const sleeper = tool("sleeper", (_, call) => call.sleep(60_000));
    const quick = tool("quick", () => "done");
    await using life = await world.live({ bring: bring(sleeper, quick), maxConcurrent: 1 });
    await life.engine.start(sleeper, {});
    await turns();
    expect(await (await life.engine.start(quick, {})).result()).toBe("done");
  });
});

describe("a run", () => {
  test("that fails gives its error to whoever asks, in whatever process", async () => {
    const world = createWorld();
    const main = tool("main", (_, call) => call.get("tool", "nothing"));
    await using one = await world.live({ bring: bring(main) });
    await using other = await world.live({});
    const run = await one.engine.start(main, {}, { id: "r" });
    await expect(run.result()).rejects.toMatchObject({ code: "registry.not_found" });
    await expect(other.engine.open("r").result()).rejects.toMatchObject({ code: "registry.not_found" });
  });

  test("can be cancelled where it runs, and is stopped at once", async () => {
    const { main, whenBegun } = gate();
    await using life = await createWorld().live({ bring: bring(main) });
    const run = await life.engine.start(main, { n: 1 });
    await whenBegun(1);
    await run.cancel("not needed");
    await expect(run.result()).rejects.toMatchObject({ code: "run.cancelled", data: { reason: "not needed" } });
    expect(await run.status()).toBe("cancelled");
  });

  test("can be cancelled from another process, when its worker next renews", async () => {
    const world = createWorld();
    const { main, whenBegun } = gate();
    await using one = await world.live({ bring: bring(main) });
    await using other = await world.live({ bring: bring(main) });
    const run = await one.engine.start(main, { n: 1 }, { id: "r" });
    await whenBegun(1);
    await other.engine.open("r").cancel();
    world.clock.jump(1100);
    await expect(run.result()).rejects.toMatchObject({ code: "run.cancelled" });
  });

  test("tells its events, replayed ones not as new work, until it ends", async () => {
    const step = tool("step", () => 1);
    const { main: door, whenBegun, letGo } = gate("door");
    const main = tool("main", async (_, call) => {
      await call.invoke(door, {});
      return call.invoke(step, {});
    });
    await using life = await createWorld().live({ bring: bring(main, step) });
    const run = await life.engine.start(main, {}, { id: "r" });
    await whenBegun(1);
    const events = run.events()[Symbol.asyncIterator]();
    const first = events.next();
    letGo();
    const seen = [(await first).value];
    for (let next = await events.next(); next.done !== true; next = await events.next()) seen.push(next.value);
    expect(seen.map((event) => `${event.type} ${event.type === "run.changed" ? event.status : event.name}`)).toEqual([
      "action.end door",
      "action.start step",
      "action.end step",
      "action.end main",
      "run.changed done",
    ]);
    expect(new Set(seen.map((event) => event.trace))).toEqual(new Set(["r"]));
  });

  test("keeps its own time-out over restarts, counted from its start", async () => {
    const world = createWorld();
    const main = tool("main", (_, call) => call.sleep(60_000), { timeout: 10_000 });
    const first = await world.live({ bring: bring(main) });
    await first.engine.start(main, {}, { id: "r" });
    await turns();
    await first.kernel.end();
    world.clock.jump(8000);
    await using second = await world.live({ bring: bring(main) });
    world.clock.jump(60);
    await turns();
    world.clock.jump(2500);
    await expect(second.engine.open("r").result()).rejects.toMatchObject({ code: "call.timed_out" });
  });
});

describe("ownership", () => {
  test("goes to another worker when the lease of a dead one runs out, not before", async () => {
    const world = createWorld();
    const { main, begun, whenBegun, letGo } = gate();
    const first = await world.live({ bring: bring(main) });
    await first.engine.start(main, { n: 1 }, { id: "r" });
    await whenBegun(1);
    first.kill();
    await using second = await world.live({ bring: bring(main) });
    const holds: unknown[] = [];
    second.kernel.watch({ type: "run.changed" }, (event) => "hold" in event && holds.push([event.run, event.hold]));
    world.clock.jump(2500);
    await turns();
    expect(begun).toHaveLength(1);
    for (let polls = 0; polls < 6; polls++) {
      world.clock.jump(200);
      await turns();
    }
    await whenBegun(2);
    letGo();
    letGo();
    expect(await second.engine.open("r").result()).toBe(1);
    expect(await world.journal.get("r")).toMatchObject({ epoch: 2, takeovers: 1 });
    expect(holds).toEqual([["r", "taken"]]);
    await first.kernel.end();
  });

  test("is renewed while the run works, however long that takes", async () => {
    const world = createWorld();
    const { main, begun, whenBegun, letGo } = gate();
    await using one = await world.live({ bring: bring(main) });
    await using _other = await world.live({ bring: bring(main) });
    const run = await one.engine.start(main, { n: 1 });
    await whenBegun(1);
    for (let passed = 0; passed < 20; passed++) {
      world.clock.jump(500);
      await turns(3);
    }
    letGo();
    expect([await run.result(), begun]).toEqual([1, [1]]);
  });

  test("is given up when the engine ends, so that the next one takes over at once and nothing has failed", async () => {
    const world = createWorld();
    const { main, whenBegun, letGo } = gate();
    const first = await world.live({ bring: bring(main) });
    await first.engine.start(main, { n: 1 }, { id: "r" });
    await whenBegun(1);
    await first.kernel.end();
    expect((await world.journal.get("r"))?.status).toBe("running");
    await using second = await world.live({ bring: bring(main) });
    world.clock.jump(60);
    await whenBegun(2);
    // That was no takeover: else a run that outlives many deploys would end as a dead one.
    expect(await world.journal.get("r")).toMatchObject({ epoch: 2, takeovers: 0 });
    letGo();
    letGo();
    expect(await second.engine.open("r").result()).toBe(1);
  });

  test("that was lost stops the old worker, whose late result changes nothing", async () => {
    const world = createWorld();
    const reasons: unknown[] = [];
    let paid = 0;
    const pay = tool("pay", () => ++paid);
    const { main: door, whenBegun, letGo } = gate("door");
    const main = tool("main", async (_, call) => {
      try {
        await call.invoke(door, {});
        return await call.invoke(pay, {});
      } catch (error) {
        reasons.push(isMofaError(error) && error.code);
        throw error;
      }
    });
    await using life = await world.live({ bring: bring(main) });
    const lost: unknown[] = [];
    life.kernel.watch({ type: "run.changed" }, (event) => "hold" in event && lost.push(event));
    await life.engine.start(main, {}, { id: "r" });
    await whenBegun(1);
    // Somebody else takes it, as after a long pause of this process.
    world.clock.jump(0);
    const record = await world.journal.get("r");
    await world.journal.renew({ worker: record?.owner ?? "", leaseMs: 0 }, [{ run: "r", epoch: 1 }]);
    await world.journal.claim({ worker: "thief", leaseMs: 60_000, limit: 1 });
    letGo();
    await turns();
    expect([reasons, paid]).toEqual([["run.fenced"], 0]);
    expect(lost).toEqual([expect.objectContaining({ run: "r", hold: "lost", reason: "Another worker holds it." })]);
    expect(await world.journal.rows("r")).toEqual([]);
    expect(await world.journal.get("r")).toMatchObject({ owner: "thief", status: "running" });
  });

  test("is asked for again before a step begins after a stall, when no timer could tell that the lease ran out", async () => {
    const world = createWorld();
    let paid = 0;
    const pay = tool("pay", () => ++paid);
    const { main: door, whenBegun, letGo } = gate("door");
    const main = tool("main", async (_, call) => {
      // Without effect, so no append of its result would be fenced.
      await call.invoke({ ...door, effect: "none" as const }, {});
      return call.invoke(pay, {});
    });
    await using life = await world.live({ bring: bring(main) });
    await life.engine.start(main, {}, { id: "r" });
    await whenBegun(1);
    await pass(world, 2000);
    const owner = (await world.journal.get("r"))?.owner ?? "";
    await world.journal.renew({ worker: owner, leaseMs: 0 }, [{ run: "r", epoch: 1 }]);
    await world.journal.claim({ worker: "thief", leaseMs: 60_000, limit: 1 });
    Object.assign(world.clock, { monotonic: () => Number.MAX_SAFE_INTEGER });
    letGo();
    await turns();
    expect(paid).toBe(0);
  });

  test("is shared by two engines on one journal: no run is done twice", async () => {
    const world = createWorld();
    const done: unknown[] = [];
    const main = tool("main", async (input, call) => {
      await call.invoke(
        tool("step", (each) => void done.push(each["n"])),
        { n: input["n"] },
      );
    });
    for (let n = 0; n < 40; n++) await world.journal.create({ id: `r${n}`, kind: "tool", name: "main", input: { n } });
    await using one = await world.live({ bring: bring(main), maxConcurrent: 3 });
    await using other = await world.live({ bring: bring(main), maxConcurrent: 3 });
    const ends = Promise.all(
      Array.from({ length: 40 }, (_, n) => Promise.race([one.ended(`r${n}`), other.ended(`r${n}`)])),
    );
    const pump = setInterval(() => world.clock.jump(50), 1);
    await ends;
    clearInterval(pump);
    const records = await world.journal.list({ limit: 100 });
    expect(done.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect([new Set(records.map(({ epoch }) => epoch)), new Set(records.map(({ status }) => status))]).toEqual([
      new Set([1]),
      new Set(["done"]),
    ]);
  });
});

test("a run whose action nobody has is parked, said once, and goes on when the action comes", async () => {
  const world = createWorld();
  await world.journal.create({ id: "r", kind: "tool", name: "late", input: {} });
  await using life = await world.live({});
  await pass(world, 12_000);
  const reason = 'no tool "late" is registered. Add the plugin or file that brings it.';
  expect(await life.engine.list()).toMatchObject([{ id: "r", status: "queued", epoch: 0, parked: reason }]);
  expect(life.logged).toEqual([`The run "r" is parked: ${reason}`]);
  life.kernel.provide(
    "tool",
    tool("late", () => "here"),
  );
  await pass(world, 500);
  expect(await life.engine.open("r").record()).toMatchObject({ status: "done", output: "here" });
});

test("a run of a process that is dead for sure is taken over at once, its lease notwithstanding", async () => {
  const world = createWorld();
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  const worker = `${hostname()}:${child.pid}:gone`;
  await world.journal.create({ id: "r", kind: "tool", name: "main", input: {} }, { worker, leaseMs: 3_600_000 });
  const main = tool("main", () => "taken over");
  await using life = await world.live({ bring: bring(main) });
  await pass(world, 60);
  expect(await life.engine.open("r").record()).toMatchObject({ status: "done", output: "taken over", takeovers: 1 });
});

test("a journal that fails drops the run without failing it, and it goes on when the journal works again", async () => {
  const world = createWorld();
  let broken = true;
  let ran = 0;
  const step = tool("step", () => ++ran);
  const main = tool("main", (_, call) => call.invoke(step, {}));
  const append = world.journal.append;
  world.journal.append = async (batch) => {
    if (broken) throw new Error("disk full");
    return append(batch);
  };
  await using life = await world.live({ bring: bring(main) });
  world.clock.jump(60);
  await life.engine.start(main, {}, { id: "r" });
  await turns();
  expect(await world.journal.get("r")).toMatchObject({ status: "running" });
  broken = false;
  // The lease is the pause before the next try.
  await pass(world, 2000);
  expect(ran).toBe(1);
  await pass(world, 1500);
  expect(await life.engine.open("r").record()).toMatchObject({ status: "done", output: 2 });
});

test("what a journal cannot take drops its own run only", async () => {
  const world = createWorld();
  const main = tool("main", (input, call) =>
    call.invoke(
      tool("step", () => input["n"]),
      { n: input["n"] },
    ),
  );
  const append = world.journal.append;
  world.journal.append = async (batch) => {
    if (batch.some(({ rows }) => rows.some(({ body }) => body === 2))) throw new Error("too big");
    return append(batch);
  };
  await using life = await world.live({ bring: bring(main) });
  await Promise.all([1, 2, 3].map((n) => life.engine.start(main, { n }, { id: `r${n}` })));
  await turns();
  const statuses = await Promise.all([1, 2, 3].map((n) => life.engine.open(`r${n}`).status()));
  expect(statuses).toEqual(["done", "running", "done"]);
});

test("a failure whose data is not JSON is kept all the same", async () => {
  const main = tool("main", () => {
    throw new MofaError("odd.failure", "It is odd.", { data: { big: 1n as unknown as number } });
  });
  await using life = await createWorld().live({ bring: bring(main) });
  const run = await life.engine.start(main, {});
  await expect(run.result()).rejects.toMatchObject({ code: "odd.failure", message: "It is odd." });
});

test.each(["unplugged", "replaced"])(
  "while the plugin is being %s, no step runs that would not be kept",
  async (how) => {
    const world = createWorld();
    const { main: door, whenBegun, letGo } = gate("door");
    const steps: unknown[] = [];
    const main = tool("main", async (_, call) => {
      await call.invoke(door, {}).catch(() => {});
      await call.invoke(
        tool("step", () => steps.push(call.run?.attempt)),
        {},
      );
    });
    await using life = await world.live({ bring: bring(main) });
    await life.engine.start(main, {}, { id: "r" });
    await whenBegun(1);
    const changed =
      how === "unplugged"
        ? life.kernel.unplug("workflow")
        : life.kernel.replace(workflow({ leaseMs: 3000, pollMs: 100 }));
    letGo();
    await pass(world, 500);
    await changed;
    expect(steps).toEqual([]);
    expect(await world.journal.rows("r")).toEqual([]);
    if (how === "unplugged") return;
    await pass(world, 500);
    await whenBegun(2);
    letGo();
    await pass(world, 500);
    expect(await world.journal.get("r")).toMatchObject({ status: "done" });
    expect(steps).toEqual([1]);
  },
);

describe("a run that grows", () => {
  test("beyond its bound fails, also when it is taken up beyond it, and keeps what it had", async () => {
    const world = createWorld();
    let ran = 0;
    const step = tool("step", () => ++ran);
    const main = tool("main", async ({ times }, call) => {
      for (let n = 0; n < Number(times); n++) await call.invoke(step, { n });
      return "through";
    });
    await using life = await world.live({ bring: bring(step, main), maxRows: 5 });
    expect(await (await life.engine.start(main, { times: 5 })).result()).toBe("through");
    const run = await life.engine.start(main, { times: 1000 }, { id: "long" });
    await expect(run.result()).rejects.toMatchObject({ code: "run.too_many_rows" });
    expect(await run.record()).toMatchObject({ status: "failed", error: { code: "run.too_many_rows" } });
    expect([(await run.steps()).length, ran]).toEqual([6, 11]);
    const rows = (await world.journal.rows("long")).map(({ seq: _, ...row }) => row);
    const owned = await world.journal.create(
      { id: "later", kind: "tool", name: "main", input: { times: 7 } },
      undefined,
      {
        rows,
      },
    );
    expect(owned.created).toBe(true);
    await pass(world, 500);
    expect(await life.engine.open("later").record()).toMatchObject({ status: "failed" });
    expect(ran).toBe(11);
  });

  test("very long is named once, with what to do", async () => {
    const world = createWorld();
    const main = tool("main", async (_, call) => {
      for (let n = 0; n < 10_050; n++) await call.now();
      return "through";
    });
    await using life = await world.live({ bring: bring(main) });
    expect(await (await life.engine.start(main, {}, { id: "r" })).result()).toBe("through");
    expect(life.logged).toEqual([expect.stringContaining('The run "r" has kept 10000 rows')]);
  });
});
