import { describe, expect, test } from "vitest";
import { agent, tell } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { member, openExact as open, statuses } from "../../../test/members.ts";
import type { Agent, AgentLife } from "../../kinds/agent.ts";
import { type TestKernel, testKernel } from "../../testing/kernel.ts";

const codes = (all: readonly unknown[]) => all.map((one) => (one as { code?: string }).code ?? one);

describe("an agent that fails by itself", () => {
  test("is stopped, waits, and starts again; what waited is served by the next life", async () => {
    await using kernel = await open();
    const log: string[] = [];
    const seen: string[] = [];
    const { one, state } = member("ann", log);
    kernel.provide("agent", one);
    await kernel.started();
    const unwatch = kernel.watch({ type: "agent.changed" }, (event) => {
      if (event.type === "agent.changed") seen.push(event.to);
    });
    const inWork = caught(kernel.request(tell("a")));
    await kernel.clock.advance(5);
    const waiting = kernel.request(tell("b"));
    const { signal } = state.life as AgentLife;
    state.life?.failed(new Error("connection lost"));
    expect([signal.aborted, statuses(kernel)]).toEqual([false, ["ann failed"]]);
    await kernel.clock.advance(0);
    const meanwhile = kernel.invoke(one, "c");
    expect([await inWork, signal.aborted, kernel.agents()[0]?.queued]).toMatchObject([
      { code: "agent.crashed", message: 'The agent "ann" failed: connection lost' },
      true,
      2,
    ]);
    await kernel.clock.advance(99);
    expect(log).toEqual(["ann starts", "ann begins a", "ann stops"]);
    await kernel.clock.advance(100);
    unwatch();
    expect([await waiting, await meanwhile, kernel.agents()[0]?.restarts]).toEqual(["b", "c", 1]);
    expect(seen).toEqual(["busy", "failed", "starting", "ready", "busy", "ready"]);
    expect(log.slice(3)).toEqual(["ann starts", "ann begins b", "ann did b", "ann begins c", "ann did c"]);
  });

  test("a life that is over says nothing more", async () => {
    await using kernel = await open();
    const { one, state } = member("ann", []);
    kernel.provide("agent", one);
    await kernel.started();
    const first = state.life;
    first?.failed(new Error("gone"));
    await kernel.clock.advance(100);
    first?.failed(new Error("gone again"));
    first?.done();
    expect([statuses(kernel), kernel.agents()[0]?.restarts]).toEqual([["ann ready"], 1]);
  });

  test("a start that fails is tried again, waiting longer each time, until it is given up", async () => {
    await using kernel = await open();
    const log: string[] = [];
    const { one, state } = member("ann", log);
    state.fails = 99;
    kernel.provide("agent", one);
    const asked = caught(kernel.request(tell("a")));
    void kernel.send(tell("b"));
    expect(await caught(kernel.started())).toMatchObject({ code: "agent.crashed" });
    const starts: number[] = [];
    for (let ms = 0; ms < 800; ms += 50) {
      starts.push(log.length);
      await kernel.clock.advance(50);
    }
    // At once, then after 100, 200 and 400 ms.
    expect(
      starts.map((count, index) => (count > (starts[index - 1] ?? 0) ? index * 50 : -1)).filter((at) => at >= 0),
    ).toEqual([0, 100, 300, 700]);
    expect([await asked, statuses(kernel)]).toMatchObject([{ code: "agent.not_taking" }, ["ann failed"]]);
    expect(kernel.send(tell("c"))).toMatchObject({ status: "rejected", reason: { code: "agent.not_taking" } });
    expect(kernel.deadLetters.list().map(({ message, reason }) => [message.body, reason.code])).toEqual([
      ["b", "agent.not_taking"],
      ["c", "agent.not_taking"],
    ]);
    expect(kernel.logged.map(({ message }) => message)).toContain(
      'The agent "ann" failed: no key It is given up: too many failures within 5000 ms.',
    );
  });

  test("waits at random within the jitter, and never longer than the longest", async () => {
    await using kernel = await testKernel();
    kernel.provide("supervisor", {
      name: "kernel",
      maxRestarts: 50,
      within: 1e9,
      backoff: { first: 100, factor: 10, longest: 500, jitter: 0.5 },
    });
    const { one, state } = member("ann", []);
    state.fails = 12;
    kernel.provide("agent", one);
    await kernel.clock.advance(20_000);
    const waits = kernel.logged.flatMap(({ message }) => message.match(/in (\d+) ms/)?.[1] ?? []).map(Number);
    expect([waits.length, statuses(kernel)]).toEqual([12, ["ann ready"]]);
    const bounds = (index: number) => (index === 0 ? [50, 100] : [250, 500]);
    const outside = waits.filter((ms, index) => ms < (bounds(index)[0] ?? 0) || ms > (bounds(index)[1] ?? 0));
    expect(outside).toEqual([]);

    expect(new Set(waits).size).toBeGreaterThan(3);
  });

  test("the first failure after a steady time waits the shortest time again", async () => {
    await using kernel = await open();
    const { one, state } = member("ann", []);
    kernel.provide("agent", one);
    await kernel.started();
    const fail = async () => {
      state.life?.failed(new Error("x"));
      await kernel.clock.advance(1000);
    };
    await fail();
    await fail();
    await kernel.clock.advance(6000);
    await fail();
    expect(kernel.logged.flatMap(({ message }) => message.match(/in (\d+) ms/)?.[1] ?? [])).toEqual([
      "100",
      "200",
      "100",
    ]);
  });
});

describe("what a turn throws", () => {
  const crashing = (more: Partial<Agent> = {}) =>
    agent(
      "ann",
      () => {
        throw new Error("boom");
      },
      more,
    );

  test("is the turn's failure alone, unless the agent says that errors are its own", async () => {
    await using kernel = await open();
    kernel.provide("agent", crashing());
    expect(await caught(kernel.request(tell(1)))).toMatchObject({ message: "boom" });
    await kernel.clock.advance(0);
    expect(statuses(kernel)).toEqual(["ann ready"]);
    const bob = { ...crashing({ supervision: { failsOn: "error" } }), name: "bob" };
    kernel.provide("agent", bob);
    expect(await caught(kernel.invoke(bob, 1))).toMatchObject({ message: "boom" });
    expect(statuses(kernel)).toEqual(["ann ready", "bob failed"]);
    await kernel.clock.advance(100);
    expect(statuses(kernel)).toEqual(["ann ready", "bob ready"]);
  });

  test("a cancelled turn and bad input are nobody's failure", async () => {
    await using kernel = await open();
    const ann = agent("ann", (_, call) => call.sleep(1e9), {
      supervision: { failsOn: "error" },
      input: { type: "string" },
    });
    kernel.provide("agent", ann);
    const results = [caught(kernel.request(tell(1))), caught(kernel.invoke(ann, "x", { timeout: 10 }))];
    await kernel.clock.advance(20);
    expect([codes(await Promise.all(results)), statuses(kernel)]).toEqual([
      ["input.invalid", "call.timed_out"],
      ["ann ready"],
    ]);
  });

  test("another agent's crash passes through those that asked it", async () => {
    await using kernel = await open();
    const log: string[] = [];
    const bob = member("bob", log, { run: (_, call) => call.sleep(1e6) });
    const ann = agent("ann", (_, call) => call.invoke(bob.one, "x"));
    kernel.provide("agent", bob.one);
    kernel.provide("agent", ann);
    const result = caught(kernel.invoke(ann, 1));
    await kernel.clock.advance(1);
    bob.state.life?.failed(new Error("process died"));
    expect(await result).toMatchObject({ code: "agent.crashed", data: { agent: "bob" } });
    expect(statuses(kernel)).toEqual(["bob failed", "ann ready"]);
  });
});

describe("what was in work when the agent failed", () => {
  /** Fails in its first so many turns, without caring that they are cancelled; counts how many are at work at a time. */
  function frail(kernel: TestKernel, times: number, redeliver: number) {
    const state = { turns: [] as unknown[], now: 0, most: 0, life: undefined as AgentLife | undefined };
    const ann = agent(
      "ann",
      async (input, call) => {
        state.turns.push(input);
        state.most = Math.max(state.most, ++state.now);
        if (state.turns.length <= times) {
          state.life?.failed(new Error("died"));
          await new Promise<void>((resolve) => void kernel.clock.after(30, resolve));
        }
        state.now--;
        call.signal.throwIfAborted();
        return input;
      },
      {
        supervision: { redeliver },
        start(life) {
          state.life = life;
        },
      },
    );
    kernel.provide("agent", ann);
    return { ann, state };
  }

  test("is given to the next life, first of all that wait, once the old turn has really ended", async () => {
    await using kernel = await open();
    const { state } = frail(kernel, 2, 2);
    const asked = kernel.request(tell("asked"));
    void kernel.send(tell("next"));
    await kernel.clock.advance(25);
    expect([state.turns, statuses(kernel)]).toEqual([["asked"], ["ann failed"]]);
    await kernel.clock.advance(500);
    expect([await asked, state.turns, state.most]).toEqual(["asked", ["asked", "asked", "asked", "next"], 1]);
    expect(kernel.deadLetters.count).toBe(0);
  });

  test("beyond that, who asked gets the error, and what was told is a dead letter", async () => {
    await using kernel = await open();
    const { state } = frail(kernel, 4, 1);
    const asked = caught(kernel.request(tell("asked")));
    void kernel.send(tell("told"));
    await kernel.clock.advance(2000);
    expect([await asked, state.turns]).toMatchObject([{ code: "agent.crashed" }, ["asked", "asked", "told", "told"]]);
    expect(kernel.deadLetters.list()).toMatchObject([
      { to: "agent:ann", message: { body: "told" }, reason: { code: "agent.crashed" }, attempts: 1 },
    ]);
  });

  test("by default it is not done twice", async () => {
    await using kernel = await open();
    const { state } = frail(kernel, 1, 0);
    void kernel.send(tell("a"));
    void kernel.send(tell("b"));
    await kernel.clock.advance(500);
    expect([state.turns, kernel.deadLetters.list().map(({ message }) => message.body)]).toEqual([["a", "b"], ["a"]]);
  });

  test("a wrapper that tries again does not reach the agent that has failed", async () => {
    await using kernel = await open();
    kernel.wrap((step, next) => next(step).catch(() => next(step)), { place: "retry", kinds: ["agent"] });
    const { state } = frail(kernel, 1, 0);
    const asked = caught(kernel.request(tell("a")));
    await kernel.clock.advance(500);
    expect([codes([await asked]), state.turns]).toEqual([["agent.crashed"], ["a"]]);
  });
});
