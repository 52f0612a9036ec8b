// Agents that wait for each other while some of them go down: nobody is left waiting for ever.
import { expect, test } from "vitest";
import { agent } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { openExact, statuses } from "../../../test/members.ts";
import { plugin } from "../../../test/plugins.ts";
import { fail } from "../../errors.ts";
import type { Agent } from "../../kinds/agent.ts";
import { testKernel } from "../../testing/kernel.ts";

const crash = (name: string) => fail("agent.crashed", { agent: name, reason: "boom" });
const together = { supervision: { supervisor: "all", restart: "permanent" } } as const;
const asks =
  (to: string): Agent["run"] =>
  (input, call) =>
    call.request({ to: `agent:${to}`, type: "x", body: input });

async function openGroup() {
  const kernel = await openExact();
  kernel.provide("supervisor", { name: "all", strategy: "one-for-all", backoff: { first: 10, jitter: 0 } });
  return kernel;
}

test("an agent that is restarted by hand and waits for one of its group is cut short when the group is restarted", async () => {
  await using kernel = await openGroup();
  const ann = agent("ann", (_, call) => call.sleep(8).then(() => asks("bob")(1, call)), together);
  const bob = agent("bob", () => {}, together);
  const cid = agent("cid", () => Promise.reject(crash("cid")), together);
  for (const one of [ann, bob, cid]) kernel.provide("agent", one);
  const asked = caught(kernel.invoke(ann, 1));
  await kernel.clock.advance(5);
  const restarted = kernel.restartAgent("ann");
  await caught(kernel.invoke(cid, 1));
  await kernel.clock.advance(20);
  await restarted;
  expect([statuses(kernel), await asked]).toEqual([
    ["ann ready", "bob ready", "cid ready"],
    expect.objectContaining({ code: "agent.restarted" }),
  ]);
});

test("of a group that is restarted, nobody takes work while the others go down: it might wait for one of them", async () => {
  await using kernel = await openGroup();
  const slow = Promise.withResolvers<void>();
  const ann = agent("ann", asks("bob"), together);
  const bob = agent("bob", (input) => input, { ...together, start: () => {}, stop: () => slow.promise });
  const cid = agent("cid", () => Promise.reject(crash("cid")), together);
  for (const one of [ann, bob, cid]) kernel.provide("agent", one);
  await kernel.started();
  await caught(kernel.invoke(cid, 1));
  const asked = kernel.invoke(ann, 1);
  await kernel.clock.advance(5);
  slow.resolve();
  await kernel.clock.advance(20);
  expect([statuses(kernel), await asked]).toEqual([["ann ready", "bob ready", "cid ready"], 1]);
});

test("a namesake of the agent that failed is restarted with the group like all others", async () => {
  await using kernel = await openGroup();
  const below = agent("ann", (_, call) => call.sleep(1_000_000), together);
  const above = agent("ann", () => Promise.reject(crash("ann")), together);
  kernel.provide("agent", below);
  const asked = caught(kernel.invoke(below, 1));
  kernel.provide("agent", above);
  await caught(kernel.invoke(above, 1));
  await kernel.clock.advance(20);
  expect([statuses(kernel), await asked]).toEqual([
    ["ann ready", "ann ready"],
    expect.objectContaining({ code: "agent.restarted" }),
  ]);
});

test("a kernel ends at once though an agent that was replaced still had work to finish", async () => {
  const kernel = await testKernel();
  const take = kernel.provide(
    "agent",
    agent("ann", () => undefined, { start: () => {}, stop: () => {} }),
  );
  await kernel.started();
  kernel.pauseAgent("ann");
  void kernel.send({ to: "agent:ann", type: "x" });
  kernel.provide(
    "agent",
    agent("ann", () => undefined),
  );
  take();
  const ended = kernel.end();
  await kernel.clock.advance(0);
  await ended;
  expect(kernel.deadLetters.list().map(({ reason }) => reason.code)).toEqual(["agent.not_taking"]);
});

test("an agent that a change of plugins brings while the kernel ends is not begun", async () => {
  const kernel = await testKernel(plugin("p"));
  const begun: string[] = [];
  const ready = Promise.withResolvers<void>();
  const replaced = caught(
    kernel.replace(
      plugin("p", async (ctx) => {
        ctx.provide(
          "agent",
          agent("ann", () => {}, { start: () => void begun.push("ann"), stop: () => void begun.pop() }),
        );
        await ready.promise;
      }),
    ),
  );
  await kernel.clock.advance(0);
  const ended = kernel.end();
  ready.resolve();
  await Promise.all([ended, replaced]);
  expect(begun).toEqual([]);
});

test("what waits for an agent that is replaced while it starts is still handled, by a life that goes on", async () => {
  await using kernel = await testKernel();
  const begin = Promise.withResolvers<void>();
  const seen: boolean[] = [];
  let signal: AbortSignal | undefined;
  const take = kernel.provide(
    "agent",
    agent("ann", () => void seen.push(signal?.aborted === true), {
      start: (life) => {
        signal = life.signal;
        return begin.promise;
      },
      stop: () => {},
    }),
  );
  void kernel.send({ to: "agent:ann", type: "x" });
  kernel.provide(
    "agent",
    agent("ann", () => {}),
  );
  take();
  begin.resolve();
  await kernel.clock.advance(1);
  expect([seen, signal?.aborted, kernel.deadLetters.count]).toEqual([[false], true, 0]);
});

test("a start that hangs for what waits is told to end after five seconds, and then that is a dead letter", async () => {
  await using kernel = await testKernel();
  const hangs = (life: { readonly signal: AbortSignal }) =>
    new Promise<void>((_, reject) => life.signal.addEventListener("abort", () => reject(life.signal.reason)));
  const take = kernel.provide(
    "agent",
    agent("ann", () => {}, { start: hangs, stop: () => {} }),
  );
  void kernel.send({ to: "agent:ann", type: "x" });
  kernel.provide(
    "agent",
    agent("ann", () => {}),
  );
  take();
  await kernel.clock.advance(4999);
  expect(kernel.deadLetters.count).toBe(0);
  await kernel.clock.advance(1);
  expect(kernel.deadLetters.list().map(({ reason }) => reason.code)).toEqual(["agent.not_taking"]);
});

test("an agent whose stop fails says so when it is asked for", async () => {
  await using kernel = await testKernel();
  const bad = { start: () => {}, stop: () => Promise.reject(new Error("no stop")) };
  kernel.provide(
    "agent",
    agent("ann", () => {}, bad),
  );
  await kernel.started();
  await kernel.stopAgent("ann");
  expect(await caught(kernel.started())).toMatchObject({ code: "agent.crashed" });
});

test("a task finds an agent whose mailbox was full of what was cancelled", async () => {
  await using kernel = await testKernel();
  const done: unknown[] = [];
  const ann = agent(
    "ann",
    async (input, call) => {
      if (input === "long") await call.sleep(10);
      done.push(input);
    },
    { mailbox: { maxMessages: 1 } },
  );
  kernel.provide("agent", ann);
  const stop = new AbortController();
  const works = [kernel.invoke(ann, "long"), caught(kernel.invoke(ann, "cancelled", { signal: stop.signal }))];
  const task = kernel.scheduler.submit({ agent: "ann", input: "task" });
  await kernel.clock.advance(5);
  kernel.pauseAgent("ann");
  stop.abort(new Error("enough"));
  await kernel.clock.advance(10);
  kernel.resumeAgent("ann");
  await kernel.clock.advance(5);
  await Promise.all([...works, task.result]);
  expect(done).toEqual(["long", "task"]);
});
