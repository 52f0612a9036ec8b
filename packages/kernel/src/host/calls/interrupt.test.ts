import { describe, expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import type { Call } from "../../call.ts";
import { isMofaError } from "../../error.ts";
import type { Agent } from "../../kinds/agent.ts";
import { testKernel } from "../../testing/index.ts";

const waiting = (call: Call) =>
  new Promise<never>((_, reject) => call.signal.addEventListener("abort", () => reject(call.signal.reason)));
const agent = (name: string): Agent => ({ kind: "agent", name, concurrency: 2, run: (_, call) => waiting(call) });
const code = (error: unknown) => (isMofaError(error) ? error.code : error);

describe("interrupting calls", () => {
  test("by agent: its turns are cancelled wherever they stand in a call tree, and nobody else's", async () => {
    await using kernel = await testKernel();
    const [ann, ben] = [agent("ann"), agent("ben")];
    kernel.provide("agent", ann);
    kernel.provide("agent", ben);
    const outer = { kind: "node", name: "outer", run: (_: unknown, call: Call) => call.invoke(ann, {}).catch(code) };
    const alone = caught(kernel.invoke(ann, {}));
    const below = kernel.invoke(outer, {});
    const stop = new AbortController();
    const other = caught(kernel.invoke(ben, {}, { signal: stop.signal }));
    await kernel.clock.advance(0);
    expect(kernel.interrupt({ agent: "ann" }, "the question has changed")).toBe(2);
    expect([code(await alone), await below]).toEqual(["call.interrupted", "call.interrupted"]);
    expect((await alone) as Error).toMatchObject({ message: expect.stringContaining("the question has changed") });
    const active = Object.fromEntries(kernel.agents().map((info) => [info.name, info.active]));
    expect(active).toEqual({ ann: 0, ben: 1 });
    stop.abort(new Error("enough"));
    await other;
  });

  test("by trace: all its outermost calls, each once, though one has calls below it", async () => {
    await using kernel = await testKernel();
    const inner = { kind: "tool", name: "inner", run: (_: unknown, call: Call) => waiting(call) };
    const outer = { kind: "tool", name: "outer", run: (_: unknown, call: Call) => call.invoke(inner, {}) };
    const work = ["one", "one", "two"].map((trace) => caught(kernel.invoke(outer, {}, { trace })));
    await kernel.clock.advance(0);
    expect(kernel.interrupt({ trace: "one" })).toBe(2);
    expect(kernel.interrupt({ trace: "none" })).toBe(0);
    expect((await Promise.all(work.slice(0, 2))).map(code)).toEqual(["call.interrupted", "call.interrupted"]);
    expect(kernel.counts().calls).toBe(2);
    expect(kernel.interrupt({ trace: "two", agent: "ann" })).toBe(0);
    expect(kernel.interrupt({ trace: "two" })).toBe(1);
    await work[2];
  });

  test("a turn that an address was asked for is reached by the trace of whoever asked", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", { ...agent("ann"), roles: ["reader"] });
    const asks = {
      kind: "tool",
      name: "asks",
      run: (_: unknown, call: Call) => call.request({ to: "role:reader", type: "read" }),
    };
    const asked = caught(kernel.invoke(asks, {}, { trace: "mine" }));
    await kernel.clock.advance(0);
    expect(kernel.agents()[0]).toMatchObject({ active: 1 });
    kernel.interrupt({ trace: "mine" });
    expect(code(await asked)).toBe("call.interrupted");
    await kernel.clock.advance(0);
    expect(kernel.agents()[0]).toMatchObject({ active: 0, failed: 1 });
  });
});
