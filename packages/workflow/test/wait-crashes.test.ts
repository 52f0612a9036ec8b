// Crashes at every point of a run that hears, is parked, has a child, says something and begins anew.
import { defineWorkflow, type Engine } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { continueAsNew } from "../src/index.ts";
import { createWorld, type LifeOptions, pass, type World } from "./world.ts";

const input = { type: "object" };
const EXPECTED = { turn: 2, heard: ["paid 1", null, "paid 2", null], children: [20, 30] };

/** Two turns of: hear a signal, a topic until a time is over, a child's result; the second ends. */
function story(world: World) {
  const ran: string[] = [];
  const repeated: string[] = [];
  const said = new Set<string>();
  const child = defineWorkflow({
    name: "child",
    version: "1",
    input,
    async run({ n }, call) {
      await call.sleep(500);
      return Number(n) * 10;
    },
  });
  const main = defineWorkflow({
    name: "main",
    version: "1",
    input,
    async run(given, call): Promise<unknown> {
      const {
        turn = 1,
        heard = [],
        children = [],
      } = given as { turn?: number; heard?: unknown[]; children?: unknown[] };
      const step = { kind: "tool", name: "step", run: note };
      await call.invoke(step, { turn });
      await call.send({ to: "topic:told", type: "turn", body: turn });
      const begun = await call.get("engine", "runs").start(child, { n: turn + 1 }, { under: call });
      const paid = await call.hear("paid");
      const nothing = await call.hear("topic:silence", { timeout: 3000 });
      const next = {
        turn,
        heard: [...heard, paid?.body ?? null, nothing ?? null],
        children: [...children, await begun.result()],
      };
      return turn === 2 ? next : continueAsNew(call, { ...next, turn: 2 });
    },
  });
  function note({ turn }: { readonly turn: number }, { run }: { readonly run: { readonly key: string } | undefined }) {
    ran.push(`${turn}`);
    if (world.kept.has(run?.key ?? "")) repeated.push(`${turn}`);
    return turn;
  }
  const bring = (kernel: Kernel) => {
    kernel.provide("workflow", main);
    kernel.provide("workflow", child);
    kernel.watch({ type: "message.sent" }, (event) => {
      if (event.type === "message.sent" && event.to === "topic:told") said.add(event.id);
    });
  };
  return { main, bring, ran, repeated, said };
}

async function liveOnce(world: World, own: ReturnType<typeof story>, dies?: LifeOptions["dies"]): Promise<boolean> {
  const life = await world.live({ bring: own.bring, parkAfterMs: 1000, ...(dies !== undefined && { dies }) });
  await life.engine.start(own.main, {}, { id: "r" }).catch(() => {});
  const ended = await drive(world, life.engine, () => life.dead);
  await life.kernel.end();
  world.clock.jump(5000);
  return ended;
}

async function drive(world: World, engine: Engine, dead: () => boolean): Promise<boolean> {
  for (let round = 0; round < 80 && !dead(); round++) {
    await pass(world, 200);
    // A client that does not hear whether its word was kept says it again, under the same id.
    for (const id of ["1", "2"])
      await engine
        .open("r")
        .signal("paid", `paid ${id}`, { id })
        .catch(() => {});
    if ((await world.journal.get("r"))?.finishedAt !== undefined) return true;
  }
  return false;
}

async function crashAt(point: number, at: "before" | "after") {
  const world = createWorld();
  const own = story(world);
  let calls = 0;
  // Looks and renewals that change nothing are no points of their own.
  const points = ["create", "append"];
  await liveOnce(world, own, (when, method) => {
    if (!points.includes(method)) return false;
    if (when === "before") calls++;
    return when === at && calls === point;
  });
  for (let lives = 0; lives < 4 && !(await liveOnce(world, own)); lives++);
  const record = await world.journal.get("r");
  const children = await world.journal.list({ parent: "r" });
  return {
    calls,
    status: record?.status,
    output: record?.output,
    turn: record?.turn,
    repeated: own.repeated,
    said: own.said.size,
    children: children.map(({ status }) => status),
    signals: (await world.journal.signals("r")).length,
    listens: (await world.journal.listens()).length,
  };
}

test("a crash before or after any append loses no signal, begins no child twice and repeats no turn", async () => {
  const right = {
    status: "done",
    output: EXPECTED,
    turn: 1,
    repeated: [],
    said: 2,
    children: ["done", "done"],
    signals: 0,
    listens: 0,
  };
  const { calls, ...unharmed } = await crashAt(Number.MAX_SAFE_INTEGER, "before");
  expect(unharmed).toEqual(right);
  expect(calls).toBeGreaterThan(15);
  for (let point = 1; point <= calls; point++) {
    for (const at of ["before", "after"] as const) {
      const { calls: _, ...result } = await crashAt(point, at);
      expect({ point, at, ...result }).toEqual({ point, at, ...right });
    }
  }
}, 60_000);
