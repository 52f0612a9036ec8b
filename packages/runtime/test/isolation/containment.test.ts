import type { Agent, Event } from "@mofa/kernel";
import { type TestKernel, testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { fixture, until } from "./open.ts";

/** What an isolate must not be able to do, and what its turn is told then. */
const DEEDS = [
  ["exit 0", "isolation.exited", {}],
  ["throw in a timer", "isolation.threw", {}],
  ["reject unseen", "isolation.threw", {}],
  ["loop for ever", "isolation.hung", { cpuMs: 300 }],
  ["fill the heap", "isolation.out_of_memory", { heapMb: 32 }],
  ["fill memory outside of the heap", "isolation.out_of_memory", { heapMb: 64 }],
  // With room for what waits to be read: it is the watchdog that ends it.
  ["flood with events", /isolation.(out_of_memory|hung)/, { heapMb: 512, cpuMs: 500 }],
  ["write beside the channel", "isolation.bad_message", {}],
  ["write a huge line", "isolation.bad_message", { maxMessageMb: 1 }],
  ["write a poisoned message", "isolation.bad_message", {}],
] as const;

const neighbour: Agent<number, number> = { kind: "agent", name: "neighbour", run: (n) => n + 1 };

/** Calls the neighbour until some work has ended; gives how often it answered meanwhile. */
async function besides(kernel: TestKernel, work: Promise<unknown>): Promise<number> {
  let over = false;
  let answered = 0;
  const settle = () => {
    over = true;
  };
  work.then(settle, settle);
  for (; !over; answered++) {
    expect(await kernel.invoke(neighbour, answered)).toBe(answered + 1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return answered;
}

describe.each(["worker", "process"] as const)("in a %s", (isolation) => {
  test.each(DEEDS)(
    "%s harms nobody else, and the agent comes back",
    async (deed, code, limits) => {
      await using kernel = await testKernel();
      const agent = fixture("misbehaving", isolation, limits);
      kernel.provide("agent", neighbour);
      kernel.provide("agent", agent);
      await kernel.started();

      const work = kernel.invoke(agent, { deed });
      const answered = await besides(kernel, work);
      const error = await work.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "agent.crashed" });
      const { code: why } = (error as Error).cause as { readonly code: string };
      expect(why).toMatch(code);
      expect(answered).toBeGreaterThan(0);

      await back(kernel);
      expect(await kernel.invoke(agent, {})).toBe("well");
      expect(await kernel.invoke(neighbour, 1)).toBe(2);
    },
    30_000,
  );

  test("endless recursion and too many wishes fail only the turn", async () => {
    await using kernel = await testKernel();
    const agent = fixture("misbehaving", isolation);
    kernel.provide("agent", agent);
    await kernel.started();
    await expect(kernel.invoke(agent, { deed: "recurse for ever" })).rejects.toThrow("call stack");
    await expect(kernel.invoke(agent, { deed: "flood with wishes" })).rejects.toMatchObject({
      code: "isolation.too_many_asks",
    });
    expect(await kernel.invoke(agent, {})).toBe("well");
  }, 30_000);

  test("all turns in work fail when it dies, and its state begins anew", async () => {
    await using kernel = await testKernel();
    const agent = fixture("counting", isolation, { concurrency: 3 });
    kernel.provide("agent", agent);
    await kernel.started();
    expect(await kernel.invoke(agent, {})).toBe(1);
    expect(await kernel.invoke(agent, {})).toBe(2);
    const crashed = await Promise.allSettled([
      kernel.invoke(agent, { crash: true }),
      kernel.invoke(agent, { crash: true }),
    ]);
    for (const one of crashed) expect(one).toMatchObject({ status: "rejected", reason: { code: "agent.crashed" } });
    await back(kernel);
    expect(await kernel.invoke(agent, {})).toBe(1);
  }, 30_000);
});

/** Resolves when the one agent that failed is ready again: its supervisor waits a while first. */
async function back(kernel: TestKernel): Promise<void> {
  const changes: Event[] = [];
  const unwatch = kernel.watch({ type: "agent.changed" }, (event) => void changes.push(event));
  const settled = () => kernel.agents().every(({ status }) => status === "ready");
  await kernel.clock.advance(1_000);
  await until(settled);
  unwatch();
}
