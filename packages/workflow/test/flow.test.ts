import type { AnyAction, Call } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { all, map, race, saga } from "../src/index.ts";
import { createWorld, tool, turns, type World } from "./world.ts";

const SEEDS = 400;

/** Runs a flow to its end, through as many lives as that takes. */
async function through(flow: AnyAction, random: () => number, { world, dying }: { world: World; dying: number }) {
  for (let lives = 1; lives <= 100; lives++) {
    const dies = (_: string, method: string) => method === "append" && random() < dying;
    const bring = (kernel: Kernel) => void kernel.provide("tool", flow as never);
    const life = await world.live({ dies, bring });
    if (lives === 1) await life.engine.start(flow, {}, { id: "r" });
    else world.clock.jump(60);
    await Promise.race([life.died, life.ended("r")]);
    await life.kernel.end();
    world.clock.jump(5000);
    const record = await world.journal.get("r");
    if (record?.finishedAt !== undefined) return { record, lives };
  }
  throw new Error("the run does not end");
}

/** Tools that take a while that differs each time. */
function tools(random: () => number, kept: ReadonlySet<string>) {
  const repeated: string[] = [];
  const made = new Map<string, number>();
  const make = (name: string, work: (n: number) => unknown) =>
    tool(name, async ({ n }, call) => {
      const key = call.run?.key ?? "";
      if (kept.has(key)) repeated.push(key);
      await turns(Math.floor(random() * 5));
      made.set(`${name} ${String(n)}`, (made.get(`${name} ${String(n)}`) ?? 0) + 1);
      return work(Number(n));
    });
  const double = make("double", (n) => n * 2);
  const plus = make("plus", (n) => n + 1);
  const odd = make("odd", (n) => {
    if (n % 2 === 0) throw new Error(`${n} is even`);
    return n;
  });
  const undo = make("undo", (n) => n);
  return { double, plus, odd, undo, repeated, made };
}

/** Every part of a flow once, nested: what comes out may depend on who was first, but on nothing that a crash changes. */
function everything({ double, plus, odd, undo }: ReturnType<typeof tools>) {
  return tool("flow", async (_, call) => {
    const numbers = await map(
      call,
      [1, 2, 3, 4],
      async (n, own) => Number(await own.invoke(plus, { n: Number(await own.invoke(double, { n })) })),
      { concurrency: 2 },
    );
    const won = await race(call, {
      left: async (own) => own.invoke(double, { n: Number(await own.invoke(plus, { n: 10 })) }),
      right: async (own) => own.invoke(double, { n: Number(await own.invoke(plus, { n: 20 })) }),
    });
    // A step that depends on the winner: were there ever two winners, there would be two of it.
    const after = await call.invoke(plus, { n: won.winner === "left" ? 100 : 200 });
    const settled = await map(call, numbers.slice(0, 2), (n, own) => own.invoke(odd, { n: n + 1 }), {
      errors: "collect",
    });
    const both = await all(call, {
      sum: (own) => own.invoke(plus, { n: numbers.reduce((sum, each) => sum + each, 0) }),
      undone: (own) => booked(own, { plus, odd, undo }),
    });
    return { numbers, won, after, failed: settled.filter((each) => "error" in each).length, ...both };
  });
}

async function booked(call: Call, { plus, odd, undo }: Pick<ReturnType<typeof tools>, "plus" | "odd" | "undo">) {
  const failure = saga(call, async (own, compensate) => {
    for (const n of [1000, 2000]) {
      await own.invoke(plus, { n });
      compensate((undoing) => undoing.invoke(undo, { n }));
    }
    await own.invoke(odd, { n: 2 });
  });
  return failure.catch((error: Error) => error.message);
}

test(`${SEEDS} flows of all, map, race and saga that crash at random appends end as they would have`, async () => {
  const seen = { lives: 0, winners: new Set<string>() };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const world = createWorld();
    const used = tools(random, world.kept);
    const { record, lives } = await through(everything(used), random, { world, dying: 0.08 });
    const output = record.output as { won: { winner: "left" | "right" } };
    const { winner } = output.won;
    seen.lives += lives;
    seen.winners.add(winner);
    expect({
      seed,
      output,
      repeated: used.repeated,
      other: used.made.get(`plus ${winner === "left" ? 200 : 100}`),
    }).toEqual({
      seed,
      output: {
        numbers: [3, 5, 7, 9],
        won: winner === "left" ? { winner, value: 22 } : { winner, value: 42 },
        after: winner === "left" ? 101 : 201,
        failed: 2,
        sum: 25,
        undone: "2 is even",
      },
      repeated: [],
      other: undefined,
    });
    expect([used.made.has("undo 1000"), used.made.has("undo 2000")], `seed ${seed}`).toEqual([true, true]);
  }
  // Otherwise the test proves nothing.
  expect({ crashed: seen.lives > SEEDS * 2, winners: seen.winners.size }).toEqual({ crashed: true, winners: 2 });
}, 60_000);

/** Runs one flow in one life, without crashes. */
async function once(flow: (call: Call) => unknown) {
  const world = createWorld();
  const { record } = await through(
    tool("flow", (_, call) => flow(call)),
    () => 1,
    { world, dying: 0 },
  );
  return { ...record, rows: await world.journal.rows("r") };
}

test("never more branches are at work than allowed, and the first failure stops the others", async () => {
  let working = 0;
  let most = 0;
  const begun: number[] = [];
  const stopped: number[] = [];
  const work = tool("work", async ({ n }, call) => {
    begun.push(Number(n));
    most = Math.max(most, ++working);
    call.signal.addEventListener("abort", () => stopped.push(Number(n)));
    await turns(n === 1 ? 30 : 2);
    working--;
    if (n === 2) throw new Error("no two");
  });
  const { error } = await once((call) =>
    map(call, [1, 2, 3, 4], (n, own) => own.invoke(work, { n }), { concurrency: 2 }),
  );
  expect({ most, begun, stopped, message: error?.message }).toEqual({
    most: 2,
    begun: [1, 2],
    stopped: [1],
    message: "no two",
  });
});

test("with `skip`, a race is won by the first that does not fail; when all fail, it says why", async () => {
  const no = (why: string) => () => Promise.reject(new Error(why));
  const { output } = await once((call) =>
    race(call, { a: no("down"), b: (own) => own.sleep(0).then(() => "up") }, { errors: "skip" }),
  );
  const { error } = await once((call) => race(call, { a: no("down"), b: no("out") }, { errors: "skip" }));
  expect([output, error?.code, error?.message]).toEqual([
    { winner: "b", value: "up" },
    "flow.all_failed",
    expect.stringContaining("a: down; b: out"),
  ]);
});

test("what fails is undone in reverse, one that cannot be undone is named, and success undoes nothing", async () => {
  const did: string[] = [];
  const step = tool("step", ({ name }) => {
    did.push(String(name));
    if (name === "undo b") throw new Error("b sticks");
  });
  const work = (fails: boolean) => (call: Call) =>
    saga(call, async (own, compensate) => {
      for (const name of ["a", "b", "c"]) {
        await own.invoke(step, { name });
        compensate((undoing) => undoing.invoke(step, { name: `undo ${name}` }));
      }
      if (fails) throw new Error("too late");
      return "kept";
    });
  const { error } = await once(work(true));
  expect(did).toEqual(["a", "b", "c", "undo c", "undo b", "undo a"]);
  expect(error).toMatchObject({ code: "flow.not_undone", message: expect.stringMatching(/b sticks.*too late/) });
  did.length = 0;
  expect((await once(work(false))).output).toBe("kept");
  expect(did).toEqual(["a", "b", "c"]);
});

test("the crash that changes a failing mind changes nothing: what began to be undone is undone", async () => {
  const world = createWorld();
  let lives = 0;
  const undone: string[] = [];
  const undo = tool("undo", ({ name }) => void undone.push(String(name)));
  let life: Awaited<ReturnType<World["live"]>> | undefined;
  const flow = tool("flow", (_, call) => {
    lives++;
    return saga(call, async (_own, compensate) => {
      compensate(async (undoing) => {
        if (lives === 1) life?.kill();
        await undoing.invoke(undo, { name: "a" });
      });
      // No step: another life would not fail.
      if (lives === 1) throw new Error("a mood");
    });
  });
  const bring = (kernel: Kernel) => void kernel.provide("tool", flow);
  life = await world.live({ bring });
  await life.engine.start(flow, {}, { id: "r" });
  await life.died;
  await turns();
  await life.kernel.end();
  world.clock.jump(5000);
  await using next = await world.live({ bring });
  world.clock.jump(60);
  expect(await next.ended("r")).toBe("failed");
  expect((await world.journal.get("r"))?.error?.message).toBe("a mood");
  expect(undone.at(-1)).toBe("a");
});
