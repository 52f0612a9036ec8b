import type { AnyAction, Call, Json } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { diffRuns, race, replayCheck, workflowAction } from "../src/index.ts";
import { createWorld, pass, tool, turns } from "./world.ts";

/** A run of a flow that waits for an answer, and what a later process may have in place of the flow. */
async function waiting(flow: AnyAction, more: readonly AnyAction[] = []) {
  const world = createWorld();
  const ran: string[] = [];
  const step = tool("step", ({ name }) => {
    ran.push(String(name));
    return name;
  });
  const bring =
    (...actions: readonly AnyAction[]) =>
    (kernel: Kernel) => {
      // Each goes to the shelf of its own kind.
      for (const action of [step, ...actions, ...more]) kernel.provide(action.kind as "tool", action as never);
    };
  const life = await world.live({ bring: bring(flow) });
  await life.engine.start(flow, {}, { id: "r" });
  await turns();
  await life.kernel.end();
  ran.length = 0;
  return { world, ran, life: (...actions: readonly AnyAction[]) => world.live({ bring: bring(...actions) }) };
}

const engineOf = (call: Call) => call.get("engine", "runs");
const does = (name: string) => (call: Call) => call.invoke(call.get("tool", "step"), { name });
const flowOf = (run: (call: Call) => unknown, more: object = {}) => tool("flow", (_, call) => run(call), more);

const first = flowOf(async (call) => {
  await does("a")(call);
  await Promise.all([does("b")(call), does("c")(call)]);
  await call.ask({ title: "Go on?" });
  return does("d")(call);
});

test("unchanged code goes on where the run stands; nothing is done, told or written", async () => {
  const { world, ran, life } = await waiting(first);
  await using later = await life(first);
  const told: string[] = [];
  later.kernel.watch({ trace: "r" }, ({ type }) => told.push(type));
  const before = [await world.journal.get("r"), await world.journal.rows("r")];
  expect(await replayCheck(later.kernel)).toEqual([
    { run: "r", kind: "tool", name: "flow", status: "waiting", breaks: false, next: [], orphans: [] },
  ]);
  const [task] = await world.journal.tasks();
  await world.journal.answer(task?.token ?? "", { value: "yes", by: "ann" });
  expect(await replayCheck(later.kernel)).toMatchObject([
    { breaks: false, next: [expect.stringMatching(/^tool:step:/)], orphans: [] },
  ]);
  expect({ ran, told }).toEqual({ ran: [], told: [] });
  expect([(await world.journal.get("r"))?.epoch, await world.journal.rows("r")]).toEqual([
    (before[0] as { epoch: number }).epoch,
    before[1],
  ]);
});

test("steps that changed code asks for no more are named, in nested calls too", async () => {
  const { ran, life } = await waiting(first);
  const changed = flowOf(async (call) => {
    await does("a")(call);
    await does("B")(call);
  });
  await using later = await life(changed);
  const [verdict] = await replayCheck(later.kernel, { name: "flow" });
  expect(verdict).toMatchObject({ breaks: true, next: [expect.stringMatching(/^tool:step:/)] });
  // Two steps and the question.
  expect(verdict?.orphans).toHaveLength(3);
  // The code that is to be served may be tried beside the one that is.
  expect(await replayCheck(later.kernel, { run: "r", action: first })).toMatchObject([{ breaks: false }]);
  expect(ran).toEqual([]);
});

test("another version, a failure and a missing action break a run; an accepted version does not", async () => {
  const versioned = { ...first, version: "1" };
  const { life } = await waiting(versioned);
  await using none = await life();
  expect(await replayCheck(none.kernel)).toMatchObject([{ breaks: true, missing: true }]);
  const failing = flowOf(() => Promise.reject(new Error("not today")));
  const check = (action: AnyAction) => replayCheck(none.kernel, { action });
  expect(await check({ ...first, version: "2" } as AnyAction)).toMatchObject([
    { breaks: true, version: { began: "1", now: "2" }, orphans: [] },
  ]);
  expect(await check({ ...first, version: "2", accepts: ["1"] } as AnyAction)).toMatchObject([{ breaks: false }]);
  expect(await check(failing)).toMatchObject([{ breaks: true, failure: { message: "not today" } }]);
  await expect(replayCheck(none.kernel, { run: "x" })).rejects.toMatchObject({ code: "run.not_found" });
});

test("a workflow is checked by the definition that its run pinned, whatever its file has become", async () => {
  const nodes = [
    { id: "a", use: "tool", with: { tool: "step", input: { name: "a" } } },
    { id: "wait", use: "ask", with: { title: "Go on?" }, after: ["a"] },
  ];
  const { ran, life } = await waiting(workflowAction({ name: "flow", version: "1", nodes }));
  await using later = await life(workflowAction({ name: "flow", version: "2", nodes: nodes.slice(0, 1) }));
  expect(await replayCheck(later.kernel)).toMatchObject([{ breaks: false, next: [], orphans: [] }]);
  expect(ran).toEqual([]);
});

test("children, signals, times and chance of a run are asked for again, and none is begun", async () => {
  const flow = flowOf(async (call) => {
    const child = await engineOf(call).start(call.get("tool", "step"), { name: "child" }, { under: call });
    await child.result();
    await call.hear("go");
    await call.now();
    await call.sleep(5);
    await race(call, { a: does("a"), never: (own) => own.hear("never") });
    return engineOf(call)
      .start(call.get("tool", "step"), { name: "other" }, { under: call })
      .then((other) => other.result());
  });
  const world = createWorld();
  const slow = tool("step", ({ name }) => (name === "other" ? new Promise(() => {}) : name));
  const bring = (kernel: Kernel) => {
    for (const each of [slow, flow]) kernel.provide("tool", each);
  };
  const life = await world.live({ bring });
  await life.engine.start(flow, {}, { id: "r" });
  await life.engine.open("r").signal("go");
  await pass(world, 2000);
  await life.kernel.end();
  const begun = (await world.journal.list()).length;
  await using later = await world.live({ bring, maxConcurrent: 0 });
  expect(await replayCheck(later.kernel, { run: "r" })).toMatchObject([{ breaks: false, next: [], orphans: [] }]);
  const changed = flowOf((call) => does("a")(call));
  const [verdict] = await replayCheck(later.kernel, { run: "r", action: changed });
  const kinds = new Set(verdict?.orphans.map((key) => /^(\w+)/.exec(key)?.[1]));
  expect([...kinds].toSorted()).toEqual(["hear", "node", "now", "result", "run", "sleep"]);
  expect((await world.journal.list()).length).toBe(begun);
});

const row = (key: string, body: Json, more: object = {}) => {
  const [, kind = "", name = ""] = /^(?:.*\/)?(\w+):(\w+)/.exec(key) ?? [];
  return { seq: 0, key, parent: "", type: "step" as const, kind, name, body, at: 0, ...more };
};

test("of two runs, each step is the same, asked or answered otherwise, or only in one", () => {
  const a = [
    row("tool:pay:aaaaaaaaaaaa#1", 1),
    row("tool:mail:aaaaaaaaaaaa#1", "ok"),
    row("tool:mail:bbbbbbbbbbbb#1", "ok"),
    row("now#1", 5, { type: "value" }),
    row("workflow:sub:aaaaaaaaaaaa#1/tool:ship:aaaaaaaaaaaa#1", 1),
    row("tool:gone:aaaaaaaaaaaa#1", 1),
  ];
  const b = [
    row("tool:pay:aaaaaaaaaaaa#1", 2),
    row("tool:mail:bbbbbbbbbbbb#1", "ok"),
    row("tool:mail:cccccccccccc#1", "ok"),
    row("now#1", 6, { type: "value" }),
    row("workflow:sub:bbbbbbbbbbbb#1/tool:ship:aaaaaaaaaaaa#1", 1),
    row("tool:new:aaaaaaaaaaaa#1", 1),
  ];
  expect(diffRuns(a, b).map(({ status, name }) => `${name} ${status}`)).toEqual([
    "pay result",
    "mail input",
    "mail same",
    "ship input",
    "gone only-a",
    "new only-b",
  ]);
  expect(diffRuns(a, a).every(({ status }) => status === "same")).toBe(true);
});
