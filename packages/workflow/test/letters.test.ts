import { type Agent, inMemoryJournal, type Journal, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { createWorld, type LifeOptions, pass, tool, turns, writingJournal } from "./world.ts";

const bringing =
  (tools: readonly Tool[], ...agents: readonly Agent[]) =>
  (kernel: Kernel) => {
    for (const each of tools) kernel.provide("tool", each);
    for (const each of agents) kernel.provide("agent", each);
  };

/** Dies after the n-th append, or before it. */
function atAppend(number: number, at: "before" | "after"): NonNullable<LifeOptions["dies"]> {
  let count = 0;
  return (when, method) => {
    if (method !== "append") return false;
    if (when === "before") count++;
    return when === at && count === number;
  };
}

describe("what a run says", () => {
  const main = tool(
    "main",
    async (_, call) => (await call.send({ to: "topic:news", type: "note", body: "hello" })).status,
  );

  /** Ids of the messages that arrived, over all lives. */
  async function told(dies?: LifeOptions["dies"]) {
    const world = createWorld();
    const ids: string[] = [];
    const hear = (kernel: Kernel) => {
      bringing([main])(kernel);
      kernel.watch({ type: "message.sent" }, (event) => event.type === "message.sent" && ids.push(event.id));
    };
    const first = await world.live({ bring: hear, ...(dies !== undefined && { dies }) });
    await first.engine.start(main, {}, { id: "r" });
    await pass(world, 300);
    await first.kernel.end();
    world.clock.jump(5000);
    await using _ = await world.live({ bring: hear });
    await pass(world, 2000);
    const left = await world.journal.letters({ worker: "w", leaseMs: 0, limit: 10 });
    return { ids, status: (await world.journal.get("r"))?.status, left: left.length };
  }

  test("is said once, under the id of its step, and forgotten", async () => {
    const { ids, ...rest } = await told();
    expect([ids.length, ids[0]?.startsWith("r/message:send:"), rest]).toEqual([1, true, { status: "done", left: 0 }]);
  });

  test("is said after a crash at any point, and never under another id", async () => {
    const found = [];
    for (const number of [1, 2, 3]) {
      for (const at of ["before", "after"] as const) {
        const { ids, status, left } = await told(atAppend(number, at));
        found.push([new Set(ids).size, ids.length, status, left]);
      }
    }
    // Never twice, for whoever died here had sent it and forgotten the letter, or had not sent it.
    expect(found).toEqual(found.map(() => [1, 1, "done", 0]));
  });

  test("that was spoilt where it is kept is told once, and holds up no other", async () => {
    const { clock, journal } = createWorld();
    const { run } = await journal.create({ id: "r", kind: "tool", name: "main", input: {} });
    const error = { code: "run.unreadable", message: "It is not JSON.", retryable: false };
    const got: string[] = [];
    const main = tool("main", () => "done");
    const draft = { to: "topic:news", type: "x", body: 7 };
    const letters: Journal["letters"] = async () => [
      { id: "bad", run: run.id, draft: null, error },
      { id: "good", run: run.id, draft },
    ];
    const sent: string[] = [];
    const spoilt = { ...journal, letters, sent: async (ids: readonly string[]) => void sent.push(...ids) };
    const world = createWorld(clock, spoilt);
    await using life = await world.live({ bring: bringing([main]) });
    life.kernel.watch({ type: "message.sent" }, (event) => event.type === "message.sent" && got.push(event.id));
    await pass(world, 2_000);
    expect(life.logged).toEqual(['The letter "bad" can never be sent: It is not JSON.']);
    expect([new Set(sent), new Set(got)]).toEqual([new Set(["good"]), new Set(["good"])]);
  });

  test("that nobody is there for fails at its sender, and is not said later", async () => {
    const lost = tool("main", (_, call) =>
      Promise.resolve(call.send({ to: "agent:nobody", type: "x" })).then(
        () => "sent",
        (error: { code: string }) => error.code,
      ),
    );
    const world = createWorld();
    await using life = await world.live({ bring: bringing([lost]) });
    expect(await (await life.engine.start(lost, {})).result()).toBe("address.unknown");
    await turns();
    expect(await world.journal.letters({ worker: "w", leaseMs: 0, limit: 10 })).toEqual([]);
  });
});

describe("a step with the effect tx", () => {
  const put = (name: string, id: string) =>
    tool(
      name,
      async (_, call) => {
        await call.run?.write({ type: "put", id, body: name });
        return name;
      },
      { effect: "tx" },
    );

  test("writes when its row is kept; what cannot be written fails it, and nothing else", async () => {
    const { clock } = createWorld();
    const { writing, documents } = writingJournal(inMemoryJournal({ clock }));
    const tools = [put("one", "a"), put("two", "a")] as const;
    const none = tool("none", (_, call) => call.run?.write({ type: "put", id: "b", body: 1 }));
    const main = tool("main", async (_, call) => {
      const all = [...tools, none].map((each) => call.invoke(each, {}).catch((error: { code: string }) => error.code));
      return Promise.all(all);
    });
    await using life = await createWorld(clock, writing).live({ bring: bringing([...tools, none, main]) });
    const run = await life.engine.start(main, {}, { id: "r" });
    expect(await run.result()).toEqual(["one", "document.conflict", "step.not_tx"]);
    expect([...documents]).toEqual([["a", "one"]]);
    expect((await run.steps()).map(({ name, error }) => [name, error?.code]).sort()).toEqual([
      ["none", "step.not_tx"],
      ["one", undefined],
      ["two", "document.conflict"],
    ]);
  });

  test("has written exactly once after a crash before or after its row", async () => {
    for (const at of ["before", "after"] as const) {
      const { clock } = createWorld();
      const { writing, documents } = writingJournal(inMemoryJournal({ clock }));
      const world = createWorld(clock, writing);
      const step = put("one", "a");
      const main = tool("main", (_, call) => call.invoke(step, {}));
      const first = await world.live({ bring: bringing([step, main]), dies: atAppend(1, at) });
      await first.engine.start(main, {}, { id: "r" });
      await first.died;
      await first.kernel.end();
      clock.jump(5000);
      await using _ = await world.live({ bring: bringing([step, main]) });
      await pass(world, 1000);
      expect([await world.journal.get("r"), [...documents]]).toMatchObject([
        { status: "done", output: "one" },
        [["a", "one"]],
      ]);
    }
  });
});

test("what is caught in the first life is what every later life catches", async () => {
  const world = createWorld();
  class Special extends Error {
    readonly detail = new Map();
  }
  const broken = tool("broken", () => {
    throw new Special("oh no", { cause: new TypeError("deep") });
  });
  const seen: unknown[] = [];
  const main = tool("main", async (_, call) => {
    const error = (await call.invoke(broken, {}).catch((thrown: unknown) => thrown)) as Error & { code: string };
    seen.push([error.code, error.message, (error.cause as Error).message, error instanceof Special]);
    await call.now();
    return error.stack?.includes("letters.test");
  });
  const first = await world.live({ bring: bringing([main, broken]), dies: atAppend(2, "before") });
  await first.engine.start(main, {}, { id: "r" });
  await first.died;
  await first.kernel.end();
  world.clock.jump(5000);
  await using _ = await world.live({ bring: bringing([main, broken]) });
  await pass(world, 1000);
  expect(seen).toHaveLength(2);
  expect(seen[0]).toEqual(seen[1]);
});
