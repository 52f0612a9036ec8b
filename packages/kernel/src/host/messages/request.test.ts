import { describe, expect, test } from "vitest";
import type { AnyAction } from "../../action.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Transport } from "../../kinds/transport.ts";
import type { Message } from "../../message.ts";
import { testKernel } from "../../testing/kernel.ts";

const agent = (name: string, more: Partial<Agent> = {}): Agent => ({
  kind: "agent",
  name,
  run: (input) => `${name}: ${String(input)}`,
  ...more,
});
const caught = async (work: () => unknown) => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

describe("a request", () => {
  test("is answered under the same trace", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", agent("ann", { run: (_, call) => call.trace }));
    const asks: AnyAction = {
      kind: "tool",
      name: "asks",
      run: async (_, call) => [call.trace, await call.request({ to: "agent:ann", type: "ask" })],
    };
    const [own, answered] = (await kernel.invoke(asks, {})) as string[];
    expect(answered).toBe(own);
  });

  test("from outside of any call continues the trace it is given", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", agent("ann", { run: (_, call) => call.trace }));
    const asks: AnyAction = {
      kind: "tool",
      name: "asks",
      run: (_, call) => call.request({ to: "agent:ann", type: "ask" }, { trace: "elsewhere" }),
    };
    const asked = kernel.request({ to: "agent:ann", type: "ask" }, { trace: "elsewhere" });
    expect([await asked, await kernel.invoke(asks, {}, { trace: "own" })]).toEqual(["elsewhere", "own"]);
  });

  test("to a role asks one of its holders", async () => {
    await using kernel = await testKernel();
    for (const name of ["ann", "bob"]) kernel.provide("agent", agent(name, { roles: ["critic"] }));
    const ask = () => kernel.request({ to: "role:critic", type: "ask", body: "?" });
    expect([await ask(), await ask(), await ask()]).toEqual(["ann: ?", "bob: ?", "ann: ?"]);
  });

  test("is refused with what the handler threw", async () => {
    await using kernel = await testKernel();
    const error = new Error("never");
    kernel.provide("agent", agent("ann", { run: () => Promise.reject(error) }));
    expect(await caught(() => kernel.request({ to: "agent:ann", type: "ask" }))).toBe(error);
  });

  test.each(["topic:none", "*"])("to %s where nobody is, is an error at once", async (to) => {
    await using kernel = await testKernel();
    expect(await caught(() => kernel.request({ to, type: "ask" }))).toMatchObject({
      code: "message.not_delivered",
      retryable: true,
    });
  });

  test("that a full mailbox refuses says so, with the reason as its cause", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", agent("ann", { mailbox: { maxMessages: 0 } }));
    expect(await caught(() => kernel.request({ to: "agent:ann", type: "ask" }))).toMatchObject({
      code: "message.not_delivered",
      retryable: true,
      cause: { code: "mailbox.full" },
    });
  });

  test("ends with its time limit, its signal, or the call it was made in, and leaves no timer", async () => {
    await using kernel = await testKernel();
    kernel.provide("agent", agent("ann", { concurrency: 9, run: (_, call) => call.sleep(100) }));
    const stop = new AbortController();
    const draft = { to: "agent:ann", type: "ask" };
    const inner: unknown[] = [];
    const asks: AnyAction = {
      kind: "tool",
      name: "asks",
      run: (_, call) => {
        void call.request(draft).catch((error) => inner.push(error.code));
        return "left";
      },
    };
    const results = [
      caught(() => kernel.request(draft, { timeout: 10 })),
      caught(() => kernel.request(draft, { signal: stop.signal })),
      caught(() => kernel.request(draft, { signal: AbortSignal.abort("before") })),
      kernel.invoke(asks, {}),
    ];
    await kernel.clock.advance(0);
    stop.abort("enough");
    await kernel.clock.advance(10);
    expect([await Promise.all(results), inner]).toEqual([
      [
        expect.objectContaining({ code: "message.no_answer", data: { address: "agent:ann", ms: 10 } }),
        "enough",
        "before",
        "left",
      ],
      ["call.parent_ended"],
    ]);
    await kernel.clock.advance(100);
    expect(kernel.clock.pending).toBe(0);
  });
});

describe("a transport", () => {
  function fakeTransport(claims: (address: string) => boolean, deliver: Transport["deliver"]) {
    const sent: Message[] = [];
    const transport: Transport = {
      name: "far",
      claims,
      deliver(batch) {
        sent.push(...batch);
        return deliver(batch);
      },
    };
    return { transport, sent };
  }
  const far = (address: string) => address.startsWith("agent:far.");

  test("gets what is not local and what it claims, as plain data", async () => {
    await using kernel = await testKernel();
    const { transport, sent } = fakeTransport(far, async () => [{ status: "queued", receivers: 1 }]);
    kernel.provide("transport", transport);
    expect(await kernel.send({ to: "agent:far.bob", type: "x", body: 1 })).toEqual({ status: "queued", receivers: 1 });
    expect(await caught(() => kernel.send({ to: "agent:near", type: "x" }))).toMatchObject({ code: "address.unknown" });
    expect(sent).toEqual([
      {
        id: "c1",
        from: "",
        to: "agent:far.bob",
        type: "x",
        body: 1,
        at: kernel.clock.now(),
        trace: "",
        priority: "normal",
      },
    ]);
    expect(Object.getPrototypeOf(sent[0])).toBe(Object.prototype);
  });

  test("brings the answer to a request as a message that replies to it", async () => {
    await using kernel = await testKernel();
    const { transport, sent } = fakeTransport(far, async () => [{ status: "accepted", receivers: 1 }]);
    kernel.provide("transport", transport);
    const answer = kernel.request({ to: "agent:far.bob", type: "ask" }, { timeout: 50 });
    await kernel.clock.advance(1);
    const { id } = sent[0] as Message;
    await kernel.send({ to: "agent:whoever", type: "answer", body: 42, replyTo: id });
    expect([await answer, kernel.clock.pending]).toEqual([42, 0]);
    expect(await caught(() => kernel.send({ to: "agent:whoever", type: "answer", replyTo: id }))).toMatchObject({
      code: "address.unknown",
    });
  });

  test("brings the answer to a request that was sent again, also when the first is given up meanwhile", async () => {
    await using kernel = await testKernel();
    const { transport } = fakeTransport(far, async () => [{ status: "accepted", receivers: 1 }]);
    kernel.provide("transport", transport);
    const ask = (timeout: number) =>
      caught(() => kernel.request({ id: "mine", to: "agent:far.bob", type: "ask" }, { timeout }));
    const [first, again] = [ask(10), ask(50)];
    await kernel.clock.advance(20);
    await kernel.send({ to: "agent:whoever", type: "answer", body: 42, replyTo: "mine" });
    expect([await first, await again]).toEqual([expect.objectContaining({ code: "message.no_answer" }), 42]);
  });

  test("that fails, fails the sending, and a request through it", async () => {
    await using kernel = await testKernel();
    kernel.provide("transport", fakeTransport(far, () => Promise.reject(new Error("cut"))).transport);
    expect([
      await caught(() => kernel.send({ to: "agent:far.x", type: "x" })),
      await caught(() => kernel.request({ to: "agent:far.x", type: "x" })),
    ]).toEqual([new Error("cut"), new Error("cut")]);
  });
});
