import { type Agent, isMofaError, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { createWorld, type LifeOptions, tool, type World } from "./world.ts";

/** Starts `main` in a first life that dies where told, and lets a second life end it. */
async function twice(
  world: World,
  main: Tool,
  dies: LifeOptions["dies"],
  more: readonly Tool[] = [],
  ...agents: readonly Agent[]
) {
  const bring = (kernel: Kernel) => {
    for (const each of [main, ...more]) kernel.provide("tool", each);
    for (const each of agents) kernel.provide("agent", each);
  };
  await using first = await world.live({ bring, ...(dies !== undefined && { dies }) });
  await first.engine.start(main, {}, { id: "r" });
  const ended = await Promise.race([first.died, first.ended("r")]);
  await first.kernel.end();
  if (ended !== undefined)
    return { status: ended, replayed: [], record: await world.journal.get("r"), rows: await world.journal.rows("r") };
  world.clock.jump(5000);
  const second = await world.live({ bring });
  const replayed: string[] = [];
  second.kernel.watch({ type: "action.replayed" }, (event) => void replayed.push(event.name));
  world.clock.jump(60);
  const status = await second.ended("r");
  await second.kernel.end();
  return { status, replayed, record: await world.journal.get("r"), rows: await world.journal.rows("r") };
}

/** Dies before or after the n-th append. */
function atAppend(number: number, at: "before" | "after" = "before"): NonNullable<LifeOptions["dies"]> {
  let count = 0;
  return (when, method) => {
    if (method !== "append") return false;
    if (when === "before") count++;
    return when === at && count === number;
  };
}

describe("a step that was kept", () => {
  test("is given back without running again, and is not told as new work", async () => {
    let ran = 0;
    const pay = tool("pay", () => ({ paid: ++ran }));
    const main = tool("main", async (_, call) => {
      const first = await call.invoke(pay, { order: 1 });
      const second = await call.invoke(pay, { order: 2 });
      return [first, second];
    });
    const { record, replayed } = await twice(createWorld(), main, atAppend(2));
    expect({ output: record?.output, ran, replayed }).toEqual({
      output: [{ paid: 1 }, { paid: 3 }],
      ran: 3,
      replayed: ["pay"],
    });
  });

  test("may be something said to others: a replay neither tells nor asks it again", async () => {
    const heard: unknown[] = [];
    const ann: Agent = { kind: "agent", name: "ann", run: (body) => ({ heard: heard.push(body) }) };
    const main = tool("main", async (_, call) => {
      const told = await call.send({ to: "agent:ann", type: "note", body: "told" });
      const answer = await call.request({ to: "agent:ann", type: "question", body: "asked" });
      return { told: told.receivers, answer, at: await call.now() };
    });
    const { record, replayed } = await twice(createWorld(), main, atAppend(4), [], ann);
    expect(record?.output).toMatchObject({ told: 1, answer: { heard: 2 } });
    expect({ heard, replayed }).toEqual({ heard: ["told", "asked"], replayed: ["send", "request"] });
  });

  test("gives equal concurrent calls equal rows, each one once", async () => {
    let ran = 0;
    const draw = tool("draw", () => ++ran);
    const main = tool("main", async (_, call) => {
      const drawn = await Promise.all([1, 2, 3].map(() => call.invoke(draw, {})));
      await call.now();
      return drawn;
    });
    const { record, rows } = await twice(createWorld(), main, atAppend(2));
    expect(record?.output).toEqual([1, 2, 3]);
    expect(rows.filter(({ name }) => name === "draw").map(({ key }) => key.slice(key.indexOf("#")))).toEqual([
      "#1",
      "#2",
      "#3",
    ]);
  });

  test("throws its failure again, with code, data and cause", async () => {
    let ran = 0;
    const broken = tool("broken", (input, call) => {
      ran++;
      return call.get("tool", String(input["name"]));
    });
    const seen: unknown[] = [];
    const main = tool("main", async (_, call) => {
      const error: unknown = await call.invoke(broken, { name: "nobody" }).catch((thrown) => thrown);
      seen.push(isMofaError(error, "registry.not_found") && error.data["name"]);
      await call.now();
      return "went on";
    });
    const { record } = await twice(createWorld(), main, atAppend(2));
    expect({ output: record?.output, ran, seen }).toEqual({ output: "went on", ran: 1, seen: ["nobody", "nobody"] });
  });

  test("gives at its first run what it gives on a replay: JSON", async () => {
    const at = new Date(0);
    const dated = tool("dated", () => ({ at, gone: undefined }));
    const seen: unknown[] = [];
    const main = tool("main", async (_, call) => {
      seen.push(await call.invoke(dated, {}));
      await call.now();
    });
    const { status } = await twice(createWorld(), main, atAppend(2));
    expect({ status, seen }).toEqual({ status: "done", seen: [{ at: at.toISOString() }, { at: at.toISOString() }] });
  });

  test("is found again by its key where the input is not stable", async () => {
    let ran = 0;
    const log = tool("log", () => ++ran);
    const main = tool("main", async (_, call) => {
      const one = await call.invoke(log, { at: performance.now() }, { key: "start" });
      await call.now();
      return one;
    });
    const { record } = await twice(createWorld(), main, atAppend(2));
    expect({ output: record?.output, ran }).toEqual({ output: 1, ran: 1 });
  });
});

describe("a step", () => {
  test("whose output is not JSON fails at its first run, with the path", async () => {
    const big = tool("big", () => ({ list: [1, 2n] }));
    const main = tool("main", (_, call) => call.invoke(big, {}));
    const { record } = await twice(createWorld(), main, undefined);
    expect(record?.error).toMatchObject({ code: "step.output_not_json", data: { path: "$.list[1]" } });
  });

  test("whose input is not JSON asks for a key", async () => {
    const take = tool("take", () => 1);
    const main = tool("main", (_, call) => call.invoke(take, { handle: () => {} }));
    const { record } = await twice(createWorld(), main, undefined);
    expect(record?.error).toMatchObject({ code: "step.input_not_json", data: { path: "$.handle" } });
  });

  test("that may happen only once is in doubt after a crash in mid-flight, and stays so", async () => {
    let sent = 0;
    const send = tool("send", () => ++sent, { effect: "once" });
    const caught: unknown[] = [];
    const main = tool("main", async (_, call) => {
      try {
        return await call.invoke(send, { to: "ann" });
      } catch (error) {
        caught.push(isMofaError(error) && error.code);
        await call.now();
        return "asked a human";
      }
    });
    // The first append is the begin row, the second the result, which dies with the process.
    const { record, rows } = await twice(createWorld(), main, atAppend(2));
    expect({ output: record?.output, sent }).toEqual({ output: "asked a human", sent: 1 });
    // The dying life had its result, and nobody heard of it.
    expect(caught).toEqual(["step.in_doubt"]);
    expect(rows.map(({ type, error }) => error?.code ?? type)).toEqual(["begin", "step.in_doubt", "value"]);
  });

  test("with the effect tx is refused while no journal can commit it with its row", async () => {
    const write = tool("write", () => 1, { effect: "tx" });
    const main = tool("main", (_, call) => call.invoke(write, {}));
    const { record } = await twice(createWorld(), main, undefined);
    expect(record?.error).toMatchObject({ code: "step.tx_unsupported" });
  });

  test("without effect is run again and not kept, while what it calls is", async () => {
    const ran = { plan: 0, pay: 0 };
    const pay = tool("pay", () => ++ran.pay);
    const plan = tool(
      "plan",
      (_, call) => {
        ran.plan++;
        return call.invoke(pay, {});
      },
      { effect: "none" },
    );
    const main = tool("main", async (_, call) => {
      const paid = await call.invoke(plan, {});
      await call.now();
      return paid;
    });
    const { rows } = await twice(createWorld(), main, atAppend(2));
    expect({ ran, kept: rows.map(({ name }) => name) }).toEqual({ ran: { plan: 2, pay: 1 }, kept: ["pay", "now"] });
  });

  test("knows its identity, equal in every life and safe in a header, and how often it may have begun", async () => {
    const frames: unknown[] = [];
    const pay = tool("pay/ünïcode card", (_, call) => void frames.push([call.run?.key, call.run?.attempt]));
    const deep = (depth: number): Tool =>
      tool(`level${depth}`, (_, call) => (depth === 0 ? call.invoke(pay, {}) : call.invoke(deep(depth - 1), {})));
    await twice(
      createWorld(),
      tool("main", (_, call) => call.invoke(deep(8), {})),
      atAppend(1),
    );
    const [[first, before], [second, after]] = frames as [[string, number], [string, number]];
    expect(first).toMatch(/^r\/~[0-9a-f]{20}\/tool:pay__n_code_card:[0-9a-f]{12}#1$/);
    expect({ second, before, after }).toEqual({ second: first, before: 0, after: 1 });
    expect(first.length).toBeLessThan(255);
  });

  test("that is stopped by its own time-out has failed for good, even if it would have ended later", async () => {
    const world = createWorld();
    let ran = 0;
    const slow = tool("slow", async (_, call) => {
      ran++;
      await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => setImmediate(resolve)));
      return "late";
    });
    const main = tool("main", async (_, call) => {
      const work = call.invoke(slow, {}, { timeout: 100 }).catch((error: { code: string }) => error.code);
      setImmediate(() => world.clock.jump(200));
      const first = await work;
      await call.now();
      return first;
    });
    const { record, rows } = await twice(world, main, atAppend(2));
    expect({ output: record?.output, ran }).toEqual({ output: "call.timed_out", ran: 1 });
    expect(rows.filter(({ name }) => name === "slow")).toHaveLength(1);
  });

  test("does not begin before the time-out that its caller acts on is written", async () => {
    const world = createWorld();
    const slow = tool("slow", () => new Promise(() => {}));
    let written: boolean | undefined;
    const next = tool("next", () => {
      written = [...world.kept].some((key) => key.includes("tool:slow"));
    });
    const main = tool("main", async (_, call) => {
      const work = call.invoke(slow, {}, { timeout: 100 }).catch(() => {});
      setImmediate(() => world.clock.jump(200));
      await work;
      await call.invoke(next, {});
    });
    const { status } = await twice(world, main, undefined);
    expect({ status, written }).toEqual({ status: "done", written: true });
  });
});

describe("what a run records", () => {
  test("is the same in every life: time, chance and ids", async () => {
    const seen: unknown[] = [];
    const main = tool("main", async (_, call) => {
      seen.push([await call.now(), await call.random(), await call.uniqueId(), await call.uniqueId()]);
      await call.now();
    });
    await twice(createWorld(), main, atAppend(5));
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
  });

  test("is when a sleep ends: the time the process was dead counts", async () => {
    const world = createWorld();
    const main = tool("main", async (_, call) => {
      await call.sleep(4000);
      return call.now();
    });
    const started = world.clock.now();
    // 5 s pass while nobody runs.
    const { record } = await twice(world, main, atAppend(1, "after"));
    expect(Number(record?.output) - started).toBeLessThan(6000);
  });
});

test("kept steps that changed code no longer asks for are reported", async () => {
  const world = createWorld();
  const step = tool("step", () => 1);
  let version = 1;
  const main = tool("main", async (_, call) => {
    await call.invoke(step, { version: version++ });
    await call.now();
  });
  const bring = (kernel: Kernel) => void kernel.provide("tool", main);
  await using first = await world.live({ bring, dies: atAppend(2) });
  await first.engine.start(main, {}, { id: "r" });
  await first.died;
  await first.kernel.end();
  world.clock.jump(5000);
  const rows = await world.journal.rows("r");
  await using second = await world.live({ bring });
  world.clock.jump(60);
  await second.ended("r");
  expect(second.logged.filter((line) => line.includes(rows[0]?.key ?? "?"))).toHaveLength(1);
});
