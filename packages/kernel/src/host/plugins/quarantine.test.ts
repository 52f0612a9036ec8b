import { describe, expect, test } from "vitest";
import { plugin, type Setup, statuses, tool } from "../../../test/plugins.ts";
import { fail } from "../../errors.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { PluginContext } from "../../plugin.ts";
import { fakeClock } from "../../testing/clock.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel, type Kernel, type KernelOptions } from "../kernel.ts";

const throws = (): never => {
  throw new TypeError("oops");
};
const refuses = (): never => {
  throw fail("kernel.closed", {});
};
const t = tool("t");

/** What a plugin does that can go wrong, and what makes it happen once. */
const ways: Record<string, { setup(ctx: PluginContext, wrong: () => never): void; once(kernel: Kernel): unknown }> = {
  "a watcher": {
    setup: (ctx, wrong) => void ctx.watch({ type: "action.end" }, wrong),
    once: (kernel) => kernel.invoke(t, {}),
  },
  "a receiver": {
    setup: (ctx, wrong) => ctx.receive("topic:x", wrong),
    once: (kernel) => kernel.send({ to: "topic:x", type: "x" }),
  },
  "a receiver that takes its time": {
    setup: (ctx, wrong) => ctx.receive("topic:x", async () => wrong()),
    once: (kernel) => kernel.send({ to: "topic:x", type: "x" }),
  },
  "a wrapper": {
    setup: (ctx, wrong) => ctx.wrap(() => wrong()),
    once: (kernel) => kernel.invoke(t, {}).catch(() => {}),
  },
  "a wrapper, after what it wraps": {
    setup: (ctx, wrong) =>
      ctx.wrap(async (step, next) => {
        await next(step);
        return wrong();
      }),
    once: (kernel) => kernel.invoke(t, {}).catch(() => {}),
  },
};

async function withKernel(options: KernelOptions = {}) {
  const clock = fakeClock();
  const kernel = await createKernel({ clock, ...options });
  return { clock, kernel };
}

describe("faults", () => {
  test.each(Object.entries(ways))("%s that throws five times takes its plugin out", async (_, { setup, once }) => {
    await using kernel = await testKernel();
    const user = plugin("user", undefined, { needs: ["tool:brought"] });
    await kernel.plug(
      plugin("p", (ctx) => {
        ctx.provide("tool", tool("brought"));
        setup(ctx, throws);
      }),
    );
    await kernel.plug(user);
    const statusesAfter: unknown[] = [];
    for (let count = 0; count < 6; count++) {
      await once(kernel);
      await kernel.clock.advance(1);
      statusesAfter.push(kernel.plugins().find(({ name }) => name === "p")?.status);
    }
    expect([statusesAfter, statuses(kernel), kernel.find("tool", "brought")]).toEqual([
      [...Array(4).fill("active"), "quarantined", "quarantined"],
      [
        "p 1.0.0 quarantined 5 faults within 60000 ms, the last: TypeError: oops",
        "user 1.0.0 waiting needs tool:brought",
      ],
      undefined,
    ]);
  });

  test.each(Object.entries(ways))("%s that refuses with a MoFA error is not at fault", async (_, { setup, once }) => {
    await using kernel = await testKernel();
    await kernel.plug(plugin("p", (ctx) => setup(ctx, refuses)));
    for (let count = 0; count < 8; count++) await once(kernel);
    await kernel.clock.advance(1);
    expect(statuses(kernel)).toEqual(["p 1.0.0 active"]);
  });

  test("what a wrapper only hands on is not its fault, whether it awaits it or not", async () => {
    await using kernel = await testKernel();
    await kernel.plug(
      plugin("p", (ctx) => {
        ctx.wrap((step, next) => next(step));
        ctx.wrap(async (step, next) => await next(step));
        ctx.wrap((step, next) =>
          next(step).catch((cause) => {
            throw new Error("wrapped", { cause });
          }),
        );
      }),
    );
    for (let count = 0; count < 8; count++) await kernel.invoke(tool("bad", throws), {}).catch(() => {});
    await kernel.clock.advance(1);
    expect(statuses(kernel)).toEqual(["p 1.0.0 active"]);
  });

  test("those of long ago do not count, and the bounds can be set", async () => {
    const { kernel, clock } = await withKernel({ quarantine: { faults: 2, within: 100 } });
    await kernel.plug(plugin("p", (ctx) => ctx.receive("topic:x", throws)));
    const seen: unknown[] = [];
    for (const ms of [100, 99, 0]) {
      await kernel.send({ to: "topic:x", type: "x" });
      await clock.advance(ms);
      seen.push(kernel.plugins()[0]?.status);
    }
    await kernel.end();
    expect(seen).toEqual(["active", "active", "quarantined"]);
  });

  test("nothing is taken out where quarantine is off", async () => {
    const { kernel, clock } = await withKernel({ quarantine: false });
    await kernel.plug(plugin("p", (ctx) => ctx.receive("topic:x", throws)));
    for (let count = 0; count < 20; count++) await kernel.send({ to: "topic:x", type: "x" });
    await clock.advance(1);
    expect(statuses(kernel)).toEqual(["p 1.0.0 active"]);
    await kernel.end();
  });

  test("failing again and again when it is woken counts too", async () => {
    await using kernel = await testKernel();
    await kernel.plug(plugin("p", throws, { needs: ["tool:t"] }));
    for (let count = 0; count < 6; count++) {
      const take = kernel.provide("tool", t);
      await kernel.clock.advance(0);
      take();
      await kernel.clock.advance(0);
    }
    expect(kernel.plugins().at(-1)).toMatchObject({ status: "quarantined", reason: expect.stringContaining("oops") });
  });

  test("an agent that its supervisor gave up counts", async () => {
    const { kernel, clock } = await withKernel({ quarantine: { faults: 1 } });
    const ann: Agent = { kind: "agent", name: "ann", start: throws, run: () => 1 };
    await kernel.plug(plugin("p", (ctx) => void ctx.provide("agent", ann)));
    await clock.advance(60_000);
    expect(kernel.plugins()[0]?.status).toBe("quarantined");
    await kernel.end();
  });

  test.each([
    [true, "quarantined"],
    [false, "active"],
  ])("errors of its actions count when that is asked for: %s", async (actions, status) => {
    const { kernel, clock } = await withKernel({ quarantine: { faults: 2, actions } });
    const bad = tool("bad", throws);
    const outer = tool("outer", (_, call) => call.invoke(bad, {}));
    await kernel.plug(plugin("outer", (ctx) => void ctx.provide("tool", outer)));
    await kernel.plug(plugin("bad", (ctx) => void ctx.provide("tool", bad)));
    for (let count = 0; count < 2; count++) await kernel.invoke(outer, {}).catch(() => {});
    await clock.advance(1);
    // Who only called what failed is not at fault.
    expect(kernel.plugins().map(({ name, status }) => [name, status])).toEqual([
      ["outer", "active"],
      ["bad", status],
    ]);
    await kernel.end();
  });
});

describe("out of quarantine", () => {
  async function quarantined(setup: Setup) {
    const { kernel, clock } = await withKernel({ quarantine: { faults: 1 } });
    await kernel.plug(plugin("p", setup, { needs: [] }));
    const strike = async () => {
      await kernel.send({ to: "topic:x", type: "x" });
      await clock.advance(1);
    };
    await strike();
    return { kernel, clock, strike };
  }
  const faulty: Setup = (ctx) => ctx.receive("topic:x", throws);

  test("it comes when it is released, and its faults start anew", async () => {
    const { kernel, strike } = await quarantined(faulty);
    const heard: unknown[] = [];
    kernel.watch({ type: "plugin.changed" }, (event) => heard.push("status" in event && event.status));
    await kernel.release("p");
    const seen = statuses(kernel);
    await strike();
    expect([seen, kernel.plugins()[0]?.status, heard]).toEqual([
      ["p 1.0.0 active"],
      "quarantined",
      ["starting", "active", "stopping", "quarantined"],
    ]);
    await kernel.end();
  });

  test("it comes with another version, but not with one that fails", async () => {
    const { kernel } = await quarantined(faulty);
    const replaced = kernel.replace(plugin("p", throws, { version: "2.0.0" }));
    await expect(replaced).rejects.toMatchObject({ code: "plugin.setup_failed" });
    const seen = kernel.plugins()[0];
    await kernel.replace(plugin("p", undefined, { version: "3.0.0" }));
    expect([seen, kernel.plugins()[0]]).toMatchObject([
      { status: "quarantined", version: "1.0.0" },
      { status: "active", version: "3.0.0" },
    ]);
    await kernel.end();
  });

  test("a version that came in time is not taken out for the faults of the one before", async () => {
    const { kernel, clock } = await withKernel({ quarantine: { faults: 1 } });
    const slow: Setup = (ctx) => new Promise((resolve) => void ctx.clock.after(10, resolve));
    await kernel.plug(plugin("p", faulty));
    const replaced = kernel.replace(plugin("p", slow, { version: "2.0.0" }));
    await kernel.send({ to: "topic:x", type: "x" });
    await clock.advance(20);
    await replaced;
    expect(statuses(kernel)).toEqual(["p 2.0.0 active"]);
    await kernel.end();
  });

  test("releasing what is not in it changes nothing", async () => {
    await using kernel = await testKernel(plugin("p"));
    expect(await kernel.release("p")).toMatchObject({ status: "active" });
  });
});
