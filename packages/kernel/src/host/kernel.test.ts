import { expect, test } from "vitest";
import { agent, tell } from "../../test/agents.ts";
import type { AgentLife } from "../kinds/agent.ts";
import { fakeClock } from "../testing/clock.ts";
import { createKernel } from "./kernel.ts";

test("a log that fails loses a line, but no message, and keeps no agent from being restarted", async () => {
  const clock = fakeClock();
  const log = () => {
    throw new Error("disk full");
  };
  await using kernel = await createKernel({ clock, log });
  let life: AgentLife | undefined;
  kernel.provide(
    "agent",
    agent("ann", () => Promise.reject(new Error("no luck")), {
      start(begun) {
        life = begun;
      },
    }),
  );
  await kernel.started();
  await kernel.send(tell("lost?"));
  await clock.advance(0);
  life?.failed(new Error("gone"));
  await clock.advance(1000);
  expect(kernel.deadLetters.list()).toMatchObject([{ message: { body: "lost?" }, reason: { message: "no luck" } }]);
  expect(kernel.agents()).toMatchObject([{ status: "ready", restarts: 1 }]);
});
