import type { Agent, Health, HealthReport, Model, ModelReply, Plugin, PluginContext, Store } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { type HealthOptions, health } from "./index.ts";
import { measureLoopDelay } from "./loop-delay.ts";

/** What would be measured of a process: set by hand. */
function measured() {
  const state = { usual: 0, longest: 0, used: 1, limit: 100, resets: 0, disposed: false };
  const delay = () => ({
    usual: () => state.usual,
    longest: () => state.longest,
    reset: () => void state.resets++,
    [Symbol.dispose]() {
      state.disposed = true;
    },
  });
  return { state, measures: { delay, heap: () => state } };
}

async function watched(options: HealthOptions = {}, ...plugins: readonly Plugin[]) {
  const { state, measures } = measured();
  const kernel = await testKernel(...plugins, health({ measures, ...options }));
  const is = kernel.find("health") as Health;
  // The first look.
  await kernel.clock.advance(0);
  return { kernel, state, is, [Symbol.asyncDispose]: () => kernel.end() };
}

const failing = ({ checks }: HealthReport) =>
  Object.fromEntries(checks.filter(({ status }) => status === "failed").map(({ name, detail }) => [name, detail]));
const said = (report: HealthReport, name: string) => report.checks.find((check) => check.name === name);

const brings = (name: string, bring: (ctx: PluginContext) => void): Plugin => ({
  name,
  version: "1.0.0",
  setup: (ctx) => bring(ctx),
});

describe("what is looked at", () => {
  test("nothing was looked at yet: alive, but not ready; after the first look, both", async () => {
    const { measures } = measured();
    await using kernel = await testKernel(health({ measures }));
    const is = kernel.find("health") as Health;
    expect([is.live().status, is.ready().status]).toEqual(["ok", "failed"]);
    expect(failing(is.ready())).toEqual({ checks: "Nothing was looked at yet." });
    await kernel.clock.advance(0);
    expect(is.ready()).toMatchObject({ status: "ok" });
    expect(is.ready().checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "checks ok",
      "event-loop ok",
      "delay ok",
      "memory ok",
      "plugins ok",
      "agents ok",
      "mailboxes ok",
      "dead-letters ok",
      "journal ok",
      "store ok",
      "models unknown",
    ]);
    expect(is.live().checks.map(({ name }) => name)).toEqual(["checks", "event-loop"]);
  });

  test("a plugin that waits, and one agent that failed, are named", async () => {
    const broken: Agent = {
      kind: "agent",
      name: "ann",
      supervision: { restart: "temporary" },
      start: () => Promise.reject(new Error("no voice")),
      run: () => undefined,
    };
    await using at = await watched();
    await at.kernel.plug({ name: "weather", version: "1.0.0", needs: ["sandbox"], setup: () => {} });
    at.kernel.provide("agent", broken);
    await at.kernel.clock.advance(20_000);
    expect(failing(at.is.ready())).toEqual({
      plugins: "weather is waiting (needs sandbox)",
      agents: "ann has failed",
    });
    expect(at.is.live().status).toBe("ok");
  });

  test("a mailbox that is nearly full makes it not ready, until it is emptied", async () => {
    await using at = await watched();
    const held = Promise.withResolvers<void>();
    at.kernel.provide("agent", {
      kind: "agent",
      name: "ann",
      mailbox: { maxMessages: 10 },
      run: () => held.promise,
    });
    for (let index = 0; index < 10; index++) void at.kernel.send({ to: "agent:ann", type: "note", body: { index } });
    await at.kernel.clock.advance(20_000);
    expect(failing(at.is.ready())).toEqual({ mailboxes: "ann has 9 of 10 messages waiting" });
    held.resolve();
    await at.kernel.clock.advance(1000);
    expect(at.is.ready().status).toBe("ok");
  });

  test("the heap and a late event loop make it not ready; one that stood still for long makes it not live", async () => {
    await using at = await watched();
    Object.assign(at.state, { used: 95, usual: 800, longest: 800 });
    await at.kernel.clock.advance(20_000);
    expect(failing(at.is.ready())).toEqual({
      memory: "95 % of the heap is in use (limit 90 %).",
      delay: "The event loop is 800 ms late (limit 500 ms): it has too much to do.",
    });
    expect(at.is.live().status).toBe("ok");
    Object.assign(at.state, { used: 5, usual: 0, longest: 12_000 });
    await at.kernel.clock.advance(1000);
    expect([at.is.live().status, at.is.ready().status]).toEqual(["ok", "ok"]);
    await at.kernel.clock.advance(1000);
    expect(failing(at.is.live())).toEqual({ "event-loop": "The event loop stood still for 12000 ms." });
    at.state.longest = 0;
    await at.kernel.clock.advance(1000);
    expect(at.is.live().status).toBe("ok");
  });

  test("a store that cannot be reached, or never answers, is named", async () => {
    const answers: { list: () => Promise<never> } = { list: () => Promise.reject(new Error("disk full")) };
    const disk = brings("disk", (ctx) =>
      ctx.provide("store", { name: "disk", list: () => answers.list() } as unknown as Store),
    );
    await using at = await watched({ patience: 200 }, disk);
    expect(failing(at.is.ready())).toEqual({ store: "disk full" });
    answers.list = () => new Promise(() => {});
    await at.kernel.clock.advance(1200);
    expect(failing(at.is.ready())).toEqual({ store: expect.stringContaining('"store" gave no answer within 200 ms') });
  });

  test("models are judged by what their last calls came to, and are asked nothing", async () => {
    let asked = 0;
    let wrong = true;
    const model = (name: string): Model => ({
      kind: "model",
      name,
      async run() {
        asked++;
        if (wrong) throw new Error("overloaded");
        return {
          text: "",
          toolCalls: [],
          finish: "stop",
          usage: { inputTokens: 1, outputTokens: 1 },
          model: name,
        } satisfies ModelReply;
      },
    });
    const [one, other] = [model("one"), model("other")];
    await using at = await watched(
      {},
      brings("models", (ctx) => {
        ctx.provide("model", one);
        ctx.provide("model", other);
      }),
    );
    const ask = (which: Model, signal?: AbortSignal) =>
      at.kernel.invoke(which, { messages: [] }, signal === undefined ? {} : { signal }).catch(() => {});
    await at.kernel.clock.advance(60_000);
    expect([asked, said(at.is.ready(), "models")?.status]).toEqual([0, "ok"]);
    for (let call = 0; call < 5; call++) await ask(one);
    await at.kernel.clock.advance(20_000);
    // The other one may still work: fallbacks exist.
    expect(at.is.ready().status).toBe("ok");
    for (let call = 0; call < 5; call++) await ask(other);
    await at.kernel.clock.advance(11_000);
    expect(failing(at.is.ready())).toEqual({
      models: "5 of the last 5 calls of other failed; 5 of the last 5 calls of one failed",
    });
    wrong = false;
    for (let call = 0; call < 6; call++) await ask(one);
    await at.kernel.clock.advance(1000);
    expect(at.is.ready().status).toBe("ok");
  });

  test("a model that nobody calls any more is given another chance", async () => {
    const model: Model = { kind: "model", name: "one", run: () => Promise.reject(new Error("overloaded")) };
    await using at = await watched(
      {},
      brings("models", (ctx) => ctx.provide("model", model)),
    );
    for (let call = 0; call < 5; call++) await at.kernel.invoke(model, { messages: [] }).catch(() => {});
    await at.kernel.clock.advance(20_000);
    expect(at.is.ready().status).toBe("failed");
    await at.kernel.clock.advance(60_000);
    expect(at.is.ready().status).toBe("ok");
  });

  test("messages that come to nothing faster than the limit make it not ready", async () => {
    await using at = await watched({ limits: { deadLetters: 2 } });
    at.kernel.provide("agent", {
      kind: "agent",
      name: "ann",
      run: () => Promise.reject(new Error("I cannot")),
    });
    const lose = async (count: number) => {
      for (let index = 0; index < count; index++) await at.kernel.send({ to: "agent:ann", type: "note" });
      await at.kernel.clock.advance(0);
    };
    await lose(2);
    await at.kernel.clock.advance(10_000);
    expect(said(at.is.ready(), "dead-letters")?.detail).toBe("");
    await lose(3);
    await at.kernel.clock.advance(10_000);
    expect(said(at.is.ready(), "dead-letters")).toMatchObject({
      status: "ok",
      detail: expect.stringContaining("3 messages"),
    });
    await lose(3);
    await at.kernel.clock.advance(1000);
    expect(failing(at.is.ready())).toEqual({
      "dead-letters": "3 messages came to nothing since the last look (limit 2).",
    });
    await at.kernel.clock.advance(1000);
    expect(at.is.ready().status).toBe("ok");
  });

  test("what it was not granted to see is unknown, and keeps nobody from being ready", async () => {
    const { measures } = measured();
    await using kernel = await createKernel({ plugins: [health({ measures })] });
    const report = await (kernel.find("health") as Health).check();
    expect(report.status).toBe("ok");
    expect(said(report, "plugins")).toMatchObject({
      status: "unknown",
      detail: expect.stringContaining("not granted"),
    });
    expect(said(report, "journal")).toMatchObject({ status: "unknown", detail: "There is no journal." });
  });
});

describe("checks of one's own", () => {
  test("text is what is wrong, and so is what they throw; their signal fires when they take too long", async () => {
    const reasons: unknown[] = [];
    await using at = await watched({
      patience: 500,
      checks: {
        disk: async () => "only 3 MB left",
        line: () => Promise.reject(new Error("no tone")),
        slow: (signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => {
              reasons.push((signal.reason as { code: string }).code);
              reject(signal.reason);
            }),
          ),
        fine: async () => undefined,
      },
    });
    await at.kernel.clock.advance(500);
    expect(failing(at.is.ready())).toEqual({
      disk: "only 3 MB left",
      line: "no tone",
      slow: expect.stringContaining("500 ms"),
    });
    expect(reasons).toEqual(["health.timed_out"]);
  });

  test("one bad look is told and not counted, two are, and one good one is enough", async () => {
    let wrong: string | undefined;
    await using at = await watched({ every: 5000, checks: { line: async () => wrong } });
    wrong = "no tone";
    await at.kernel.clock.advance(5000);
    expect(at.is.ready().status).toBe("ok");
    expect(said(at.is.ready(), "line")).toMatchObject({ status: "ok", detail: "no tone" });
    wrong = undefined;
    await at.kernel.clock.advance(1000);
    wrong = "no tone";
    await at.kernel.clock.advance(5000);
    expect(at.is.ready().status).toBe("ok");
    // Suspicious, it looks again soon.
    await at.kernel.clock.advance(1000);
    expect(at.is.ready().status).toBe("failed");
    wrong = undefined;
    await at.kernel.clock.advance(1000);
    expect(at.is.ready().status).toBe("ok");
    expect(
      at.kernel.logged.filter(({ from }) => from === "health").map(({ level, message }) => [level, message]),
    ).toEqual([
      ["warn", "not well: line: no tone"],
      ["info", "well again: line"],
    ]);
  });

  test("what is not there yet while the process starts makes it not ready, and is not complained about", async () => {
    let wrong: string | undefined = "still loading";
    await using at = await watched({ checks: { cache: async () => wrong } });
    expect(failing(at.is.ready())).toEqual({ cache: "still loading" });
    wrong = undefined;
    await at.kernel.clock.advance(1000);
    expect([at.is.ready().status, at.kernel.logged]).toEqual(["ok", []]);
  });

  test("check() looks now; asked twice at once, it looks once", async () => {
    let looks = 0;
    await using at = await watched({
      checks: {
        count: async () => {
          looks++;
          return undefined;
        },
      },
    });
    expect(looks).toBe(1);
    const [one, other] = await Promise.all([at.is.check(), at.is.check()]);
    expect([looks, one.status, other.status]).toEqual([2, "ok", "ok"]);
  });
});

describe("its own life", () => {
  test("when it has looked at nothing for long, it says that it does not live", async () => {
    await using at = await watched({ every: 1000, patience: 1000 });
    await at.kernel.unplug("health");
    expect(at.is.live().status).toBe("ok");
    await at.kernel.clock.advance(4001);
    expect(failing(at.is.live())).toEqual({ checks: "Nothing was looked at for 4001 ms." });
    expect(at.kernel.find("health")).toBeUndefined();
  });

  test("ended in the middle of a look, it leaves no timer, tells that look to stop, and lets go of its measures", async () => {
    const stopped = Promise.withResolvers<void>();
    const at = await watched({
      checks: {
        slow: (signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => {
              stopped.resolve();
              reject(signal.reason);
            }),
          ),
      },
    });
    await at.kernel.end();
    await stopped.promise;
    expect(at.state.disposed).toBe(true);
    expect(at.kernel.logged).toEqual([]);
  });

  test.each<[string, object]>([
    ["a look every no time", { every: 0 }],
    ["a share above 1", { limits: { heap: 1.5 } }],
    ["a limit that nobody knows", { limits: { luck: 1 } }],
  ])("%s is refused", async (_name, options) => {
    await expect(testKernel(health(options))).rejects.toMatchObject({ code: "plugin.setup_failed" });
  });

  test("the event loop of this process is measured", async () => {
    using delay = measureLoopDelay();
    expect([delay.usual(), delay.longest()]).toEqual([0, 0]);
    // Busy until it was seen to be late, so that no machine is too fast or too slow for this.
    while (delay.longest() < 30) {
      const until = performance.now() + 60;
      while (performance.now() < until);
      await new Promise((resolve) => setImmediate(resolve));
    }
    delay.reset();
    expect(delay.longest()).toBeLessThan(30);
  });
});
