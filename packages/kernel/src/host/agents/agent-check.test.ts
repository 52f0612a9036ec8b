import { expect, test } from "vitest";
import { agent, tell } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import type { Agent } from "../../kinds/agent.ts";
import { testKernel } from "../../testing/kernel.ts";

test.each([
  ["no place for work", { concurrency: 0 }, "concurrency is 0"],
  ["as many places as an empty variable says", { concurrency: Number.NaN }, "concurrency is NaN"],
  ["half a place", { concurrency: 1.5 }, "concurrency is 1.5"],
  ["a mailbox of no known size", { mailbox: { maxMessages: Number.NaN } }, "mailbox.maxMessages is NaN"],
  ["a mailbox of less than no bytes", { mailbox: { maxBytes: -1 } }, "mailbox.maxBytes is -1"],
  ["a policy that there is not", { mailbox: { full: "drop" } }, 'mailbox.full is "drop", and not one of wait, reject'],
  ["a restart that there is not", { supervision: { restart: "always" } }, 'supervision.restart is "always"'],
  ["failures that there are not", { supervision: { failsOn: "timeout" } }, 'supervision.failsOn is "timeout"'],
  ["no count of redeliveries", { supervision: { redeliver: -1 } }, "supervision.redeliver is -1"],
])("an agent with %s is refused, and what was there stays", async (_, more, problem) => {
  await using kernel = await testKernel();
  kernel.provide(
    "agent",
    agent("ann", () => "the old one"),
  );
  const provide = async () =>
    kernel.provide(
      "agent",
      agent("ann", () => "the new one", more as Partial<Agent>),
    );
  expect(await caught(provide())).toMatchObject({ code: "agent.bad", message: expect.stringContaining(problem) });
  expect([kernel.agents().length, await kernel.request(tell("?"))]).toEqual([1, "the old one"]);
});

test("one without bounds is none of these", async () => {
  await using kernel = await testKernel();
  const free = { concurrency: Number.POSITIVE_INFINITY, mailbox: { maxMessages: Number.POSITIVE_INFINITY } };
  kernel.provide(
    "agent",
    agent("ann", () => "free", free),
  );
  expect(await kernel.request(tell("?"))).toBe("free");
});
