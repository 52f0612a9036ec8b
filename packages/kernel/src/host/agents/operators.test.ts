import { describe, expect, test } from "vitest";
import { agent, tell } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { member, openExact as open, statuses } from "../../../test/members.ts";
import type { Agent, AgentLife } from "../../kinds/agent.ts";

describe("how it ends", () => {
  test.each<[NonNullable<Agent["supervision"]>["restart"], string, string]>([
    ["permanent", "ann ready", "ann ready"],
    ["transient", "ann stopped", "ann ready"],
    ["temporary", "ann stopped", "ann failed"],
  ])("%s: after done it is %s, after a failure %s", async (restart, afterDone, afterFailure) => {
    const after = async (end: (life: AgentLife) => void) => {
      await using kernel = await open();
      const log: string[] = [];
      const { one, state } = member("ann", log, { supervision: { restart: restart ?? "transient" } });
      kernel.provide("agent", one);
      await kernel.started();
      const inWork = caught(kernel.invoke(one, "a"));
      await kernel.clock.advance(1);
      end(state.life as AgentLife);
      await kernel.clock.advance(200);
      await inWork;
      return { status: statuses(kernel)[0], finished: log.includes("ann did a") };
    };
    expect([await after((life) => life.done()), await after((life) => life.failed("x"))]).toEqual([
      { status: afterDone, finished: true },
      { status: afterFailure, finished: false },
    ]);
  });

  test("stopped by an operator it stays down, and starts again when told to", async () => {
    await using kernel = await open();
    const log: string[] = [];
    const { one } = member("ann", log, { supervision: { restart: "permanent" } });
    kernel.provide("agent", one);
    await kernel.started();
    const inWork = kernel.request(tell("a"));
    await kernel.clock.advance(1);
    void kernel.send(tell("waits"));
    const stopping = kernel.stopAgent("ann");
    await kernel.clock.advance(1000);
    await stopping;
    expect([await inWork, statuses(kernel), kernel.deadLetters.count]).toEqual(["a", ["ann stopped"], 1]);
    expect(await caught(kernel.request(tell("b")))).toMatchObject({ cause: { code: "agent.not_taking" } });
    await kernel.restartAgent("ann");
    const again = kernel.request(tell("c"));
    await kernel.clock.advance(20);
    expect([await again, log]).toEqual([
      "c",
      ["ann starts", "ann begins a", "ann did a", "ann stops", "ann starts", "ann begins c", "ann did c"],
    ]);
  });

  test("restarted by an operator it ends its turn first, and keeps what waits", async () => {
    await using kernel = await open();
    const log: string[] = [];
    const { one } = member("ann", log);
    kernel.provide("agent", one);
    await kernel.started();
    const results = [kernel.request(tell("a")), kernel.request(tell("b"))];
    await kernel.clock.advance(1);
    const restarted = kernel.restartAgent("ann");
    await kernel.clock.advance(50);
    await restarted;
    expect([await Promise.all(results), log.slice(1)]).toEqual([
      ["a", "b"],
      ["ann begins a", "ann did a", "ann stops", "ann starts", "ann begins b", "ann did b"],
    ]);
  });

  test("restarted by an operator while it waits for a restart, it comes up at once, and once", async () => {
    await using kernel = await open();
    const log: string[] = [];
    const { one, state } = member("ann", log);
    kernel.provide("agent", one);
    await kernel.started();
    state.life?.failed(new Error("x"));
    await kernel.clock.advance(10);
    await kernel.restartAgent("ann");
    expect([statuses(kernel), kernel.clock.pending]).toEqual([["ann ready"], 0]);
    await kernel.clock.advance(1000);
    expect(log).toEqual(["ann starts", "ann stops", "ann starts"]);
  });

  test("one that was given up can be restarted; a start that fails then is thrown", async () => {
    await using kernel = await open();
    const { one, state } = member("ann", [], { supervision: { restart: "temporary" } });
    state.fails = 2;
    kernel.provide("agent", one);
    await kernel.clock.advance(0);
    expect(await caught(kernel.restartAgent("ann"))).toMatchObject({ code: "agent.crashed" });
    await kernel.restartAgent("ann");
    expect([statuses(kernel), await caught(kernel.restartAgent("anne"))]).toMatchObject([
      ["ann ready"],
      { code: "registry.not_found" },
    ]);
  });

  test("one that is paused comes back paused", async () => {
    await using kernel = await open();
    const { one, state } = member("ann", []);
    kernel.provide("agent", one);
    await kernel.started();
    kernel.pauseAgent("ann");
    state.life?.failed(new Error("x"));
    await kernel.clock.advance(200);
    const asked = kernel.request(tell("a"));
    await kernel.clock.advance(50);
    expect([statuses(kernel), kernel.agents()[0]?.queued]).toEqual([["ann paused"], 1]);
    kernel.resumeAgent("ann");
    await kernel.clock.advance(50);
    expect(await asked).toBe("a");
  });

  test.each(["stopped", "taken away", "the kernel ends"])(
    "%s while it waits for a restart, no timer is left",
    async (how) => {
      const kernel = await open();
      const { one, state } = member("ann", []);
      const take = kernel.provide("agent", one);
      await kernel.started();
      state.life?.failed(new Error("x"));
      const waits = kernel.send(tell("a"));
      await kernel.clock.advance(10);
      expect([await waits, kernel.clock.pending]).toMatchObject([{ status: "queued" }, 1]);
      if (how === "stopped") await kernel.stopAgent("ann");
      else if (how === "taken away") take();
      else await kernel.end();
      await kernel.clock.advance(0);
      expect([kernel.clock.pending, kernel.deadLetters.list().map(({ reason }) => reason.code)]).toEqual([
        0,
        ["agent.not_taking"],
      ]);
      await kernel.clock.advance(1000);
      expect(kernel.agents().map(({ status }) => status)).toEqual(how === "stopped" ? ["stopped"] : []);
      await kernel.end();
    },
  );

  test("taken away while it starts again, that start is told and it never becomes ready", async () => {
    await using kernel = await open();
    const seen: string[] = [];
    let lives = 0;
    let first: AgentLife | undefined;
    const ann = agent("ann", () => 1, {
      start(life) {
        if (++lives === 1) first = life;
        else
          return new Promise<void>((_, reject) =>
            life.signal.addEventListener("abort", () => reject(life.signal.reason)),
          );
      },
    });
    const take = kernel.provide("agent", ann);
    first?.failed(new Error("x"));
    await kernel.clock.advance(10);
    first?.failed(new Error("y"));
    await kernel.clock.advance(200);
    const unwatch = kernel.watch({ type: "agent.changed" }, (event) => {
      if (event.type === "agent.changed") seen.push(event.to);
    });
    take();
    await kernel.clock.advance(0);
    unwatch();
    expect(seen).toEqual(["stopping", "stopped"]);
  });

  test.each(["failed", "done"] as const)(
    "one whose start says at once that it has %s is not started a second time meanwhile",
    async (how) => {
      await using kernel = await open();
      const log: string[] = [];
      const ann = agent("ann", () => 1, {
        async start(life) {
          log.push("start");
          if (log.length === 1) life[how](new Error("x"));
          await Promise.resolve();
          log.push("started");
        },
        stop: () => void log.push("stop"),
      });
      kernel.provide("agent", ann);
      await kernel.clock.advance(200);
      expect([log, statuses(kernel)]).toEqual(
        how === "failed"
          ? [["start", "started", "stop", "start", "started"], ["ann ready"]]
          : [["start", "started", "stop"], ["ann stopped"]],
      );
    },
  );
});
