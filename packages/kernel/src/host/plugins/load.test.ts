import { describe, expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { plugin, statuses, tool } from "../../../test/plugins.ts";
import type { Plugin } from "../../plugin.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";

/** Plugins that note when they begin. */
function parts() {
  const order: string[] = [];
  const part = (name: string, needs: string[] = [], more: Partial<Plugin> = {}) =>
    plugin(
      name,
      (ctx) => {
        order.push(name);
        for (const thing of more.provides ?? []) ctx.provide("tool", tool(thing.slice(5)));
      },
      { needs, ...more },
    );
  return { order, part };
}

describe("the order of a load", () => {
  test("is the given one, but for who needs what comes later", async () => {
    const { order, part } = parts();
    const plugins = [
      part("a", ["tool:t"]),
      part("b", ["plugin:c@~1.0"]),
      part("c"),
      part("d", [], { provides: ["tool:t"] }),
    ];
    await using kernel = await createKernel({ plugins });
    expect([order, statuses(kernel)]).toEqual([
      ["c", "b", "d", "a"],
      ["a 1.0.0 active", "b 1.0.0 active", "c 1.0.0 active", "d 1.0.0 active"],
    ]);
  });

  test("puts who can do without a thing behind those who bring it, however late they can start", async () => {
    const { order, part } = parts();
    const plugins = [
      part("a", ["plugin:b?", "tool:t?"]),
      part("b", ["plugin:d"]),
      part("c", [], { provides: ["tool:t"] }),
      part("d"),
    ];
    await using _ = await createKernel({ plugins });
    expect(order).toEqual(["c", "d", "b", "a"]);
  });

  test("treats an optional plugin of a wrong version as absent", async () => {
    const { order, part } = parts();
    await using kernel = await createKernel({ plugins: [part("a", ["plugin:b@^2?", "plugin:none?"]), part("b")] });
    expect([order, statuses(kernel)]).toEqual([
      ["a", "b"],
      ["a 1.0.0 active", "b 1.0.0 active"],
    ]);
  });

  test("tells the plugins that start why the others wait", async () => {
    let seen: unknown;
    const first = plugin("first", (ctx) => {
      seen = ctx
        .get("control", "kernel")
        .plugins()
        .map(({ name, status, reason }) => [name, status, reason]);
    });
    const options = {
      plugins: [first, plugin("b", undefined, { needs: ["plugin:c"] }), plugin("c")],
      control: ["first"],
    };
    await using _ = await createKernel(options);
    expect(seen).toEqual([
      ["first", "starting", undefined],
      ["b", "waiting", "needs plugin:c"],
      ["c", "waiting", undefined],
    ]);
  });
});

describe("a load is refused", () => {
  const { part } = parts();
  test.each<[string, readonly Plugin[], object]>([
    [
      "a circle",
      [part("a", ["plugin:b"]), part("b", ["plugin:a"])],
      { code: "plugin.cycle", data: { cycle: "a → b → a" } },
    ],
    [
      "a circle through what is optional",
      [part("a", ["plugin:b?"]), part("b", ["plugin:a"])],
      { code: "plugin.cycle", data: { cycle: "a → b → a" } },
    ],
    ["a plugin that needs itself", [part("a", ["plugin:a"])], { code: "plugin.cycle", data: { cycle: "a → a" } }],
    [
      "a circle of declared things",
      [part("a", ["tool:y"], { provides: ["tool:x"] }), part("b", ["tool:x"], { provides: ["tool:y"] })],
      { code: "plugin.cycle", data: { cycle: "a → b → a" } },
    ],
    ["one name twice", [part("a"), part("a")], { code: "plugin.twice" }],
    ["a range that is not understood", [part("a", ["plugin:b@latest"]), part("b")], { code: "plugin.bad_need" }],
    [
      "a need that nobody meets",
      [part("a", ["store"]), part("b", ["plugin:a?"])],
      { code: "plugin.needs_missing", data: { name: "a", missing: "store" } },
    ],
  ])("%s", async (_, plugins, error) => {
    expect(await caught(createKernel({ plugins }))).toMatchObject(error);
  });

  test("when one that had to wait fails, and what had begun is ended", async () => {
    const order: string[] = [];
    const bad = plugin("bad", () => Promise.reject(new Error("no port")), { needs: ["plugin:good"] });
    const good = plugin("good", (ctx) => void ctx.own(() => void order.push("good ended")));
    expect(await caught(createKernel({ plugins: [bad, good] }))).toMatchObject({ code: "plugin.setup_failed" });
    expect(order).toEqual(["good ended"]);
  });
});

describe("later", () => {
  test("who would close a circle is refused, by plugging and by replacing, and nothing has changed", async () => {
    await using kernel = await testKernel();
    await kernel.plug(plugin("a", undefined, { needs: ["plugin:b"] }));
    const b = (needs: string[], version = "1.0.0") => plugin("b", undefined, { needs, version });
    expect(await caught(kernel.plug(b(["plugin:a"])))).toMatchObject({
      code: "plugin.cycle",
      data: { cycle: "a → b → a" },
    });
    await kernel.plug(b([]));
    expect(await caught(kernel.replace(b(["plugin:a?"], "2.0.0")))).toMatchObject({ code: "plugin.cycle" });
    expect(statuses(kernel)).toEqual(["a 1.0.0 active", "b 1.0.0 active"]);
  });

  test("what is optional parks nobody when it goes, and is waited for when both return", async () => {
    await using kernel = await testKernel();
    const { order, part } = parts();
    const base = () => part("base");
    for (const one of [base(), part("middle", ["plugin:base"]), part("top", ["plugin:middle?", "plugin:base"])])
      await kernel.plug(one);
    await kernel.unplug("middle");
    const seen = statuses(kernel);
    order.length = 0;
    await kernel.unplug("base");
    await kernel.plug(part("middle", ["plugin:base"]));
    await kernel.plug(base());
    expect([seen, order]).toEqual([
      ["base 1.0.0 active", "top 1.0.0 active"],
      ["base", "middle", "top"],
    ]);
  });

  test("one that fails when it is woken is tried again when what it needs goes and returns", async () => {
    await using kernel = await testKernel();
    let tries = 0;
    const shy = plugin(
      "shy",
      () => {
        if (++tries === 1) throw new Error("too early");
      },
      { needs: ["tool:t"] },
    );
    await kernel.plug(shy);
    const seen: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const take = kernel.provide("tool", tool("t"));
      await kernel.clock.advance(0);
      seen.push(kernel.plugins().at(-1)?.status);
      take();
      await kernel.clock.advance(0);
      seen.push(kernel.plugins().at(-1)?.status);
    }
    expect(seen).toEqual(["failed", "waiting", "active", "waiting"]);
  });
});
