import type { Agent, PluginContext } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { type AgentShelf, type BoundedAgent, createAgentShelf } from "./agent-shelf.ts";

const agent = (name: string): Agent => ({ kind: "agent", name, run: () => "done" });
const bounded = (name: string, calls: number | undefined): BoundedAgent => ({
  agent: agent(name),
  ...(calls === undefined ? {} : { budget: { limits: { calls } } }),
});

async function open() {
  let shelf: AgentShelf | undefined;
  const setup = (ctx: PluginContext) => {
    shelf = createAgentShelf(ctx);
  };
  const kernel = await testKernel({ name: "folder", version: "1.0.0", setup });
  const place = async (made: BoundedAgent, before?: { name: string; takeBack: () => void }) => {
    const takeBack = (await shelf?.place(made, before)) ?? (() => {});
    return { name: made.agent.name, takeBack };
  };
  const left = () => kernel.budgets.list().map(({ name, limits, spent }) => [name, limits.calls, spent.calls]);
  const ask = (name: string) => kernel.invoke(kernel.get("agent", name), {});
  return { kernel, place, left, ask, [Symbol.asyncDispose]: () => kernel.end() };
}

test("what an agent has used counts on in its next version, and goes with the last one", async () => {
  await using at = await open();
  const first = await at.place(bounded("ann", 3));
  await at.ask("ann");
  const second = await at.place(bounded("ann", 3), first);
  await at.ask("ann");
  expect(at.left()).toEqual([["agent:ann", 3, 2]]);
  second.takeBack();
  expect(at.left()).toEqual([]);
});

test("another budget begins anew, and none at all bounds nothing", async () => {
  await using at = await open();
  const first = await at.place(bounded("ann", 1));
  await at.ask("ann");
  const second = await at.place(bounded("ann", 2), first);
  await at.ask("ann");
  expect(at.left()).toEqual([["agent:ann", 2, 1]]);
  await at.place(bounded("ann", undefined), second);
  expect(at.left()).toEqual([]);
});

test("an agent that takes over under another name leaves no budget behind", async () => {
  await using at = await open();
  const first = await at.place(bounded("ann", 1));
  await at.place(bounded("ben", 2), first);
  expect(at.left()).toEqual([["agent:ben", 2, 0]]);
});

test("a budget that is refused lets no agent in, and the one before keeps its own", async () => {
  await using at = await open();
  const first = await at.place(bounded("ann", 1));
  await expect(at.place(bounded("ann", -1), first)).rejects.toMatchObject({ code: "budget.bad" });
  expect([at.left(), await at.ask("ann")]).toEqual([[["agent:ann", 1, 0]], "done"]);
  await expect(at.place(bounded("ben", -1))).rejects.toMatchObject({ code: "budget.bad" });
  expect(at.kernel.agents().map(({ name }) => name)).toEqual(["ann"]);
});

test("the end of the folder takes its budgets away", async () => {
  await using at = await open();
  await at.place(bounded("ann", 1));
  await at.kernel.unplug("folder");
  expect(at.left()).toEqual([]);
});
