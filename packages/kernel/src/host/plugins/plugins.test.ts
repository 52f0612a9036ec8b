import { describe, expect, test } from "vitest";
import { z } from "zod";
import { caught } from "../../../test/caught.ts";
import { plugin, type Setup, statuses, tool } from "../../../test/plugins.ts";
import type { AnyAction } from "../../action.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Control } from "../../kinds/control.ts";
import type { Store } from "../../kinds/store.ts";
import { definePlugin, type PluginContext } from "../../plugin.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";

const store = (name: string) => ({ name }) as unknown as Store;

describe("needs", () => {
  test("kinds, named things and plugins of a range are waited for, and met in any order", async () => {
    await using kernel = await createKernel();
    const order: string[] = [];
    const note = (name: string, needs: string[], setup?: Setup) =>
      plugin(
        name,
        (ctx) => {
          order.push(name);
          return setup?.(ctx);
        },
        { needs },
      );
    await kernel.plug(note("c", ["tool:b", "plugin:b@^1"]));
    await kernel.plug(note("b", ["store"], (ctx) => void ctx.provide("tool", tool("b"))));
    expect(statuses(kernel)).toEqual(["c 1.0.0 waiting needs tool:b, plugin:b@^1", "b 1.0.0 waiting needs store"]);
    await kernel.plug(note("a", [], (ctx) => void ctx.provide("store", store("s"))));
    expect([order, statuses(kernel)]).toEqual([
      ["a", "b", "c"],
      ["c 1.0.0 active", "b 1.0.0 active", "a 1.0.0 active"],
    ]);
  });

  test("who needs what goes is parked before it is gone, the last of a chain first, and all resume", async () => {
    await using kernel = await createKernel();
    const order: string[] = [];
    const part = (name: string, needs: string[]) =>
      plugin(
        name,
        (ctx) => {
          order.push(`${name} begins`);
          ctx.own(() => void order.push(`${name} ends`));
          ctx.provide("tool", tool(name));
        },
        { needs },
      );
    for (const one of [part("base", []), part("middle", ["tool:base"]), part("top", ["plugin:middle"])])
      await kernel.plug(one);
    order.length = 0;
    await kernel.unplug("base");
    expect([order.splice(0), statuses(kernel)]).toEqual([
      ["top ends", "middle ends", "base ends"],
      ["middle 1.0.0 waiting needs tool:base", "top 1.0.0 waiting needs plugin:middle"],
    ]);
    await kernel.plug(part("base", []));
    expect(order).toEqual(["base begins", "middle begins", "top begins"]);
  });

  test("a thing that comes or goes outside of any plugin wakes and parks too", async () => {
    await using kernel = await testKernel();
    await kernel.plug(plugin("p", undefined, { needs: ["tool:hot"] }));
    const take = kernel.provide("tool", tool("hot"));
    await kernel.clock.advance(0);
    const seen = statuses(kernel);
    take();
    await kernel.clock.advance(0);
    expect([...seen, ...statuses(kernel)]).toEqual(["p 1.0.0 active", "p 1.0.0 waiting needs tool:hot"]);
  });

  test("a kernel whose plugins wait for ever is not made: what is missing, or the circle, is said", async () => {
    const missing = createKernel({ plugins: [plugin("p", undefined, { needs: ["store", "plugin:q@^2"] })] });
    expect(await caught(missing)).toMatchObject({
      code: "plugin.needs_missing",
      data: { name: "p", missing: "store, plugin:q@^2" },
    });
    const circle = createKernel({
      plugins: [plugin("a", undefined, { needs: ["plugin:b"] }), plugin("b", undefined, { needs: ["plugin:a"] })],
    });
    expect(await caught(circle)).toMatchObject({ code: "plugin.cycle", data: { cycle: "a → b → a" } });
  });

  test("a need that is not understood, and a name that is taken, are refused", async () => {
    await using kernel = await testKernel(plugin("p"));
    expect([
      await caught(kernel.plug(plugin("q", undefined, { needs: ["A store"] }))),
      await caught(kernel.plug(plugin("p"))),
      await caught(kernel.unplug("pp")),
    ]).toMatchObject([
      { code: "plugin.bad_need" },
      { code: "plugin.twice" },
      { code: "plugin.unknown", message: 'No plugin is called "pp". Did you mean "p"?' },
    ]);
    expect(statuses(kernel)).toEqual(["p 1.0.0 active"]);
  });
});

describe("setting up", () => {
  /** Brings one of everything. */
  const everything = (mark: string, heard: string[]) => (ctx: PluginContext) => {
    ctx.own(() => void heard.push(`${mark} ended`));
    ctx.provide(
      "tool",
      tool("t", () => mark),
    );
    ctx.provide("agent", { kind: "agent", name: "a", run: () => mark } satisfies Agent);
    ctx.wrap(
      (step, next) => {
        heard.push(`${mark} wraps`);
        return next(step);
      },
      { kinds: ["tool"] },
    );
    ctx.watch({ type: "action.end", kind: "tool" }, () => void heard.push(`${mark} watches`));
    ctx.receive("topic:x", () => void heard.push(`${mark} receives`));
  };

  test("what was brought before it failed is taken back", async () => {
    await using kernel = await testKernel();
    const heard: string[] = [];
    const before = { shelf: kernel.list("tool"), watchers: kernel.counts().watchers };
    const bad = plugin("bad", async (ctx) => {
      everything("bad", heard)(ctx);
      await Promise.resolve();
      throw new Error("no port");
    });
    expect(await caught(kernel.plug(bad))).toMatchObject({
      code: "plugin.setup_failed",
      message: 'The plugin "bad" (1.0.0) could not be set up: no port',
      cause: new Error("no port"),
    });
    expect([
      { shelf: kernel.list("tool"), watchers: kernel.counts().watchers },
      kernel.agents(),
      heard,
      statuses(kernel),
    ]).toEqual([before, [], ["bad ended"], []]);
  });

  test("unplugging takes back everything", async () => {
    await using kernel = await testKernel();
    const heard: string[] = [];
    const watchers = kernel.counts().watchers;
    await kernel.plug(plugin("p", everything("p", heard)));
    const t = kernel.get("tool", "t");
    await kernel.invoke(t, {});
    await kernel.send({ to: "topic:x", type: "x" });
    await kernel.clock.advance(0);
    expect(heard.splice(0)).toEqual(["p wraps", "p watches", "p receives"]);
    await kernel.unplug("p");
    expect(await kernel.invoke(t, {})).toBe("p");
    expect(await kernel.send({ to: "topic:x", type: "x" })).toMatchObject({ receivers: 0 });
    expect([heard, kernel.find("tool"), kernel.agents(), kernel.counts().watchers]).toEqual([
      ["p ended"],
      undefined,
      [],
      watchers,
    ]);
  });

  test("a call in flight finishes before what it uses is gone, if it is not too slow", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    const slow = tool("slow", (ms: number, call) => call.sleep(ms).then(() => void order.push(`call of ${ms} ended`)));
    const part = plugin(
      "p",
      (ctx) => {
        ctx.own(() => void order.push("database closed"));
        ctx.provide("tool", slow);
      },
      { drain: 100 },
    );
    for (const ms of [50, 200]) {
      await kernel.plug(part);
      const call = kernel.invoke(slow, ms);
      const gone = kernel.unplug("p");
      await kernel.clock.advance(200);
      await Promise.all([call, gone]);
    }
    expect(order).toEqual(["call of 50 ended", "database closed", "database closed", "call of 200 ended"]);
  });

  test("an agent that is unplugged ends its turn before what it uses is gone", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    const ann: Agent = {
      kind: "agent",
      name: "ann",
      run: (_, call) => call.sleep(10).then(() => order.push("turn ended")),
    };
    await kernel.plug(
      plugin("p", (ctx) => {
        ctx.own(() => void order.push("database closed"));
        ctx.provide("agent", ann);
      }),
    );
    const turn = kernel.invoke(ann, {});
    await kernel.clock.advance(1);
    const gone = kernel.unplug("p");
    await kernel.clock.advance(9);
    await Promise.all([turn, gone]);
    expect(order).toEqual(["turn ended", "database closed"]);
  });

  test("a plugin may stop watching before it ends", async () => {
    await using kernel = await testKernel();
    const watchers = kernel.counts().watchers;
    const heard: string[] = [];
    let stop!: () => void;
    await kernel.plug(
      plugin("p", (ctx) => {
        stop = ctx.watch({ type: "action.end", kind: "tool" }, ({ name }) => void heard.push(name));
      }),
    );
    await kernel.invoke(tool("first"), {});
    stop();
    stop();
    await kernel.invoke(tool("second"), {});
    expect([heard, kernel.counts().watchers]).toEqual([["first"], watchers]);
    await kernel.unplug("p");
    expect(kernel.counts().watchers).toBe(watchers);
  });

  test("after its end a plugin can bring nothing, and nothing of the try stays", async () => {
    await using kernel = await testKernel();
    let kept!: PluginContext;
    await kernel.plug(
      plugin("p", (ctx) => {
        kept = ctx;
      }),
    );
    await kernel.unplug("p");
    const watchers = kernel.counts().watchers;
    const tries = [
      () => kept.provide("tool", tool("late")),
      () => kept.wrap((step, next) => next(step)),
      () => kept.watch({}, () => {}),
      () => kept.receive("topic:x", () => {}),
      () => kept.own(() => {}),
    ];
    for (const attempt of tries) expect(attempt).toThrow(expect.objectContaining({ code: "scope.closed" }));
    expect([kernel.find("tool", "late"), kernel.counts().watchers, kept.signal.aborted]).toEqual([
      undefined,
      watchers,
      true,
    ]);
  });

  test("what a plugin needs, holds and is for is seen", async () => {
    await using kernel = await testKernel();
    await kernel.plug(
      plugin(
        "p",
        (ctx) => {
          ctx.provide("tool", tool("t"));
          ctx.own(() => {});
        },
        { needs: ["store", "memory?"], description: "Answers." },
      ),
    );
    expect(kernel.plugins().at(-1)).toMatchObject({
      needs: ["store", "memory?"],
      holds: 2,
      provides: ["tool:t"],
      rollbacks: 0,
      description: "Answers.",
    });
  });

  test("something provided can be taken back early", async () => {
    await using kernel = await testKernel();
    let takeBack!: () => void;
    await kernel.plug(
      plugin("p", (ctx) => {
        takeBack = ctx.provide("tool", tool("t"));
      }),
    );
    const before = kernel.find("tool", "t")?.name;
    takeBack();
    takeBack();
    expect([before, kernel.find("tool", "t"), kernel.plugins().at(-1)?.provides]).toEqual(["t", undefined, []]);
  });

  test("a failing end is reported, and the plugin is gone all the same", async () => {
    await using kernel = await testKernel();
    await kernel.plug(
      plugin("p", (ctx) => {
        ctx.provide("tool", tool("t"));
        ctx.own(() => Promise.reject(new Error("stuck")));
      }),
    );
    expect(await caught(kernel.unplug("p"))).toMatchObject({ code: "scope.end_failed" });
    expect([statuses(kernel), kernel.find("tool")]).toEqual([[], undefined]);
  });

  test("the kernel ends its plugins the last one first, and gathers what fails", async () => {
    const order: string[] = [];
    const part = (name: string) =>
      plugin(name, (ctx) => {
        ctx.own(() => {
          order.push(name);
          if (name !== "b") throw new Error(`${name} stuck`);
        });
      });
    const kernel = await createKernel({ plugins: ["a", "b", "c"].map(part) });
    kernel.own(() => void order.push("what users own"));
    const error = (await caught(kernel.end())) as Error;
    expect(order).toEqual(["what users own", "c", "b", "a"]);
    expect(error).toMatchObject({ code: "scope.end_failed", cause: { data: { scope: "plugins", count: 2 } } });
    expect(await caught(kernel.plug(plugin("d")))).toMatchObject({ code: "kernel.closed" });
  });
});

describe("options", () => {
  const weather = definePlugin({
    name: "weather",
    version: "1.0.0",
    options: z.object({ key: z.string(), units: z.enum(["c", "f"]).default("c") }),
    setup: (ctx, options) =>
      void ctx.provide(
        "tool",
        tool("weather", () => options),
      ),
  });

  test("are validated, defaults and all, before the set-up sees them", async () => {
    await using kernel = await testKernel(weather({ key: "k" }));
    expect(await kernel.invoke(kernel.get("tool", "weather"), {})).toEqual({ key: "k", units: "c" });
  });

  test("that are wrong are refused by name", async () => {
    // A configuration file knows no types.
    const error = await caught(testKernel(weather({ key: 1 } as never)));
    expect(error).toMatchObject({
      code: "plugin.setup_failed",
      cause: { code: "plugin.bad_options", message: expect.stringContaining('"weather" are wrong: key: ') },
    });
  });
});

describe("control", () => {
  const nosy = plugin(
    "nosy",
    (ctx) =>
      void ctx.provide(
        "tool",
        tool("look", () =>
          ctx
            .get("control", "kernel")
            .plugins()
            .map(({ name }) => name),
        ),
      ),
  );

  test("is given only to plugins that were granted it, by get, find and list alike", async () => {
    await using kernel = await createKernel({ plugins: [nosy] });
    expect(await caught(kernel.invoke(kernel.get("tool", "look"), {}))).toMatchObject({
      code: "plugin.not_granted",
      data: { name: "nosy", what: "control" },
    });
    for (const ask of [(ctx: PluginContext) => ctx.find("control"), (ctx: PluginContext) => ctx.list("control")]) {
      expect(await caught(kernel.plug(plugin("other", (ctx) => void ask(ctx))))).toMatchObject({
        code: "plugin.setup_failed",
        cause: { code: "plugin.not_granted" },
      });
    }
    const byCall: AnyAction = { kind: "tool", name: "x", run: (_, call) => call.get("control", "kernel") };
    expect(await caught(kernel.invoke(byCall, {}))).toMatchObject({ code: "registry.not_found" });
  });

  test("granted, it steers: agents, calls, tasks and plugins, as the kernel itself does", async () => {
    let control: Control | undefined;
    const steers = plugin("steers", (ctx) => {
      control = ctx.get("control", "kernel");
    });
    await using kernel = await createKernel({ plugins: [steers], control: ["steers"] });
    const steer = control as Control;
    const stuck: Agent = {
      kind: "agent",
      name: "ann",
      run: (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    };
    kernel.provide("agent", stuck);
    const status = () => kernel.agents()[0]?.status;

    const turn = caught(kernel.invoke(stuck, {}));
    const interrupted = steer.interrupt({ agent: "ann" }, "it takes too long");
    expect([interrupted, await turn]).toMatchObject([1, { code: "call.interrupted" }]);
    steer.pauseAgent("ann");
    expect(status()).toBe("paused");
    const task = kernel.scheduler.submit({ agent: "ann", input: {} });
    expect([steer.cancelTask(task.id, "not now"), steer.cancelTask(task.id), steer.cancelTask("none")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await caught(task.result)).toMatchObject({ code: "task.cancelled", data: { reason: "not now" } });
    steer.resumeAgent("ann");
    await steer.stopAgent("ann");
    expect(status()).toBe("stopped");
    await steer.restartAgent("ann");
    expect(status()).toBe("ready");
    await kernel.plug(plugin("a"));
    await kernel.replace(plugin("a", undefined, { version: "2.0.0" }));
    expect(await steer.rollback("a")).toMatchObject({ version: "1.0.0" });
    expect(steer.history("a").map((one) => `${one.version} ${one.status}`)).toEqual([
      "1.0.0 replaced",
      "2.0.0 rolled back",
      "1.0.0 active",
    ]);
    expect(await steer.release("a")).toMatchObject({ status: "active" });
  });

  test("granted, it shows what is there, and counts as a need that is met", async () => {
    const seen: unknown[] = [];
    const look = plugin(
      "look",
      (ctx) => {
        const control = ctx.get("control", "kernel");
        ctx.provide("tool", tool("t"));
        seen.push(
          control.plugins().map(({ name, status }) => [name, status]),
          control.shelves()["tool"],
          control.agents(),
          control.calls(),
        );
      },
      { needs: ["control"] },
    );
    await using kernel = await createKernel({ plugins: [plugin("a"), look], control: ["look"] });
    expect(seen).toEqual([
      [
        ["a", "active"],
        ["look", "starting"],
      ],
      [{ name: "t", owner: "look" }],
      [],
      0,
    ]);
    expect(kernel.tree().split("\n")).toEqual([
      expect.stringMatching(/^a@1\.0\.0 {5}active {2} +\d+\.\d ms$/),
      expect.stringMatching(/^look@1\.0\.0 {2}active {2}/),
      "└─ tool: t",
    ]);
  });
});
