import { expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { plugin, tool } from "../../../test/plugins.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { PluginContext } from "../../plugin.ts";
import { seededRandom } from "../../testing/ids.ts";
import { testKernel } from "../../testing/kernel.ts";

/** How a version goes wrong, if it does. */
const FAULTS = ["none", "none", "none", "set-up", "name", "restore"] as const;
type Fault = (typeof FAULTS)[number];

/** Keeps account of versions of one plugin, which notice when they are used after their end. */
function service() {
  const seen = {
    snapshots: 0,
    restores: 0,
    heard: [] as unknown[],
    late: [] as string[],
  };
  const version = (number: number, fault: Fault, setupMs: number) =>
    plugin(
      "service",
      async (ctx: PluginContext) => {
        let open = true;
        const mark = `${number}`;
        ctx.own(() => {
          open = false;
        });
        const use = (what: string) => {
          if (!open) seen.late.push(`${what} of ${mark}`);
        };
        ctx.provide(
          "tool",
          tool("work", async (ms: number, call) => {
            await call.sleep(ms);
            use("tool");
            return [mark];
          }),
        );
        ctx.provide("agent", {
          kind: "agent",
          name: "ann",
          concurrency: 8,
          async run(ms: number, call) {
            await call.sleep(ms);
            use("agent");
            return [mark];
          },
        } satisfies Agent);
        ctx.wrap(
          async (step, next) => {
            const answer = (await next(step)) as string[];
            use("wrapper");
            return [...answer, mark];
          },
          { kinds: ["tool"] },
        );
        ctx.receive("topic:orders", async ({ body }, call) => {
          await call.sleep(1);
          use("receiver");
          seen.heard.push(body);
        });
        if (setupMs > 0) await new Promise<void>((resolve) => void ctx.clock.after(setupMs, resolve));
        if (fault === "set-up") throw new Error("no port");
        if (fault === "name") ctx.provide("tool", tool("no name"));
        let count = number;
        return {
          snapshot() {
            seen.snapshots++;
            return count;
          },
          restore(state) {
            if (fault === "restore") throw new Error("bad state");
            seen.restores++;
            count = (state as number) + 1;
          },
        };
      },
      { version: `${number}.0.0` },
    );
  return { seen, version };
}

test.each([1, 2, 3])(
  "a thousand calls a second while fifty versions come, some of which fail: none fails, none is lost (seed %i)",
  { timeout: 60_000 },
  async (seed) => {
    const random = seededRandom(seed);
    await using kernel = await testKernel();
    const { seen, version } = service();
    await kernel.plug(version(0, "none", 0));
    const calls: Promise<unknown>[] = [];
    const said: number[] = [];
    const delivered: unknown[] = [];
    // Brought by somebody else, but wrapped by the version that is there when it begins.
    const other = tool("other", (time: number, call) => call.sleep(time).then(() => []));
    const ms = () => Math.ceil(random() * 15);

    function once(turn: number): void {
      if (turn % 5 === 4) calls.push(kernel.invoke(other, ms()));
      else if (turn % 5 === 0) calls.push(kernel.invoke(kernel.get("tool", "work"), ms()));
      else if (turn % 5 === 1) calls.push(kernel.invoke(kernel.get("agent", "ann"), ms()));
      else if (turn % 5 === 2) calls.push(kernel.request({ to: "agent:ann", type: "x", body: ms() }));
      else {
        said.push(turn);
        delivered.push(kernel.send({ to: "topic:orders", type: "x", body: turn }));
      }
    }

    const outcomes = { done: 0, failed: 0, badState: 0 };
    async function swapAll(): Promise<void> {
      for (let number = 1; number <= 50; number++) {
        const fault = FAULTS[Math.floor(random() * FAULTS.length)] as Fault;
        const failed = (await caught(kernel.replace(version(number, fault, ms())))) instanceof Error;
        expect([seed, number, failed]).toEqual([seed, number, fault !== "none"]);
        outcomes[failed ? "failed" : "done"]++;
        if (fault === "restore") outcomes.badState++;
      }
    }

    let over = false;
    const swaps = swapAll().finally(() => {
      over = true;
    });
    let turn = 0;
    while (!over) {
      once(turn++);
      await kernel.clock.advance(1);
    }
    await swaps;
    await kernel.clock.advance(1000);
    const answers = (await Promise.allSettled(calls)) as PromiseSettledResult<string[]>[];
    const wrong = answers.filter((one) => one.status === "rejected" || new Set(one.value).size !== 1);
    expect({ seed, wrong, late: seen.late }).toEqual({ seed, wrong: [], late: [] });
    expect((seen.heard as number[]).toSorted((left, right) => left - right)).toEqual(said);
    expect((await Promise.all(delivered)).map((one) => (one as { receivers: number }).receivers)).toEqual(
      said.map(() => 1),
    );
    expect([turn > 500, outcomes.failed > 5, seen.restores, seen.snapshots]).toEqual([
      true,
      true,
      outcomes.done,
      outcomes.done + outcomes.badState,
    ]);
    expect([kernel.counts().calls, kernel.list("tool").length, kernel.deadLetters.count]).toEqual([0, 1, 0]);
  },
);
