import { expect, test } from "vitest";
import { agent } from "../../../test/agents.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Task, TaskDraft } from "../../kinds/scheduler.ts";
import { testKernel } from "../../testing/kernel.ts";

/** An agent whose turns take 10 ms, noting every beginning and every end. */
function worker(name: string, log: string[], more: Partial<Agent> = {}): Agent {
  return agent(
    name,
    async (input, call) => {
      log.push(`+${input}`);
      await call.sleep(10).catch((error) => {
        log.push(`!${input} ${error.code}`);
        throw error;
      });
      log.push(`-${input}`);
      return input;
    },
    more,
  );
}

async function busy(...agents: readonly Agent[]) {
  const kernel = await testKernel();
  for (const one of agents) kernel.provide("agent", one);
  await kernel.started();
  const submit = (input: string, draft: Partial<TaskDraft> = {}): Task =>
    kernel.scheduler.submit({ agent: "ann", name: input, input, ...draft });
  const { clock, scheduler } = kernel;
  return { kernel, clock, scheduler, submit, [Symbol.asyncDispose]: () => kernel.end() };
}

test("more urgent work interrupts, and what was interrupted is done afterwards, whole, at its old place", async () => {
  const log: string[] = [];
  await using at = await busy(worker("ann", log));
  const first = at.submit("first", { priority: "low", preemptible: true, tenant: "a", deadline: at.clock.now() + 500 });
  const second = at.submit("second", { priority: "low", tenant: "a" });
  await at.clock.advance(5);
  const urgent = at.submit("urgent", { priority: "high" });
  const before = { id: first.id, result: first.result };
  await at.clock.advance(1);
  expect(at.scheduler.list()).toMatchObject([
    { id: first.id, status: "queued", preempted: 1, tenant: "a", deadline: expect.any(Number) },
    { status: "queued", preempted: 0 },
    { name: "urgent", status: "running" },
  ]);
  await at.clock.advance(50);
  expect({ id: first.id, result: first.result }).toEqual(before);
  expect(await Promise.all([first, second, urgent].map((task) => task.result))).toEqual(["first", "second", "urgent"]);
  expect(log).toEqual([
    "+first",
    "!first task.preempted",
    "+urgent",
    "-urgent",
    "+first",
    "-first",
    "+second",
    "-second",
  ]);
});

test.each([
  ["equally urgent work", { priority: "high", preemptible: true }],
  ["what did not agree to it", { priority: "low" }],
] as const)("%s is not interrupted", async (_, draft) => {
  const log: string[] = [];
  await using at = await busy(worker("ann", log));
  const tasks = [at.submit("first", draft), at.submit("second", { priority: "high" })];
  await at.clock.advance(50);
  await Promise.all(tasks.map((task) => task.result));
  expect(log).toEqual(["+first", "-first", "+second", "-second"]);
});

test("the least urgent is interrupted, of those the youngest, and each for one only", async () => {
  const log: string[] = [];
  await using at = await busy(worker("ann", log, { concurrency: 4 }));
  const preemptible = true;
  const tasks = [
    at.submit("normal", { preemptible }),
    at.submit("low 1", { priority: "low", preemptible }),
    at.submit("low 2", { priority: "low", preemptible }),
    at.submit("low 3", { priority: "low" }),
    at.submit("urgent 1", { priority: "critical" }),
    at.submit("urgent 2", { priority: "critical" }),
  ];
  await at.clock.advance(1);
  const interrupted = at.scheduler.list().filter(({ preempted }) => preempted > 0);
  expect(interrupted.map(({ name }) => name)).toEqual(["low 1", "low 2"]);
  await at.clock.advance(50);
  await Promise.all(tasks.map((task) => task.result));
});

test("five times at most: then it is left to end", async () => {
  const log: string[] = [];
  await using at = await busy(worker("ann", log));
  const tasks = [at.submit("low", { priority: "low", preemptible: true })];
  for (let n = 0; n < 8; n++) {
    await at.clock.advance(5);
    tasks.push(at.submit("urgent", { priority: "critical" }));
    // The urgent one ends, and the low one begins again.
    await at.clock.advance(12);
  }
  await at.clock.advance(100);
  await Promise.all(tasks.map((task) => task.result));
  expect(log.filter((line) => line === "!low task.preempted").length).toBe(5);
  expect(log.filter((line) => line === "-low").length).toBe(1);
});

test("an action that does not heed it keeps its place until it has ended, and is not done twice", async () => {
  const log: string[] = [];
  const deaf = agent("ann", async (input, call) => {
    log.push(`+${input}`);
    await new Promise<void>((resolve) => void later(resolve));
    log.push(`-${input} ${call.signal.aborted}`);
    return input;
  });
  const waiting: (() => void)[] = [];
  const later = (resolve: () => void) => waiting.push(resolve);
  await using at = await busy(deaf);
  const low = at.submit("low", { priority: "low", preemptible: true });
  const urgent = at.submit("urgent", { priority: "critical" });
  await at.clock.advance(5);
  expect([low.status, urgent.status, log]).toEqual(["running", "queued", ["+low"]]);
  waiting.shift()?.();
  await at.clock.advance(5);
  expect([low.status, urgent.status, log]).toEqual(["done", "running", ["+low", "-low true", "+urgent"]]);
  waiting.shift()?.();
  await at.clock.advance(5);
  expect([await low.result, await urgent.result]).toEqual(["low", "urgent"]);
});

test("cancelled or past its deadline while it makes room, a task ends once and does not come back", async () => {
  const log: string[] = [];
  await using at = await busy(worker("ann", log));
  for (const end of ["cancel", "deadline"] as const) {
    const low = at.submit("low", { priority: "low", preemptible: true, deadline: at.clock.now() + 5 });
    await at.clock.advance(end === "cancel" ? 1 : 4);
    const urgent = at.submit("urgent", { priority: "critical" });
    if (end === "cancel") low.cancel();
    await at.clock.advance(50);
    expect([low.status, urgent.status]).toEqual([end === "cancel" ? "cancelled" : "failed", "done"]);
  }
  expect(log.filter((line) => line === "-low")).toEqual([]);
});

test("whoever holds the last place of a bounded role makes room for another agent of that role", async () => {
  const log: string[] = [];
  await using at = await busy(
    worker("ann", log, { roles: ["r"] }),
    worker("bob", log, { roles: ["r"], capabilities: ["x"] }),
  );
  at.scheduler.limit("r", 1);
  const low = at.submit("low", { priority: "low", preemptible: true });
  const urgent = at.scheduler.submit({ role: "r", capabilities: ["x"], input: "urgent", priority: "critical" });
  await at.clock.advance(50);
  await Promise.all([low.result, urgent.result]);
  expect(log).toEqual(["+low", "!low task.preempted", "+urgent", "-urgent", "+low", "-low"]);
});
