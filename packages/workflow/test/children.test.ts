import type { Call, Engine, Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { createWorld, pass, tool, turns } from "./world.ts";

/** A parent that begins children in the engine of its own process, and the children. */
function family(child: Tool, run: (call: Call, begin: (input: object) => ReturnType<Engine["start"]>) => unknown) {
  const main = tool("main", (_, call) =>
    run(call, (input) => call.get("engine", "runs").start(child, input, { under: call })),
  );
  const bring = (kernel: Kernel) => {
    for (const each of [main, child]) kernel.provide("tool", each);
  };
  return { main, bring };
}

test("a child is begun once, its result is a step of its parent, and it is found by its parent", async () => {
  const world = createWorld();
  const child = tool("child", async ({ n }, call) => {
    await call.sleep(100);
    if (n === 2) throw new Error("no twos");
    return `child ${String(n)}`;
  });
  const { main, bring } = family(child, async (_, begin) => {
    const [one, two] = await Promise.all([begin({ n: 1 }), begin({ n: 2 })]);
    return [await one.result(), await two.result().catch((error: Error) => error.message)];
  });
  await using life = await world.live({ bring, maxConcurrent: 1 });
  const run = await life.engine.start(main, {}, { id: "r" });
  await pass(world, 2000);
  expect(await run.result()).toEqual(["child 1", "no twos"]);
  const children = await life.engine.list({ parent: "r" });
  expect(children.map(({ status }) => status).sort()).toEqual(["done", "failed"]);
  const rows = (await run.steps()).map(({ type, kind, name }) => `${type} ${kind} ${name}`);
  expect(rows).toEqual(["child tool child", "child tool child", "step run child", "step run child"]);
});

test("a parent that waits for its child is parked, and goes on when the child ends", async () => {
  const world = createWorld();
  const child = tool("child", async (_, call) => (await call.hear("go"))?.body);
  const { main, bring } = family(child, async (_, begin) => (await begin({})).result());
  await using life = await world.live({ bring, parkAfterMs: 1000 });
  await life.engine.start(main, {}, { id: "r" });
  await pass(world, 4000);
  expect(await world.journal.list({ owned: true })).toEqual([]);
  const [one] = await life.engine.list({ parent: "r" });
  await life.engine.open(one?.id ?? "").signal("go", "well");
  await turns(60);
  expect(await world.journal.get("r")).toMatchObject({ status: "done", output: "well" });
});

test("a parent that is cancelled cancels its children, wherever they wait", async () => {
  const world = createWorld();
  const child = tool("child", (_, call) => call.sleep(86_400_000));
  const { main, bring } = family(child, async (_, begin) => (await begin({})).result());
  await using life = await world.live({ bring, parkAfterMs: 1000 });
  const run = await life.engine.start(main, {}, { id: "r" });
  await pass(world, 4000);
  await run.cancel("enough");
  await pass(world, 1000);
  const [one] = await life.engine.list({ parent: "r" });
  expect([await run.status(), one?.status]).toEqual(["cancelled", "cancelled"]);
});

test("only a call that a run keeps can have children", async () => {
  const child = tool("child", () => 1);
  const { main, bring } = family(child, (_, begin) => begin({}));
  await using life = await createWorld().live({ bring });
  await expect(life.kernel.invoke(main, {})).rejects.toMatchObject({ code: "run.needs_parent" });
});
