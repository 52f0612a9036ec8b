import { describe, expect, test } from "vitest";
import { agent, tell } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import { systemClock } from "../../clock.ts";
import type { Agent } from "../../kinds/agent.ts";
import { type TestKernel, testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";
import { rejected } from "./delivery.ts";

/** An agent that fails until it is told to behave. */
function moody(more: Partial<Agent> = {}) {
  const state = { fails: true, heard: [] as unknown[] };
  const ann = agent(
    "ann",
    (input) => {
      if (state.fails) throw new Error("not now");
      state.heard.push(input);
    },
    more,
  );
  return { ann, state };
}
const letters = (kernel: TestKernel) =>
  kernel.deadLetters.list().map(({ to, message, reason }) => [to, message.body, reason.code]);

describe("a dead letter", () => {
  test("that a transport fails to carry when it is replayed comes back", async () => {
    await using kernel = await testKernel();
    let down = false;
    kernel.provide("transport", {
      name: "far",
      claims: (address) => address === "agent:far",
      async deliver() {
        if (down) throw new Error("cut");
        return [rejected(new Error("not now"))];
      },
    });
    await kernel.send({ to: "agent:far", type: "x", body: 1 });
    down = true;
    expect(await kernel.deadLetters.replay()).toMatchObject([{ status: "rejected", reason: { message: "cut" } }]);
    expect(kernel.deadLetters.list()).toMatchObject([
      { message: { body: 1 }, reason: { message: "cut" }, attempts: 2 },
    ]);
  });

  test("is kept as plain data, told of, and replayed to the receiver it was for", async () => {
    await using kernel = await testKernel();
    const { ann, state } = moody();
    kernel.provide("agent", ann);
    const told: unknown[] = [];
    const stop = kernel.watch({ type: "message.dead" }, (event) => {
      if (event.type === "message.dead") told.push([event.id, event.letter, event.to, event.reason.message]);
    });
    await kernel.send({ ...tell({ n: 1 }), from: "shop" });
    await kernel.clock.advance(0);
    stop();
    const [letter] = kernel.deadLetters.list();
    expect(JSON.parse(JSON.stringify(letter))).toEqual({
      id: expect.any(String),
      message: {
        id: "c1",
        from: "shop",
        to: "agent:ann",
        type: "x",
        body: { n: 1 },
        at: expect.any(Number),
        trace: "",
        priority: "normal",
      },
      to: "agent:ann",
      reason: expect.objectContaining({ message: "not now" }),
      at: kernel.clock.now(),
      attempts: 1,
    });
    expect(told).toEqual([["c1", letter?.id, "agent:ann", "not now"]]);
    state.fails = false;
    expect(await kernel.deadLetters.replay(letter?.id ?? "")).toMatchObject([{ status: "accepted" }]);
    await kernel.clock.advance(0);
    expect([state.heard, kernel.deadLetters.list(), kernel.deadLetters.count]).toEqual([[{ n: 1 }], [], 1]);
  });

  test("that fails again comes back, and counts how often it died", async () => {
    await using kernel = await testKernel();
    const { ann } = moody();
    const take = kernel.provide("agent", ann);
    await kernel.send(tell("a"));
    await kernel.clock.advance(0);
    for (const attempts of [1, 2, 3]) {
      expect(kernel.deadLetters.list()).toMatchObject([{ attempts, message: { id: "c1" } }]);
      await kernel.deadLetters.replay();
      await kernel.clock.advance(0);
    }
    take();
    expect(await kernel.deadLetters.replay()).toMatchObject([
      { status: "rejected", reason: { code: "address.unknown" } },
    ]);
    expect(kernel.deadLetters.list()).toMatchObject([{ attempts: 5, reason: { code: "address.unknown" } }]);
  });

  test("an unknown id, or one that is gone, replays nothing", async () => {
    await using kernel = await testKernel();
    expect([await kernel.deadLetters.replay("c99"), kernel.deadLetters.clear()]).toEqual([[], 0]);
  });
});

describe("what becomes a dead letter", () => {
  test("what a full mailbox refuses or drops, by every policy that loses something", async () => {
    for (const full of ["reject", "drop-newest", "drop-oldest"] as const) {
      await using kernel = await testKernel();
      kernel.provide(
        "agent",
        agent("ann", (_, call) => call.sleep(10), { mailbox: { maxMessages: 1, full } }),
      );
      await kernel.started();
      for (const body of ["a", "b", "c"]) {
        await kernel.send(tell(body));
        await kernel.clock.advance(0);
      }
      const code = full === "reject" ? "mailbox.full" : "message.dropped";
      expect(letters(kernel)).toEqual([["agent:ann", full === "drop-oldest" ? "b" : "c", code]]);
      await kernel.clock.advance(100);
    }
  });

  test("what waited for room when the agent went, once", async () => {
    await using kernel = await testKernel();
    const take = kernel.provide(
      "agent",
      agent("ann", () => 1, { mailbox: { maxMessages: 1, full: "wait" } }),
    );
    kernel.pauseAgent("ann");
    const sent = ["a", "b", "c"].map((body) => kernel.send(tell(body)));
    take();
    await Promise.all(sent);
    expect(letters(kernel).sort()).toEqual(["a", "b", "c"].map((body) => ["agent:ann", body, "agent.not_taking"]));
  });

  test("never a request: who asked has the error", async () => {
    await using kernel = await testKernel();
    const { ann } = moody({ mailbox: { maxMessages: 1 } });
    kernel.provide("agent", ann);
    const asked = [1, 2].map((body) => caught(kernel.request(tell(body))));
    expect(await Promise.all(asked)).toMatchObject([{ message: "not now" }, { code: "message.not_delivered" }]);
    expect(kernel.deadLetters.count).toBe(0);
  });

  test("of a message to many, one for each receiver that did not take it, and no other hears the replay", async () => {
    const heard: string[] = [];
    let fails = true;
    await using kernel = await testKernel({
      name: "listener",
      version: "1.0.0",
      setup: (ctx) =>
        ctx.receive("topic:news", () => {
          if (fails) throw new Error("not now");
          heard.push("listener");
        }),
    });
    const on = (name: string, more: Partial<Agent> = {}) =>
      kernel.provide(
        "agent",
        agent(name, () => void heard.push(name), { topics: ["news"], ...more }),
      );
    on("ann");
    on("bob", { mailbox: { maxMessages: 0 } });
    on("cid");
    await kernel.stopAgent("cid");
    expect(await kernel.send({ to: "topic:news", type: "x", body: 1 })).toMatchObject({
      receivers: 2,
      reason: { code: "mailbox.full" },
    });
    await kernel.clock.advance(0);
    expect(letters(kernel)).toEqual([
      ["agent:bob", 1, "mailbox.full"],
      ["agent:cid", 1, "agent.not_taking"],
      ["listener topic:news", 1, expect.any(String)],
    ]);
    await kernel.restartAgent("cid");
    fails = false;
    await kernel.deadLetters.replay();
    await kernel.clock.advance(0);
    expect([heard, letters(kernel)]).toEqual([["ann", "cid", "listener"], [["agent:bob", 1, "mailbox.full"]]]);
  });
});

test("the list is bounded, overflow is counted, and letters are found and thrown away by receiver, type and code", async () => {
  await using kernel = await createKernel({ clock: systemClock, deadLetters: { max: 3 } });
  for (const name of ["ann", "bob"])
    kernel.provide(
      "agent",
      agent(name, () => 1, { mailbox: { maxMessages: 0 } }),
    );
  for (let n = 0; n < 5; n++)
    await kernel.send({ to: n % 2 === 0 ? "agent:ann" : "agent:bob", type: `t${n}`, body: n });
  const { deadLetters } = kernel;
  const bodies = (filter = {}) => deadLetters.list(filter).map(({ message }) => message.body);
  expect([deadLetters.count, deadLetters.dropped, bodies()]).toEqual([5, 2, [2, 3, 4]]);
  expect([
    bodies({ to: "agent:ann" }),
    bodies({ type: "t3" }),
    bodies({ code: "mailbox.full" }),
    bodies({ code: "x" }),
  ]).toEqual([[2, 4], [3], [2, 3, 4], []]);
  expect([deadLetters.clear({ to: "agent:ann" }), bodies(), deadLetters.clear(), bodies()]).toEqual([2, [3], 1, []]);
});
