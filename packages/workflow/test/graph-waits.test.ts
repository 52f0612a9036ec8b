import type { Json } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { type NodeDefinition, workflowAction } from "../src/index.ts";
import { flowOf } from "./flows.ts";
import { createWorld, type LifeOptions, pass, tool, turns } from "./world.ts";

/** A workflow that is started in one life and goes on in another. */
function story(nodes: readonly NodeDefinition[], options: LifeOptions = {}) {
  const world = createWorld();
  const flow = workflowAction(flowOf(nodes));
  const ran: Json[] = [];
  const work = tool("work", async ({ n = null }) => {
    ran.push(n as Json);
    await turns(2);
    return n;
  });
  const bring = (kernel: Kernel) => {
    kernel.provide("tool", work);
    kernel.provide("workflow", flow);
  };
  return { world, flow, ran, live: () => world.live({ bring, ...options }) };
}

const hear = (settings: Readonly<Record<string, Json>>) => [
  { id: "paid", use: "hear", with: settings },
  { id: "late", use: "join", with: { outputs: "nobody came" }, after: ["paid:timeout"] },
  { id: "thanks", use: "join", with: { outputs: "${paid.body}" }, after: ["paid:done"] },
];

test("a node hears what is said to its run, early or late, in whatever life, or that its time is over", async () => {
  const { world, flow, live } = story(hear({ signal: "paid", timeout: "1h" }));
  const first = await live();
  const early = await first.engine.start(flow, {}, { id: "early" });
  await early.signal("paid", { euros: 5 });
  expect(await early.result()).toEqual({ thanks: { euros: 5 } });
  await first.engine.start(flow, {}, { id: "later" });
  await first.engine.start(flow, {}, { id: "never" });
  await turns();
  await first.kernel.end();
  await using second = await live();
  await pass(world, 1000);
  expect(await second.engine.open("later").signal("paid", { euros: 7 }, { id: "s1" })).toBe(true);
  expect(await second.engine.open("later").signal("paid", { euros: 9 }, { id: "s1" })).toBe(false);
  expect(await second.engine.open("later").result()).toEqual({ thanks: { euros: 7 } });
  world.clock.jump(3_600_000);
  await pass(world, 2000);
  expect(await second.engine.open("never").result()).toEqual({ late: "nobody came" });
});

test("a node hears a message of a topic", async () => {
  const { world, flow, live } = story(hear({ topic: "payments.*" }));
  await using life = await live();
  await pass(world, 500);
  const run = await life.engine.start(flow, {}, { id: "r" });
  await turns();
  await pass(world, 500);
  await life.kernel.send({ to: "topic:payments.in", type: "paid", body: { euros: 3 } });
  expect(await run.result()).toEqual({ thanks: { euros: 3 } });
});

test("a node with a queue is a run of its own, under the limits of the queue; its outcome goes on as ever", async () => {
  const nodes = [
    ...[1, 2, 3].map((n) => ({ id: `n${n}`, use: "tool", with: { tool: "work", input: { n } }, queue: "slow" })),
    { id: "failed", use: "tool", with: { tool: "absent" }, queue: "slow" },
    { id: "caught", use: "join", with: { outputs: "${failed.error.code}" }, after: ["failed:failed"] },
    { id: "sum", use: "join", after: ["n1", "n2", "n3"], join: "all" as const },
  ];
  const { world, flow, ran, live } = story(nodes, { queues: [{ name: "slow", concurrency: 1 }] });
  await using life = await live();
  await pass(world, 500);
  const run = await life.engine.start(flow, {}, { id: "r" });
  await pass(world, 4000);
  expect(await run.result()).toEqual({ caught: "registry.not_found", sum: { n1: 1, n2: 2, n3: 3 } });
  expect(ran.toSorted()).toEqual([1, 2, 3]);
  const children = await life.engine.list({ parent: "r" });
  expect(children.map(({ queue, kind, name, status }) => `${queue} ${kind} ${name} ${status}`).toSorted()).toEqual([
    "slow node tool done",
    "slow node tool done",
    "slow node tool done",
    "slow node tool failed",
  ]);
});

test("outside of a run, there is no queue to enter", async () => {
  const { flow, live } = story([{ id: "n", use: "tool", with: { tool: "work" }, queue: "slow" }]);
  await using life = await live();
  await expect(life.kernel.invoke(flow, {})).rejects.toMatchObject({
    message: expect.stringContaining('for the queue "slow"'),
  });
});
