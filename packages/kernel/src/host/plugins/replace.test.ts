import { describe, expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { plugin, type Setup, statuses, tool } from "../../../test/plugins.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Plugin } from "../../plugin.ts";
import { fakeClock } from "../../testing/clock.ts";
import { seededRandom } from "../../testing/ids.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createKernel } from "../kernel.ts";

describe("replacing", () => {
  /** A counter that hands its count on. */
  const counter = (version: string, more: Partial<Plugin> = {}, extra: Setup = () => {}) =>
    plugin(
      "counter",
      async (ctx) => {
        let count = 0;
        ctx.provide(
          "tool",
          tool("count", async (_, call) => {
            await call.sleep(10);
            return `${version} ${++count}`;
          }),
        );
        await extra(ctx);
        return {
          snapshot: () => count,
          restore: (state) => {
            count = state as number;
          },
        };
      },
      { version, ...more },
    );

  test("hands over the state; calls in flight finish on the old version, and none fails", async () => {
    await using kernel = await testKernel(counter("1.0.0"));
    const call = () => kernel.invoke(kernel.get("tool", "count"), {});
    const first = call();
    await kernel.clock.advance(10);
    const inFlight = [call(), call()];
    await kernel.clock.advance(5);
    const replaced = kernel.replace(counter("2.0.0"));
    await kernel.clock.advance(0);
    const after = call();
    await kernel.clock.advance(20);
    expect([await first, ...(await Promise.all(inFlight)), await after, (await replaced).version]).toEqual([
      "1.0.0 1",
      "1.0.0 2",
      "1.0.0 3",
      "2.0.0 2",
      "2.0.0",
    ]);
    expect(kernel.clock.pending).toBe(0);
  });

  test("calls all the while: none fails, none meets a version that is half set up", async () => {
    await using kernel = await testKernel(counter("1.0.0"));
    const results: Promise<unknown>[] = [];
    for (let round = 2; round < 8; round++) {
      let ready = false;
      const replaced = kernel.replace(
        counter(`${round}.0.0`, {}, async (ctx) => {
          ctx.wrap((step, next) => {
            if (!ready) throw new Error("half set up");
            return next(step);
          });
          for (let turn = 0; turn < 5; turn++) {
            results.push(kernel.invoke(kernel.get("tool", "count"), {}));
            await Promise.resolve();
          }
          ready = true;
        }),
      );
      for (let turn = 0; turn < 5; turn++) {
        results.push(kernel.invoke(kernel.get("tool", "count"), {}));
        await kernel.clock.advance(4);
      }
      await kernel.clock.advance(20);
      await replaced;
    }
    expect((await Promise.allSettled(results)).filter(({ status }) => status === "rejected")).toEqual([]);
    expect(results).toHaveLength(60);
  });

  test("a version that fails changes nothing: the old one serves on, wrapped by nobody new", async () => {
    await using kernel = await testKernel(counter("1.0.0"));
    const before = kernel.counts().watchers;
    const seen: unknown[] = [];
    const bad = counter("2.0.0", {}, async (ctx) => {
      ctx.wrap(() => Promise.reject(new Error("wrapped")));
      ctx.watch({}, () => void seen.push("watched"));
      ctx.receive("topic:x", () => void seen.push("received"));
      seen.push(ctx.get("tool", "count") === kernel.get("tool", "count"), ctx.list("tool").length);
      await kernel.send({ to: "topic:x", type: "x" });
      throw new Error("no licence");
    });
    expect(await caught(kernel.replace(bad))).toMatchObject({
      code: "plugin.setup_failed",
      message: 'The plugin "counter" (2.0.0) could not be set up: no licence',
    });
    const result = kernel.invoke(kernel.get("tool", "count"), {});
    await kernel.clock.advance(10);
    expect([await result, seen, kernel.counts().watchers, statuses(kernel)]).toEqual([
      "1.0.0 1",
      [false, 1],
      before,
      ["counter 1.0.0 active"],
    ]);
    expect(await caught(kernel.rollback("counter"))).toMatchObject({ code: "plugin.no_previous" });
  });

  test.each<[string, Plugin, string]>([
    [
      "cannot take the state",
      plugin("counter", () => ({ restore: () => Promise.reject(new Error("bad state")) }), { version: "2.0.0" }),
      "plugin.setup_failed",
    ],
    ["needs what is not there", counter("2.0.0", { needs: ["model"] }), "plugin.needs_missing"],
    [
      "brings what has no proper name",
      counter("2.0.0", {}, (ctx) => void ctx.provide("tool", tool("a b"))),
      "plugin.setup_failed",
    ],
  ])("a version that %s changes nothing", async (_, next, code) => {
    await using kernel = await testKernel(counter("1.0.0"));
    expect(await caught(kernel.replace(next))).toMatchObject({ code });
    const result = kernel.invoke(kernel.get("tool", "count"), {});
    await kernel.clock.advance(10);
    expect([await result, statuses(kernel)]).toEqual(["1.0.0 1", ["counter 1.0.0 active"]]);
  });

  test("a call that outlasts the drain does not keep the old version", async () => {
    await using kernel = await testKernel();
    let ended = false;
    let release!: () => void;
    await kernel.plug(
      plugin(
        "p",
        (ctx) => {
          ctx.own(() => {
            ended = true;
          });
          ctx.provide(
            "tool",
            tool(
              "t",
              () =>
                new Promise<void>((resolve) => {
                  release = resolve;
                }),
            ),
          );
        },
        { drain: 100 },
      ),
    );
    const slow = kernel.invoke(kernel.get("tool", "t"), {});
    const replaced = kernel.replace(plugin("p"));
    await kernel.clock.advance(99);
    const before = ended;
    await kernel.clock.advance(1);
    await replaced;
    expect([before, ended]).toEqual([false, true]);
    release();
    await slow;
  });

  test("a thing that both versions bring is there all the time, and is not waited for", async () => {
    await using kernel = await testKernel();
    const shared = tool("shared", (_, call) => call.sleep(1000));
    const ann: Agent = { kind: "agent", name: "ann", run: () => "here" };
    const version = (text: string) =>
      plugin(
        "p",
        (ctx) => {
          ctx.provide("tool", shared);
          ctx.provide("agent", ann);
        },
        { version: text },
      );
    await kernel.plug(version("1.0.0"));
    const slow = kernel.invoke(shared, {});
    await kernel.replace(version("2.0.0"));
    expect([await kernel.request({ to: "agent:ann", type: "x" }), kernel.get("tool", "shared")]).toEqual([
      "here",
      shared,
    ]);
    await kernel.clock.advance(1000);
    await slow;
  });

  test("a message to a topic reaches one version, never both", async () => {
    await using kernel = await testKernel();
    const heard: string[] = [];
    const version = (text: string) =>
      plugin(
        "p",
        (ctx) => {
          ctx.receive("topic:x", async ({ body }, call) => {
            await call.sleep(10);
            heard.push(`${text} ${body}`);
          });
        },
        { version: text },
      );
    const say = (body: number) => kernel.send({ to: "topic:x", type: "x", body });
    await kernel.plug(version("1.0.0"));
    await Promise.all([say(1), say(2)]);
    const replaced = kernel.replace(version("2.0.0"));
    await kernel.clock.advance(1);
    await say(3);
    await kernel.clock.advance(50);
    await replaced;
    expect(heard.sort()).toEqual(["1.0.0 1", "1.0.0 2", "2.0.0 3"]);
  });

  test("nothing that ends before the change of versions is missing from the state, which is handed over once", async () => {
    await using kernel = await testKernel();
    const handed: unknown[] = [];
    const adder = (version: string) =>
      plugin(
        "adder",
        (ctx) => {
          let sum = 0;
          ctx.provide(
            "tool",
            tool("add", () => ++sum),
          );
          return {
            snapshot: () => sum,
            restore(state) {
              handed.push(state);
              sum = state as number;
            },
          };
        },
        { version },
      );
    await kernel.plug(adder("1.0.0"));
    const replaced = kernel.replace(adder("2.0.0"));
    const sums: unknown[] = [];
    for (let turn = 0; turn < 200; turn++) sums.push(await kernel.invoke(kernel.get("tool", "add"), {}));
    await replaced;
    expect([sums, handed.length, kernel.plugins().at(-1)?.version]).toEqual([
      Array.from({ length: 200 }, (_, index) => index + 1),
      1,
      "2.0.0",
    ]);
  });

  test("a version for one that waits is set up when it can be; one that fails leaves it waiting", async () => {
    await using kernel = await testKernel();
    await kernel.plug(counter("1.0.0", { needs: ["model"] }));
    const bad = plugin("counter", () => Promise.reject(new Error("no")), { version: "2.0.0" });
    expect(await caught(kernel.replace(bad))).toMatchObject({ code: "plugin.setup_failed" });
    expect(statuses(kernel)).toEqual(["counter 1.0.0 waiting needs model"]);
    await kernel.replace(counter("3.0.0"));
    expect(statuses(kernel)).toEqual(["counter 3.0.0 active"]);
  });

  describe("what cannot be held twice", () => {
    function port() {
      const log: string[] = [];
      let held: string | undefined;
      const version = (text: string, fails = false) =>
        plugin(
          "port",
          (ctx) => {
            if (held !== undefined) throw new Error(`${text} found it held by ${held}`);
            let state = text;
            held = text;
            ctx.own(() => {
              held = undefined;
            });
            log.push(`${text} holds`);
            if (fails) throw new Error("no certificate");
            return {
              snapshot: () => state,
              restore(given) {
                state = given as string;
                log.push(`${text} takes over from ${state}`);
              },
            };
          },
          { version: text, exclusive: true },
        );
      return { log, version, held: () => held };
    }

    test("is let go first", async () => {
      await using kernel = await testKernel();
      const { log, version, held } = port();
      await kernel.plug(version("1"));
      await kernel.replace(version("2"));
      expect([log, held()]).toEqual([["1 holds", "2 holds", "2 takes over from 1"], "2"]);
    });

    test("hands over what its last calls did, for they finish before the snapshot", async () => {
      await using kernel = await testKernel(counter("1.0.0", { exclusive: true }));
      const calls = [1, 2].map(() => kernel.invoke(kernel.get("tool", "count"), {}));
      const replaced = kernel.replace(counter("2.0.0", { exclusive: true }));
      await kernel.clock.advance(10);
      await replaced;
      calls.push(kernel.invoke(kernel.get("tool", "count"), {}));
      await kernel.clock.advance(10);
      expect(await Promise.all(calls)).toEqual(["1.0.0 1", "1.0.0 2", "2.0.0 3"]);
    });

    test("serves on when its state cannot be had, and so do those who need it", async () => {
      await using kernel = await testKernel();
      const odd = (version: string) =>
        plugin(
          "odd",
          (ctx) => {
            ctx.provide(
              "tool",
              tool("t", () => version),
            );
            return {
              snapshot() {
                throw new Error("no state");
              },
            };
          },
          { version, exclusive: true },
        );
      await kernel.plug(odd("1"));
      await kernel.plug(plugin("user", undefined, { needs: ["tool:t"] }));
      expect(await caught(kernel.replace(odd("2")))).toMatchObject({
        code: "plugin.setup_failed",
        cause: new Error("no state"),
      });
      expect([await kernel.invoke(kernel.get("tool", "t"), {}), statuses(kernel)]).toEqual([
        "1",
        ["odd 1 active", "user 1.0.0 active"],
      ]);
    });

    test("is taken up again by the old version, with its state, when the new one fails", async () => {
      await using kernel = await testKernel();
      const { log, version, held } = port();
      await kernel.plug(version("1"));
      const user = plugin("user", undefined, { needs: ["plugin:port"] });
      await kernel.plug(user);
      expect(await caught(kernel.replace(version("2", true)))).toMatchObject({
        code: "plugin.setup_failed",
        cause: new Error("no certificate"),
      });
      expect([log, held(), statuses(kernel)]).toEqual([
        ["1 holds", "2 holds", "1 holds", "1 takes over from 1"],
        "1",
        ["port 1 active", "user 1.0.0 active"],
      ]);
    });
  });
});

describe("the queue of changes", () => {
  test("does one thing at a time, in the order they were asked for", async () => {
    await using kernel = await testKernel();
    const order: string[] = [];
    const slow = (name: string, version = "1") =>
      plugin(
        name,
        async (ctx) => {
          order.push(`${name} ${version} begins`);
          await new Promise<void>((resolve) => ctx.clock.after(10, resolve));
          order.push(`${name} ${version} is ready`);
          ctx.own(() => void order.push(`${name} ${version} ends`));
        },
        { version },
      );
    const work = [
      kernel.plug(slow("a")),
      kernel.plug(slow("b")),
      kernel.unplug("a"),
      kernel.replace(slow("b", "2")),
      caught(kernel.unplug("a")),
    ];
    await kernel.clock.advance(50);
    await Promise.all(work);
    expect(order).toEqual([
      "a 1 begins",
      "a 1 is ready",
      "b 1 begins",
      "b 1 is ready",
      "a 1 ends",
      "b 2 begins",
      "b 2 is ready",
      "b 1 ends",
    ]);
  });

  test("leaves nothing behind after any sequence of plugging, unplugging and replacing", async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = seededRandom(seed);
      const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
      const clock = fakeClock();
      const kernel = await createKernel({ clock });
      const names = ["a", "b", "c", "d"];
      let open = 0;
      const made = () => {
        const name = pick(names);
        const fails = random() < 0.2;
        const needs = random() < 0.4 ? [`tool:${pick(names)}`] : [];
        return plugin(
          name,
          async (ctx) => {
            open++;
            ctx.own(() => void open--);
            ctx.provide(
              "tool",
              tool(name, (_, call) => call.sleep(3)),
            );
            ctx.provide("agent", {
              kind: "agent",
              name,
              topics: ["t"],
              run: (_: unknown, call) => call.sleep(2),
            } satisfies Agent);
            ctx.wrap((step, next) => next(step));
            ctx.watch({ kind: "tool" }, () => {});
            ctx.receive("topic:t", () => {});
            await Promise.resolve();
            if (fails) throw new Error("by chance");
            return { snapshot: () => name, restore: () => {} };
          },
          { needs: needs.filter((need) => need !== `tool:${name}`), exclusive: random() < 0.3, drain: 50 },
        );
      };
      const work: Promise<unknown>[] = [];
      for (let step = 0; step < 40; step++) {
        const dice = random();
        const found = kernel.find("tool", pick(names));
        if (dice < 0.4) work.push(caught(kernel.plug(made())));
        else if (dice < 0.6) work.push(caught(kernel.unplug(pick(names))));
        else if (dice < 0.8) work.push(caught(kernel.replace(made())));
        else if (found !== undefined) work.push(caught(kernel.invoke(found, {})));
        else work.push(caught(Promise.resolve(kernel.send({ to: "topic:t", type: "t" }))));
        if (random() < 0.3) await clock.advance(5);
      }
      for (const name of names) work.push(caught(kernel.unplug(name)));
      await clock.advance(10_000);
      await Promise.all(work);
      expect([
        seed,
        open,
        kernel.plugins(),
        kernel.agents(),
        kernel.list("tool"),
        kernel.counts(),
        clock.pending,
      ]).toEqual([seed, 0, [], [], [], { calls: 0, watchers: 0 }, 0]);
      expect(await kernel.send({ to: "topic:t", type: "t" })).toMatchObject({ receivers: 0 });
      await kernel.end();
    }
  });
});
