import { defineTool, type Engine } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { workflowAction } from "../src/index.ts";
import { createWorld, type LifeOptions, pass, turns, type World } from "./world.ts";

const EXPECTED = { receipt: "receipt 1", mail: "mailed", decision: "approve" };

/** A workflow with parallel nodes, a step that may happen only once, a caught failure, a sleep and a question. */
function story(world: World) {
  const ran: string[] = [];
  const repeated: string[] = [];
  const tool = (name: string, run: (input: Readonly<Record<string, unknown>>) => unknown, effect?: "once") => {
    const described = defineTool({
      name,
      input: { type: "object" },
      run(input, call) {
        if (world.kept.has(call.run?.key ?? "")) repeated.push(name);
        ran.push(name);
        return run(input);
      },
    });
    return effect === undefined ? described : { ...described, effect };
  };
  const tools = [
    tool("charge", () => ({ id: 1 }), "once"),
    tool("mail", () => "mailed"),
    tool("flaky", () => {
      throw new Error("always");
    }),
    tool("receipt", ({ id }) => `receipt ${String(id)}`),
    tool("refund", () => ({ id: 1 })),
  ];
  const flow = workflowAction({
    name: "order",
    version: "1",
    nodes: [
      { id: "charge", use: "tool", with: { tool: "charge" } },
      // A charge in doubt is not repeated: it is looked up (here: refund gives the same id).
      { id: "lookup", use: "tool", with: { tool: "refund" }, after: ["charge:failed"] },
      { id: "mail", use: "tool", with: { tool: "mail" } },
      { id: "flaky", use: "tool", with: { tool: "flaky" }, retry: { times: 1, backoff: 100 } },
      { id: "decide", use: "ask", with: { title: "Go on?", options: ["approve", "reject"] }, after: ["flaky:failed"] },
      {
        id: "receipt",
        use: "tool",
        with: { tool: "receipt", input: { id: 1 } },
        after: ["charge", "lookup", "decide:approve"],
        join: "any",
      },
    ],
    output: { receipt: "${receipt}", mail: "${mail}", decision: "${decide.value}" },
  });
  const bring = (kernel: Kernel) => {
    for (const each of tools) kernel.provide("tool", each);
    kernel.provide("workflow", flow);
  };
  return { flow, bring, ran, repeated };
}

/** Lets time pass and questions be answered until the run has ended or this process has died. */
async function drive(world: World, engine: Engine, dead: () => boolean): Promise<boolean> {
  for (let round = 0; round < 40 && !dead(); round++) {
    await pass(world, 60);
    const open = await world.journal.tasks({ status: "open" });
    for (const { token } of open) await engine.decide(token, { value: "approve", by: "ann" }).catch(() => {});
    await turns(3);
    if ((await world.journal.get("r"))?.finishedAt !== undefined) return true;
  }
  return false;
}

/** One life that may die; starts the run if there is none. */
async function liveOnce(
  world: World,
  { flow, bring }: ReturnType<typeof story>,
  dies?: LifeOptions["dies"],
): Promise<boolean> {
  const life = await world.live({ bring, ...(dies !== undefined && { dies }) });
  // A client that does not hear whether its start was kept starts again with the same id.
  await life.engine.start(flow, {}, { id: "r" }).catch(() => {});
  const ended = await drive(world, life.engine, () => life.dead);
  await life.kernel.end();
  world.clock.jump(5000);
  return ended;
}

/** Dies at the given writing call of the journal, before or after it is done. */
function dyingAt(
  point: number,
  at: "before" | "after",
): { readonly dies: NonNullable<LifeOptions["dies"]>; calls(): number } {
  let calls = 0;
  const dies = (when: "before" | "after") => {
    if (when === "before") calls++;
    return when === at && calls === point;
  };
  return { dies, calls: () => calls };
}

interface Point {
  readonly point: number;
  readonly at: "before" | "after";
}

const NOWHERE: Point = { point: Number.MAX_SAFE_INTEGER, at: "before" };

function pointsUpTo(calls: number): readonly Point[] {
  const points = Array.from({ length: calls }, (_, index) => index + 1);
  return points.flatMap((point) => [
    { point, at: "before" as const },
    { point, at: "after" as const },
  ]);
}

async function crashAt(points: readonly Point[]) {
  const world = createWorld();
  const order = story(world);
  let calls = 0;
  for (const { point, at } of points) {
    const counter = dyingAt(point, at);
    await liveOnce(world, order, counter.dies);
    calls = counter.calls();
  }
  for (let lives = 0; lives < 5 && !(await liveOnce(world, order)); lives++);
  const record = await world.journal.get("r");
  const charged = order.ran.filter((name) => name === "charge").length;
  return {
    calls,
    status: record?.status,
    output: record?.output,
    repeated: order.repeated,
    chargedAtMostOnce: charged <= 1,
    tasks: (await world.journal.tasks()).length,
  };
}

const right = { status: "done", output: EXPECTED, repeated: [], chargedAtMostOnce: true, tasks: 1 };

test("a crash before or after any call of the journal loses nothing, repeats nothing and ends right", async () => {
  const { calls, ...unharmed } = await crashAt([NOWHERE]);
  expect(unharmed).toEqual(right);
  expect(calls).toBeGreaterThan(8);
  for (const point of pointsUpTo(calls)) {
    const { calls: _, ...result } = await crashAt([point]);
    expect({ ...point, ...result }).toEqual({ ...point, ...right });
  }
});

/** The writing calls of a life that goes on after the given crash. */
async function callsAfter(first: Point): Promise<number> {
  return (await crashAt([first, NOWHERE])).calls;
}

test("so does every second crash in the life that recovers from the first", async () => {
  const { calls } = await crashAt([NOWHERE]);
  let pairs = 0;
  for (const first of pointsUpTo(calls)) {
    for (const second of pointsUpTo(await callsAfter(first))) {
      pairs++;
      const { calls: _, ...result } = await crashAt([first, second]);
      expect({ first, second, ...result }).toEqual({ first, second, ...right });
    }
  }
  expect(pairs).toBeGreaterThan(calls * calls);
}, 60_000);
