import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { type Agent, defineTool, type Engine, isMofaError, type Plugin } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { testKernel } from "@mofa/kernel/testing";
import { Counter, Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { parseScrape, pick } from "../test/scrape.ts";
import { observability } from "./index.ts";

const quiet = { process: false } as const;
const double = defineTool({
  name: "double",
  input: { type: "object", properties: { n: { type: "number" } } },
  run: (input) => Number(input["n"]) * 2,
});

const bringing = (name: string, thing: Partial<Engine>): Plugin => ({
  name,
  version: "1.0.0",
  setup: (ctx) => void ctx.provide("engine", { name, ...thing } as Engine),
});

test("what a kernel does can be scraped, exactly", async () => {
  await using kernel = await testKernel(observability(quiet));
  kernel.provide("tool", double);
  for (let n = 0; n < 1000; n++) await kernel.invoke(double, { n });
  await kernel
    .invoke(double, { n: "two" })
    .catch((error: unknown) => expect(isMofaError(error, "input.invalid")).toBe(true));
  const metrics = kernel.get("metrics", "prometheus");
  const samples = parseScrape(await metrics.render());
  expect(metrics.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(pick(samples, "mofa_actions_total", "mofa_actions_in_flight")).toEqual({
    'mofa_actions_total{kind="tool",name="double",outcome="done"}': 1000,
    'mofa_actions_total{kind="tool",name="double",outcome="refused"}': 1,
    'mofa_actions_in_flight{kind="tool"}': 0,
  });
});

test("every metric has its help and type, whether or not anything was counted", async () => {
  await using kernel = await testKernel(observability(quiet));
  const heads = (await kernel.get("metrics", "prometheus").render()).match(/(?<=# TYPE )\S+ \S+/g);
  expect(heads).toEqual([
    "mofa_actions_total counter",
    "mofa_action_duration_seconds histogram",
    "mofa_actions_in_flight gauge",
    "mofa_replayed_total counter",
    "mofa_model_tokens_total counter",
    "mofa_model_cost_dollars_total counter",
    "mofa_messages_total counter",
    "mofa_messages_dead_total counter",
    "mofa_plugins gauge",
    "mofa_plugin_quarantines_total counter",
    "mofa_agents gauge",
    "mofa_agent_failures_total counter",
    "mofa_agent_restarts_total counter",
    "mofa_tasks gauge",
    "mofa_tasks_total counter",
    "mofa_tasks_requeued_total counter",
    "mofa_budget_exceeded_total counter",
    "mofa_runs_total counter",
    "mofa_runs gauge",
    "mofa_runs_kept gauge",
    "mofa_runs_parked_total counter",
    "mofa_runs_taken_over_total counter",
    "mofa_runs_lost_total counter",
    "mofa_decisions_waiting gauge",
    "mofa_file_reloads_total counter",
  ]);
});

test("runs are counted by queue and status as the engine knows them, and a silent engine fails no scrape", async () => {
  await using kernel = await testKernel(observability(quiet));
  const counts = vi.fn(async () => [{ queue: "mail", status: "dead" as const, count: 2 }]);
  await kernel.plug(bringing("keeper", { counts, decisions: async () => [] }));
  const scrape = async () => parseScrape(await kernel.get("metrics", "prometheus").render());
  expect(pick(await scrape(), "mofa_runs_kept")).toEqual({ 'mofa_runs_kept{queue="mail",status="dead"}': 2 });
  counts.mockRejectedValue(new Error("no line"));
  expect(pick(await scrape(), "mofa_runs_kept")).toEqual({});
});

test("with control granted, plugins and agents of before are counted too", async () => {
  await using kernel = await testKernel(observability(quiet));
  kernel.provide("agent", { kind: "agent", name: "ann", run: () => "hi" });
  await kernel.started();
  const samples = parseScrape(await kernel.get("metrics", "prometheus").render());
  expect(samples.get('mofa_plugins{status="active"}')).toBe(2);
  expect(samples.get('mofa_agents{status="ready"}')).toBe(1);
});

test("what fails, dies, is brought back, runs out or is taken out is counted, as the kernel tells it", async () => {
  await using kernel = await testKernel(observability(quiet));
  let fails = true;
  const ann: Agent = {
    kind: "agent",
    name: "ann",
    supervision: { failsOn: "error" },
    run() {
      if (fails) throw new Error("no line");
      return "hi";
    },
  };
  kernel.provide("agent", ann);
  await kernel.started();
  await kernel.send({ to: "agent:ann", type: "t" });
  await kernel.clock.advance(1000);
  fails = false;
  kernel.budgets.add({ name: "few", scope: "kernel", limits: { calls: 2 } });
  await kernel.scheduler.submit({ agent: "ann", input: {}, priority: "high" }).result;
  const task = kernel.scheduler.submit({ role: "nobody", input: {}, unmatched: "park" });
  const gone = task.result.catch(() => {});
  await kernel.invoke(double, { n: 1 });
  await kernel.invoke(double, { n: 1 }).catch(() => {});
  const faulty: Plugin = {
    name: "faulty",
    version: "1.0.0",
    setup: (ctx) =>
      ctx.receive("topic:x", () => {
        throw new Error("no");
      }),
  };
  await kernel.plug(faulty);
  for (let fault = 0; fault < 5; fault++) await kernel.send({ to: "topic:x", type: "t" });
  await expect.poll(() => kernel.plugins().at(-1)?.status).toBe("quarantined");
  const read = async () => parseScrape(await kernel.get("metrics", "prometheus").render());
  const names = ["mofa_messages_dead", "mofa_agent_", "mofa_tasks", "mofa_budget", "mofa_plugin_"];
  expect(pick(await read(), ...names)).toEqual({
    'mofa_messages_dead_total{code="error.unexpected"}': 6,
    'mofa_plugin_quarantines_total{plugin="faulty"}': 1,
    'mofa_agent_failures_total{agent="ann"}': 1,
    'mofa_agent_restarts_total{agent="ann"}': 1,
    'mofa_tasks{status="parked"}': 1,
    'mofa_tasks{status="queued"}': 0,
    'mofa_tasks{status="running"}': 0,
    'mofa_tasks_total{status="done",priority="high"}': 1,
    'mofa_budget_exceeded_total{budget="few",what="calls"}': 1,
  });
  task.cancel();
  await gone;
  const samples = await read();
  expect(samples.get('mofa_tasks_total{status="cancelled",priority="normal"}')).toBe(1);
  expect(samples.get('mofa_tasks{status="parked"}')).toBe(0);
  expect(samples.get('mofa_plugins{status="quarantined"}')).toBe(1);
});

test("without control, what was told since is counted", async () => {
  await using kernel = await createKernel({ plugins: [observability(quiet)] });
  await kernel.plug({ name: "later", version: "1.0.0", setup: () => {} });
  await kernel.plug({ name: "gone", version: "1.0.0", setup: () => {} });
  await kernel.unplug("gone");
  const samples = parseScrape(await kernel.get("metrics", "prometheus").render());
  // Itself and the later one; what was loaded before it told nobody here.
  expect(samples.get('mofa_plugins{status="active"}')).toBe(2);
});

test("decisions that were open before the start are asked of the engine", async () => {
  const engine = bringing("engine", { decisions: async () => Array(3).fill({}) });
  await using kernel = await testKernel(engine, observability(quiet));
  const samples = parseScrape(await kernel.get("metrics", "prometheus").render());
  expect(samples.get("mofa_decisions_waiting")).toBe(3);
});

test("a scrape survives an engine that cannot answer, and says so", async () => {
  const engine = bringing("engine", { decisions: () => Promise.reject(new Error("no database")) });
  await using kernel = await testKernel(engine, observability(quiet));
  const samples = parseScrape(await kernel.get("metrics", "prometheus").render());
  expect(samples.get("mofa_decisions_waiting")).toBe(0);
  expect(kernel.logged.map(({ message }) => message)).toContain(
    "The metrics of the engine could not be read and are left out of this scrape: no database",
  );
});

test("the process tells of itself, and a registry of one's own is appended", async () => {
  const registry = new Registry();
  new Counter({ name: "orders_total", help: "Orders.", registers: [registry] }).inc(7);
  await using kernel = await testKernel(observability({ registry }));
  const samples = parseScrape(await kernel.get("metrics", "prometheus").render());
  expect(samples.get("orders_total")).toBe(7);
  expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(samples.get("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(samples.get("nodejs_eventloop_lag_mean_seconds")).toBeGreaterThanOrEqual(0);
  expect(samples.get(`nodejs_version_info{version="${process.version}"}`)).toBe(1);
});

test("a registry that fails is left out, and the rest is told", async () => {
  const registry = new Registry();
  new Counter({
    name: "broken_total",
    help: "Broken.",
    registers: [registry],
    collect: () => Promise.reject(new Error("gone")),
  });
  await using kernel = await testKernel(observability({ registry, process: false }));
  expect(await kernel.get("metrics", "prometheus").render()).toContain("mofa_decisions_waiting 0");
  expect(kernel.logged.some(({ message }) => message.includes("a prom-client registry could not be read"))).toBe(true);
});

test("after the end nothing is left: no watcher, no timer, no observer", async () => {
  const disconnect = vi.spyOn(PerformanceObserver.prototype, "disconnect");
  const disable = vi.spyOn(Object.getPrototypeOf(monitorEventLoopDelay()), "disable");
  const before = process.getActiveResourcesInfo().toSorted();
  const kernel = await testKernel(observability());
  await kernel.get("metrics", "prometheus").render();
  // The guard of the test kernel throws when a watcher or a timer is left.
  await kernel.end();
  expect(process.getActiveResourcesInfo().toSorted()).toEqual(before);
  expect(disconnect).toHaveBeenCalledOnce();
  expect(disable).toHaveBeenCalledOnce();
  expect(kernel.find("metrics")).toBeUndefined();
  vi.restoreAllMocks();
});

test("a reload starts again from zero and leaves one provider", async () => {
  await using kernel = await testKernel(observability(quiet));
  kernel.provide("tool", double);
  await kernel.invoke(double, { n: 1 });
  await kernel.replace(observability(quiet));
  await kernel.invoke(double, { n: 1 });
  const samples = parseScrape(await kernel.get("metrics", "prometheus").render());
  expect(samples.get('mofa_actions_total{kind="tool",name="double",outcome="done"}')).toBe(1);
  expect(kernel.counts().watchers).toBe(2);
});

test("options that make no sense are refused by name", async () => {
  await expect(testKernel(observability({ series: 0 }))).rejects.toThrow(
    /options of the plugin "observability" are wrong: series/,
  );
});
