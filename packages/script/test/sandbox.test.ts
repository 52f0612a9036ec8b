import { type Event, type Json, MofaError } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { expressions, script } from "../src/index.ts";
import { evaluate, evaluateAll, resultOf } from "./evaluate.ts";

const echo = { kind: "tool", name: "echo", run: (input: Json) => ({ got: input }) } as const;
const source = (text: string) => ({ name: "rule.js", text });

describe("a source", () => {
  test("is described by the plain data it exports", async () => {
    await using kernel = await testKernel(script());
    const described = await kernel
      .get("sandbox", "isolated")
      .describe(
        source(
          `export const description = "Finds."; export const input = { type: "object" }; export const uses = ["tool:a"]; export function run() {}`,
        ),
      );
    expect(described).toEqual({ description: "Finds.", input: { type: "object" }, uses: ["tool:a"] });
  });

  test("with a mistake is refused with file, line and column", async () => {
    await using kernel = await testKernel(script());
    const described = kernel.get("sandbox", "isolated").describe(source("export const a = 1;\nexport const b = ;"));
    await expect(described).rejects.toMatchObject({
      code: "script.syntax",
      data: { script: "rule.js", line: 2, column: 18 },
      message: "The script \"rule.js\" (line 2, column 18) cannot be read: Unexpected token ';'. Correct it there.",
    });
  });

  test("may wait at its top level, may import nothing, and may not be too long", async () => {
    await using kernel = await testKernel(script());
    const { describe: read } = kernel.get("sandbox", "isolated");
    expect(await read(source("export const a = await Promise.resolve(3);"))).toEqual({ a: 3 });
    await expect(read(source('import "./other.js";'))).rejects.toMatchObject({
      code: "script.imports_refused",
      data: { specifier: "./other.js" },
    });
    await expect(read(source("x".repeat(1024 * 1024 + 1)))).rejects.toMatchObject({ code: "script.too_large" });
    await expect(read(source("export const big = 1n;"))).rejects.toMatchObject({ code: "script.bad_output" });
  });

  test("that throws says on which line", async () => {
    await using kernel = await testKernel(script());
    const [outcome] = await evaluateAll(kernel, [
      { source: source("const x = 1;\nexport const run = () => {\n  null.foo;\n}"), input: null },
    ]);
    expect(outcome).toMatchObject({
      error: { code: "script.threw", data: { line: 3 }, message: expect.stringContaining("TypeError: Cannot read") },
    });
  });
});

describe("a call", () => {
  test("takes JSON and gives JSON, from the function that is named", async () => {
    await using kernel = await testKernel(script());
    const text =
      "export const twice = (n) => n * 2; export const run = async (i) => ({ ...i, done: true, gone: undefined })";
    const outcomes = await evaluateAll(kernel, [
      { source: source(text), input: { a: [1] } },
      { source: source(text), function: "twice", input: 4 },
      { source: source(text), function: "thrice", input: 4 },
    ]);
    expect(outcomes.map(resultOf)).toEqual([{ a: [1], done: true }, 8, "script.no_function"]);
  });

  test("sees nothing of what another call left behind", async () => {
    await using kernel = await testKernel(script({ processes: 1 }));
    const body = "globalThis.count = (globalThis.count ?? 0) + 1; return count";
    expect([resultOf(await evaluate(kernel, body)), resultOf(await evaluate(kernel, body))]).toEqual([1, 1]);
  });

  test("invokes what it was granted, as a part of the call", async () => {
    await using kernel = await testKernel(script());
    kernel.provide("tool", echo);
    const events: string[] = [];
    const note = (event: Event) =>
      void events.push(`${event.name} ${event.trace === event.call ? "outermost" : "inside"}`);
    const unwatch = kernel.watch({ type: "action.start" }, note);
    const outcome = await evaluate(kernel, "return [await host.invoke('tool:echo', { id: input }), await host.now()]", {
      input: 7,
      uses: ["tool:echo"],
    });
    expect(resultOf(outcome)).toEqual([{ got: { id: 7 } }, kernel.clock.now()]);
    expect(events).toEqual(["evaluate outermost", "echo inside"]);
    unwatch();
  });

  test("may handle the errors of its host, or let them through with their code and whether to try again", async () => {
    await using kernel = await testKernel(script());
    kernel.provide("tool", {
      kind: "tool",
      name: "busy",
      run() {
        throw new MofaError("shop.busy", "The shop is busy.", { retryable: true });
      },
    });
    const uses = ["tool:busy", "tool:none", "store:memory"];
    const handled = await evaluate(
      kernel,
      "try { await host.invoke('tool:busy') } catch (e) { return e.code + ' ' + e.message }",
      { uses },
    );
    expect(resultOf(handled)).toBe("shop.busy The shop is busy.");
    expect(await evaluate(kernel, "await host.invoke('tool:busy')", { uses })).toMatchObject({
      error: { code: "script.threw", retryable: true, because: { code: "shop.busy" } },
    });
    const others = ["tool:none", "store:memory", "tool:echo"];
    const codes = await Promise.all(
      others.map((name) => evaluate(kernel, `return host.invoke('${name}').catch((e) => e.code)`, { uses })),
    );
    expect(codes.map(resultOf)).toEqual(["registry.not_found", "script.not_callable", "script.not_granted"]);
  });

  test("writes to the log of its call", async () => {
    await using kernel = await testKernel(script());
    await evaluate(kernel, "host.log('looked at ' + input)", { input: 7 });
    expect(kernel.logged.map(({ message, data }) => [message, data])).toContainEqual([
      "looked at 7",
      { script: "rule.js" },
    ]);
  });

  test("ends with the reason of whoever cancels it", async () => {
    await using kernel = await testKernel(script({ processes: 1 }));
    const asked = Promise.withResolvers<AbortSignal>();
    kernel.provide("tool", {
      kind: "tool",
      name: "slow",
      run: (_: unknown, call) => new Promise(() => asked.resolve(call.signal)),
    });
    const stop = new AbortController();
    const text = "export const run = (input, host) => host.invoke('tool:slow')";
    const running = evaluateAll(kernel, [{ source: source(text), input: null, uses: ["tool:slow"] }], stop.signal);
    const inner = await asked.promise;
    stop.abort(new MofaError("user.left", "The user left."));
    await expect(running).rejects.toMatchObject({ code: "user.left" });
    expect(inner.aborted).toBe(true);
    expect(resultOf(await evaluate(kernel, "return 1"))).toBe(1);
  });
});

describe("limits", () => {
  test("hold for output, host calls, memory and the time in all", async () => {
    await using kernel = await testKernel(script());
    kernel.provide("tool", {
      kind: "tool",
      name: "slow",
      run: (_: unknown, call) => new Promise((_resolve, reject) => call.signal.addEventListener("abort", reject)),
    });
    const outcomes = await Promise.all([
      evaluate(kernel, "return 'ä'.repeat(60)", { limits: { output: 100 } }),
      evaluate(kernel, "for (let i = 0; i < 3; i++) await host.now()", { limits: { hostCalls: 2 } }),
      evaluate(kernel, "const a = []; for (;;) a.push({ a: [a.length] })", { limits: { memory: 8, time: 5_000 } }),
      evaluate(kernel, "await host.invoke('tool:slow')", { uses: ["tool:slow"], limits: { wall: 50 } }),
    ]);
    expect(outcomes.map(resultOf)).toEqual([
      "script.output_too_large",
      "script.threw",
      "script.memory_exceeded",
      "script.wall_exceeded",
    ]);
    expect(outcomes[1]).toMatchObject({ error: { because: { code: "script.too_many_host_calls" } } });
  });

  test("of time do not count what the host takes", async () => {
    await using kernel = await testKernel(script());
    kernel.provide("tool", {
      kind: "tool",
      name: "slow",
      run: () => new Promise((resolve) => setTimeout(resolve, 120, 1)),
    });
    expect(
      resultOf(
        await evaluate(kernel, "return host.invoke('tool:slow')", { uses: ["tool:slow"], limits: { time: 100 } }),
      ),
    ).toBe(1);
  });

  test("that cannot be enforced are refused", async () => {
    await using kernel = await testKernel(script());
    await expect(evaluate(kernel, "return 1", { limits: { memory: 1 } })).rejects.toMatchObject({
      code: "script.bad_limit",
      data: { limit: "memory", least: 8 },
    });
    await expect(testKernel(script({ limits: { time: 0 } }))).rejects.toMatchObject({ code: "plugin.setup_failed" });
  });
});

describe("a batch", () => {
  test("of a thousand conditions crosses the border once", async () => {
    await using kernel = await testKernel(script());
    const conditions = Array.from({ length: 1_000 }, (_, index) => `input.total > ${index} // ${index}`);
    const rules = expressions("rules.js", conditions);
    const fact = { total: 50 };
    const batch = conditions.map((_, index) => ({ source: rules, function: `e${index}`, input: fact }));
    await evaluateAll(kernel, batch.slice(0, 1));
    const outcomes = await evaluateAll(kernel, batch);
    expect(outcomes.map(resultOf)).toEqual(conditions.map((_, index) => index < 50));
    // One by one, each would need an isolate of its own: more than a millisecond.
    expect(outcomes.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(500);
  });

  test("fails only where a call misbehaves", async () => {
    await using kernel = await testKernel(script({ limits: { time: 150 } }));
    const text =
      "export const run = async (what, host) => { if (what === 'loop') for (;;); if (what === 'never') await new Promise(() => {}); if (what === 'now') return (await host.now()) > 0; return what }";
    const inputs = ["a", "loop", "b", "never", "now", "c"];
    const outcomes = await evaluateAll(
      kernel,
      inputs.map((input) => ({ source: source(text), input })),
    );
    expect(outcomes.map(resultOf)).toEqual(["a", "script.time_exceeded", "b", "script.never_settles", true, "c"]);
  });

  test("fails only where a call brings its process down", async () => {
    await using kernel = await testKernel(script({ limits: { time: 150 } }));
    const text =
      "export const run = (what) => { if (what === 'bomb') { const s = []; for (;;) s.push(new Array(1e6).fill({})); } return what; }";
    const inputs = ["a", "bomb", "b"];
    const outcomes = await evaluateAll(
      kernel,
      inputs.map((input) => ({ source: source(text), input })),
    );
    expect(outcomes.map(resultOf)).toEqual(["a", expect.stringMatching(/memory|time|crashed/), "b"]);
  });
});
