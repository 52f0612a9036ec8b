import type { Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { continueAsNew } from "../src/index.ts";
import { createWorld, pass, tool, turns } from "./world.ts";

const bring =
  (...tools: readonly Tool[]) =>
  (kernel: Kernel) => {
    for (const each of tools) kernel.provide("tool", each);
  };

describe("a run that begins anew", () => {
  test("has a new input, nothing kept, other keys, and the signals it has not heard", async () => {
    const world = createWorld();
    const keys: string[] = [];
    const step = tool("step", (_, call) => keys.push(call.run?.key ?? ""));
    const main = tool("main", async ({ n }, call) => {
      await call.invoke(step, {}, { key: "s" });
      const heard = await call.hear("more");
      return heard?.body === "end" ? { turns: n } : continueAsNew(call, { n: Number(n) + 1 });
    });
    await using life = await world.live({ bring: bring(main, step) });
    const run = await life.engine.start(main, { n: 1 }, { id: "r" });
    for (const body of ["on", "on", "end"]) await run.signal("more", body);
    await pass(world, 1000);
    expect(await run.record()).toMatchObject({
      status: "done",
      output: { turns: 3 },
      turn: 2,
      takeovers: 0,
      input: { n: 3 },
    });
    expect(keys).toEqual(["r/tool:step:=s#1", "r~2/tool:step:=s#1", "r~3/tool:step:=s#1"]);
    expect((await run.steps()).map(({ type }) => type)).toEqual(["step", "signal"]);
  });

  test("does so only from its outermost action", async () => {
    const inner = tool("inner", (_, call) => continueAsNew(call, {}));
    const main = tool("main", (_, call) => call.invoke(inner, {}).catch((error: { code: string }) => error.code));
    await using life = await createWorld().live({ bring: bring(main, inner) });
    expect(await (await life.engine.start(main, {})).result()).toBe("run.not_outermost");
    await expect(life.kernel.invoke(inner, {})).rejects.toMatchObject({ code: "run.not_outermost" });
  });
});

describe("a fork", () => {
  function story() {
    const ran: string[] = [];
    let broken = true;
    const step = (name: string) => tool(name, () => `${name} ${ran.push(name)}`);
    const flaky = tool("flaky", () => {
      ran.push("flaky");
      if (broken) throw new Error("broken");
      return "mended";
    });
    const [one, two] = [step("one"), step("two")];
    const main = tool("main", async (input, call) => [
      input["n"] ?? null,
      await call.invoke(one, {}),
      (await call.ask({ title: "Go on?" })).value,
      await call.invoke(flaky, {}),
      await call.invoke(two, {}),
    ]);
    return {
      ran,
      main,
      bring: bring(main, one, two, flaky),
      mend() {
        broken = false;
      },
    };
  }

  async function failed() {
    const world = createWorld();
    const own = story();
    const life = await world.live({ bring: own.bring });
    const run = await life.engine.start(own.main, {}, { id: "r" });
    await turns();
    const [task] = await life.engine.decisions({ status: "open" });
    await life.engine.decide(task?.token ?? "", { value: "yes", by: "ann" });
    await run.result().catch(() => {});
    return { world, life, run, ...own };
  }

  test("goes on from the step that failed, with all that came before", async () => {
    const { life, run, ran, mend } = await failed();
    mend();
    const fork = await run.fork();
    expect([await fork.result(), ran]).toEqual([
      [null, "one 1", "yes", "mended", "two 4"],
      ["one", "flaky", "flaky", "two"],
    ]);
    expect(await fork.record()).toMatchObject({ origin: { run: "r" }, takeovers: 0 });
    expect(await run.status()).toBe("failed");
    await life.kernel.end();
  });

  test("may put a result in the place of a step's, go on from an earlier one, or have another input", async () => {
    const { life, run, ran, mend } = await failed();
    const rows = await run.steps();
    const keyOf = (name: string) => rows.find((row) => row.name === name)?.key ?? "";
    const patched = await run.fork({ results: { [keyOf("flaky")]: "by hand" } });
    expect(await patched.result()).toEqual([null, "one 1", "yes", "by hand", "two 3"]);
    mend();
    const earlier = await run.fork({ from: keyOf("one"), input: { n: 7 } });
    await turns();
    const [task] = await life.engine.decisions({ status: "open" });
    await life.engine.decide(task?.token ?? "", { value: "again", by: "ann" });
    expect(await earlier.result()).toEqual([7, "one 4", "again", "mended", "two 6"]);
    await expect(run.fork({ from: "tool:onne" })).rejects.toMatchObject({ code: "run.no_step" });
    expect(ran).toHaveLength(6);
    await life.kernel.end();
  });
});
