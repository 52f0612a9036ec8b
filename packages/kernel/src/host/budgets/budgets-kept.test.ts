import { describe, expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { spent } from "../../../test/spent.ts";
import type { AnyAction } from "../../action.ts";
import type { Budget } from "../../budget.ts";
import { inMemoryStore } from "../../kinds/in-memory-store.ts";
import type { Model } from "../../kinds/model.ts";
import type { Store } from "../../kinds/store.ts";
import type { LogEntry } from "../../log.ts";
import { fakeClock } from "../../testing/clock.ts";
import { createKernel } from "../kernel.ts";

const leaf: AnyAction = { kind: "tool", name: "leaf", run: () => "done" };
const daily: Budget = { name: "daily", scope: "tenant", per: "day", keep: true, limits: { calls: 3, tokens: 100 } };
const acme = { tenant: "acme" };
const ID = "budget/daily/acme/2026-01-01";
const request = { messages: [{ role: "user", text: "x".repeat(40) }], maxTokens: 50 } as const;

/** Kernels that live one after the other, or beside each other, on one store. */
function world(budget: Budget = daily) {
  const clock = fakeClock();
  const store = inMemoryStore({ clock });
  const logged: LogEntry[] = [];
  const open = async (over: Store | undefined = store) => {
    const kernel = await createKernel({ clock, budgets: [budget], log: (entry) => void logged.push(entry) });
    if (over !== undefined) kernel.provide("store", over);
    return kernel;
  };
  const body = async (id = ID) => (await store.get(id))?.body;
  return { clock, store, open, body, logged };
}

describe("a budget that is kept", () => {
  test("goes on after a restart, with what was used before", async () => {
    const { open, body } = world();
    const first = await open();
    await first.invoke(leaf, {}, acme);
    await first.invoke(leaf, {}, acme);
    await first.end();
    expect(await body()).toEqual({ calls: 2, ms: 0, tokens: 0, cost: 0 });
    await using second = await open();
    await second.invoke(leaf, {}, acme);
    expect(await caught(second.invoke(leaf, {}, acme))).toMatchObject({
      code: "budget.exceeded",
      data: { budget: "daily", of: "acme", what: "calls", spent: 3, resets: Date.UTC(2026, 0, 2) },
    });
  });

  test("begins anew the next day, in a document of its own", async () => {
    const { open, body, clock } = world();
    await using kernel = await open();
    for (let n = 0; n < 3; n++) await kernel.invoke(leaf, {}, acme);
    await clock.advance(86_400_000);
    await kernel.invoke(leaf, {}, acme);
    expect([await body(), await body("budget/daily/acme/2026-01-02")]).toMatchObject([{ calls: 3 }, { calls: 1 }]);
  });

  test("is one for all processes: together they never make more calls than it allows", async () => {
    const { open, body } = world({ ...daily, limits: { calls: 25 } });
    await using one = await open();
    await using two = await open();
    const works = Array.from({ length: 40 }, (_, n) => caught((n % 2 === 0 ? one : two).invoke(leaf, n, acme)));
    const outcomes = await Promise.all(works);
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(25);
    expect(await body()).toMatchObject({ calls: 25 });
  });

  test("has promises written before the work begins, so that a crash counts too much rather than too little", async () => {
    const { open, body, clock } = world();
    await using kernel = await open();
    let seen: unknown;
    const model: Model = {
      kind: "model",
      name: "m",
      async run(_, call) {
        seen = await body();
        await call.sleep(5);
        return { text: "", toolCalls: [], finish: "stop", model: "m", usage: { inputTokens: 10, outputTokens: 5 } };
      },
    };
    const work = kernel.invoke(model, request, acme);
    await clock.advance(1);
    // This is what a process would find if this one died now.
    expect(seen).toMatchObject({ calls: 1, tokens: 60 });
    expect(spent(kernel)).toEqual({ "daily/acme": { calls: 1, tokens: 0, "reserved tokens": 60 } });
    await clock.advance(4);
    await work;
    expect(await body()).toMatchObject({ calls: 1, tokens: 15 });
  });

  test("caps an answer by what all processes have left, and stops one that grows beyond it", async () => {
    const { open, body, clock } = world({ ...daily, limits: { tokens: 100 } });
    await using one = await open();
    await using two = await open();
    const talker: Model = {
      kind: "model",
      name: "m",
      async run({ maxTokens }, call) {
        for (let n = 0; n < 40; n++) {
          call.emit("action.delta", { body: "y".repeat(20) });
          await call.sleep(1);
        }
        return {
          text: `${maxTokens}`,
          toolCalls: [],
          finish: "stop",
          model: "m",
          usage: { inputTokens: 0, outputTokens: 200 },
        };
      },
    };
    const works = [one, two].map((kernel) => caught(kernel.invoke(talker, request, acme)));
    await clock.advance(60);
    expect(await Promise.all(works)).toMatchObject([{ code: "budget.exceeded" }, { code: "budget.exceeded" }]);
    // Fifty and thirty were promised beside ten of input each; each answer was stopped at the piece that went beyond.
    expect(await body()).toMatchObject({ tokens: 10 + 55 + 10 + 35 });
  });

  test("is read in the middle of the day by a process that comes later", async () => {
    const { open, store } = world();
    await store.put(ID, { calls: 2, tokens: 90 });
    await using kernel = await open();
    await kernel.invoke(leaf, {}, acme);
    expect(spent(kernel)).toEqual({ "daily/acme": { calls: 3, tokens: 90 } });
  });

  test("counts the time of work when it ends, and refuses when it is used up", async () => {
    const { open, body, clock } = world({ ...daily, limits: { ms: 100 } });
    await using one = await open();
    const sleeper: AnyAction = { kind: "tool", name: "sleeper", run: (ms: number, call) => call.sleep(ms) };
    const work = one.invoke(sleeper, 60, acme);
    await clock.advance(60);
    await work;
    await clock.advance(0);
    expect(await body()).toMatchObject({ ms: 60 });
    await using two = await open();
    const late = caught(two.invoke(sleeper, 60, acme));
    await clock.advance(40);
    expect(await late).toMatchObject({ code: "budget.exceeded", data: { what: "ms", spent: 100 } });
    expect(await caught(one.invoke(sleeper, 1, acme))).toMatchObject({ code: "budget.exceeded", data: { what: "ms" } });
  });

  test("writes what comes in one go at once", async () => {
    const { open, store } = world({ ...daily, limits: { calls: 1000 } });
    let writes = 0;
    const counting: Store = { ...store, put: (...given) => store.put(...given).finally(() => writes++) };
    await using kernel = await open(counting);
    await Promise.all(Array.from({ length: 200 }, (_, n) => kernel.invoke(leaf, n, acme)));
    expect(writes).toBeLessThan(5);
    expect(spent(kernel)).toEqual({ "daily/acme": { calls: 200 } });
  });
});

test("what is settled while the store is being asked is seen at once", async () => {
  const { open, store, clock } = world({ ...daily, limits: { tokens: 100, calls: 9 } });
  const gates: (() => void)[] = [];
  let gated = false;
  const slow: Store = {
    ...store,
    async put(...given) {
      const document = await store.put(...given);
      if (gated) await new Promise<void>((resolve) => gates.push(resolve));
      return document;
    },
  };
  await using kernel = await open(slow);
  const model: Model = {
    kind: "model",
    name: "m",
    async run(_, call) {
      await call.sleep(5);
      return { text: "", toolCalls: [], finish: "stop", model: "m", usage: { inputTokens: 10, outputTokens: 5 } };
    },
  };
  const works = [kernel.invoke(model, request, acme)];
  await clock.advance(1);
  gated = true;
  works.push(kernel.invoke(leaf, {}, acme) as never);
  await clock.advance(4);
  gates.shift()?.();
  gated = false;
  await Promise.all(works);
  expect(spent(kernel)).toEqual({ "daily/acme": { calls: 2, tokens: 15 } });
});

describe("what is kept at the end of the kernel", () => {
  const held: AnyAction = { kind: "tool", name: "held", run: (_, call) => call.sleep(1e6) };

  test("includes what was in flight", async () => {
    const { open, body, clock } = world({ ...daily, limits: { ms: 1e9, calls: 9 } });
    const kernel = await open();
    const work = caught(kernel.invoke(held, {}, acme));
    await clock.advance(70);
    await kernel.end();
    expect(await work).toMatchObject({ code: "kernel.closed" });
    expect([await body(), clock.pending]).toEqual([{ calls: 1, ms: 70, tokens: 0, cost: 0 }, 0]);
  });

  test("gives back what the store granted to a call that had ended meanwhile", async () => {
    const { open, body, store, clock } = world({ ...daily, limits: { tokens: 100 } });
    const gates: (() => void)[] = [];
    const slow: Store = {
      ...store,
      put: async (...given) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        return store.put(...given);
      },
    };
    const kernel = await open(slow);
    let asked = 0;
    const model: Model = { kind: "model", name: "m", run: () => Promise.reject(new Error(`asked ${asked++}`)) };
    const work = caught(kernel.invoke(model, request, { ...acme, timeout: 5 }));
    await clock.advance(5);
    expect(await work).toMatchObject({ code: "call.timed_out" });
    const end = kernel.end();
    for (let n = 0; n < 3; n++) {
      gates.shift()?.();
      await clock.advance(0);
    }
    await end;
    expect([asked, await body()]).toEqual([0, { calls: 0, ms: 0, tokens: 0, cost: 0 }]);
  });
});

describe("a store that is not what it should be", () => {
  test("when there is none, the call is refused and the sentence says what to do", async () => {
    const { clock } = world();
    await using kernel = await createKernel({ clock, budgets: [daily] });
    expect(await caught(kernel.invoke(leaf, {}, acme))).toMatchObject({
      code: "budget.no_store",
      message: expect.stringContaining("Add a plugin that brings one"),
    });
    expect(await kernel.invoke(leaf, {})).toBe("done");
  });

  test("when it cannot be read, nothing is let through; when it works again, all is well", async () => {
    const { open, store, logged } = world();
    let down = true;
    const shaky: Store = { ...store, get: (id) => (down ? Promise.reject(new Error("no disk")) : store.get(id)) };
    await using kernel = await open(shaky);
    expect(await caught(kernel.invoke(leaf, {}, acme))).toMatchObject({ message: "no disk" });
    expect(logged).toMatchObject([{ level: "error", from: "budgets", message: expect.stringContaining("no disk") }]);
    down = false;
    expect(await kernel.invoke(leaf, {}, acme)).toBe("done");
    expect(spent(kernel)).toEqual({ "daily/acme": { calls: 1, tokens: 0 } });
  });

  test("a settlement that could not be written goes with the next write", async () => {
    const { open, store, body, clock } = world({ ...daily, limits: { tokens: 100 } });
    let down = false;
    const shaky: Store = { ...store, get: (id) => (down ? Promise.reject(new Error("no disk")) : store.get(id)) };
    await using kernel = await open(shaky);
    const model: Model = {
      kind: "model",
      name: "m",
      run() {
        down = true;
        return { text: "", toolCalls: [], finish: "stop", model: "m", usage: { inputTokens: 10, outputTokens: 5 } };
      },
    };
    await kernel.invoke(model, request, acme);
    await clock.advance(0);
    expect(await body()).toMatchObject({ tokens: 60 });
    down = false;
    await kernel.end();
    expect(await body()).toMatchObject({ tokens: 15 });
  });

  test("room is not given back twice when it is unknown whether a write went through", async () => {
    const { open, store, body, clock } = world({ ...daily, limits: { tokens: 100 } });
    let lost = false;
    const shaky: Store = {
      ...store,
      async put(...given) {
        const document = await store.put(...given);
        if (!lost) return document;
        lost = false;
        throw new Error("connection lost");
      },
    };
    await using kernel = await open(shaky);
    const model: Model = {
      kind: "model",
      name: "m",
      run() {
        lost = true;
        return { text: "", toolCalls: [], finish: "stop", model: "m", usage: { inputTokens: 10, outputTokens: 5 } };
      },
    };
    await kernel.invoke(model, request, acme);
    await clock.advance(0);
    await kernel.end();
    expect(await body()).toMatchObject({ tokens: 15 });
  });

  test("one that always says that somebody else was first is given up", async () => {
    const { open, store } = world();
    const liar: Store = { ...store, put: (id, body) => store.put(id, body, { version: 99 }) };
    await using kernel = await open(liar);
    expect(await caught(kernel.invoke(leaf, {}, acme))).toMatchObject({ code: "document.conflict" });
  });

  test("a document that is not ours counts as nothing used", async () => {
    const { open, store } = world();
    await store.put(ID, ["what", "is", "this"]);
    await using kernel = await open();
    expect(await kernel.invoke(leaf, {}, acme)).toBe("done");
    expect(spent(kernel)).toEqual({ "daily/acme": { calls: 1, tokens: 0 } });
  });
});
