import type { Event } from "@mofa/kernel";
import { expect, test } from "vitest";
import { parseScrape, pick } from "../test/scrape.ts";
import { toFamilies } from "./families.ts";
import { createFold, type FoldOptions } from "./fold.ts";
import { renderFamilies } from "./render.ts";

const buckets = [0.1, 1];

function setUp(options: Partial<FoldOptions> = {}) {
  const warnings: string[] = [];
  const warn = (metric: string) => void warnings.push(metric);
  const fold = createFold({ buckets, series: 100, live: 100, tooManySeries: warn, tooManyLive: warn, ...options });
  const tell = (kind: string, name: string, type: string, body: object) =>
    fold.take({ type, at: 0, trace: "", call: "", kind, name, ...body } as unknown as Event);
  const read = async () => {
    const known = { plugins: fold.plugins.counts, agents: fold.agents.counts, decisions: 0, runs: [] };
    return parseScrape(await renderFamilies(toFamilies(fold, buckets, known), new AbortController().signal));
  };
  return { fold, tell, read, warnings };
}

const error = (code: string, data: object = {}) => ({ ms: 5, error: { code, message: "", retryable: false, data } });

test("actions are counted by how they ended", async () => {
  const { tell, read } = setUp();
  for (let index = 0; index < 6; index++) tell("tool", "a", "action.start", {});
  tell("tool", "a", "action.end", { ms: 100, output: 1 });
  tell("tool", "a", "action.end", { ms: 101, output: 1 });
  tell("tool", "a", "action.error", error("weather.unknown_city"));
  tell("tool", "a", "action.error", error("call.cancelled"));
  tell("tool", "a", "action.error", error("call.timed_out"));
  const samples = await read();
  expect(pick(samples, "mofa_actions", "mofa_action_duration")).toEqual({
    'mofa_actions_total{kind="tool",name="a",outcome="done"}': 2,
    'mofa_actions_total{kind="tool",name="a",outcome="failed"}': 1,
    'mofa_actions_total{kind="tool",name="a",outcome="cancelled"}': 1,
    'mofa_actions_total{kind="tool",name="a",outcome="timed_out"}': 1,
    'mofa_actions_in_flight{kind="tool"}': 1,
    'mofa_action_duration_seconds_bucket{kind="tool",name="a",le="0.1"}': 4,
    'mofa_action_duration_seconds_bucket{kind="tool",name="a",le="1"}': 5,
    'mofa_action_duration_seconds_bucket{kind="tool",name="a",le="+Inf"}': 5,
    'mofa_action_duration_seconds_sum{kind="tool",name="a"}': expect.closeTo(0.216),
    'mofa_action_duration_seconds_count{kind="tool",name="a"}': 5,
  });
});

test("a refused input counts as refused and leaves what is in flight alone", async () => {
  const { tell, read } = setUp();
  tell("tool", "outer", "action.start", {});
  tell("tool", "inner", "action.error", error("input.invalid", { kind: "tool", name: "inner" }));
  tell("tool", "outer", "action.error", error("input.invalid", { kind: "tool", name: "inner" }));
  const samples = await read();
  expect(pick(samples, "mofa_actions")).toEqual({
    'mofa_actions_total{kind="tool",name="outer",outcome="failed"}': 1,
    'mofa_actions_total{kind="tool",name="inner",outcome="refused"}': 1,
    'mofa_actions_in_flight{kind="tool"}': 0,
  });
  expect(samples.get('mofa_action_duration_seconds_count{kind="tool",name="inner"}')).toBeUndefined();
});

test("a replay counts as a replay and as nothing else", async () => {
  const { tell, read } = setUp();
  tell("model", "m", "action.replayed", { ms: 0 });
  tell("model", "m", "action.replayed", { ms: 0 });
  const samples = await read();
  expect(pick(samples, "mofa_action", "mofa_replayed", "mofa_model")).toEqual({
    'mofa_replayed_total{kind="model",name="m"}': 2,
  });
});

test("work that began before anybody counted does not push the gauge below zero", async () => {
  const { tell, read } = setUp();
  tell("tool", "a", "action.end", { ms: 1, output: 1 });
  tell("tool", "a", "action.start", {});
  expect((await read()).get('mofa_actions_in_flight{kind="tool"}')).toBe(1);
});

test("tokens and cost are added up by model, apart for rehearsals", async () => {
  const { tell, read } = setUp();
  const usage = { model: "m", inputTokens: 10, outputTokens: 3, rehearsal: false };
  tell("model", "m", "model.usage", { ...usage, cost: 0.25 });
  tell("model", "m", "model.usage", { ...usage, cost: 0.5 });
  tell("model", "m", "model.usage", { ...usage, rehearsal: true });
  expect(pick(await read(), "mofa_model")).toEqual({
    'mofa_model_tokens_total{model="m",rehearsal="false",direction="input"}': 20,
    'mofa_model_tokens_total{model="m",rehearsal="false",direction="output"}': 6,
    'mofa_model_tokens_total{model="m",rehearsal="true",direction="input"}': 10,
    'mofa_model_tokens_total{model="m",rehearsal="true",direction="output"}': 3,
    'mofa_model_cost_dollars_total{model="m"}': 0.75,
  });
});

test("runs are in one live status at a time, and counted when they end", async () => {
  const { tell, read } = setUp();
  const change = (run: string, status: string) => tell("plugin", "engine", "run.changed", { run, status });
  for (const run of ["a", "b", "c"]) change(run, "running");
  change("b", "waiting");
  change("b", "waiting");
  change("c", "done");
  expect(pick(await read(), "mofa_runs")).toEqual({
    'mofa_runs_total{status="done"}': 1,
    ...{ mofa_runs_parked_total: 0, mofa_runs_taken_over_total: 0, mofa_runs_lost_total: 0 },
    'mofa_runs{status="queued"}': 0,
    'mofa_runs{status="running"}': 1,
    'mofa_runs{status="waiting"}': 1,
  });
});

test("messages, files, plugins, agents and decisions are counted by status", async () => {
  const { fold, tell, read } = setUp();
  tell("message", "chat", "message.sent", { status: "queued" });
  tell("message", "chat", "message.handled", { ms: 1 });
  tell("message", "chat", "message.failed", {});
  tell("plugin", "script", "file.changed", { status: "loaded" });
  tell("plugin", "a", "plugin.changed", { status: "active" });
  tell("plugin", "b", "plugin.changed", { status: "active" });
  tell("plugin", "b", "plugin.changed", { status: "stopping" });
  tell("agent", "ann", "agent.changed", { from: "ready", to: "busy" });
  tell("agent", "bob", "agent.changed", { from: "stopping", to: "stopped" });
  tell("agent", "ann", "decision.changed", { token: "t", status: "open" });
  tell("agent", "ann", "decision.changed", { token: "u", status: "open" });
  tell("agent", "ann", "decision.changed", { token: "t", status: "answered" });
  const samples = await read();
  expect(pick(samples, "mofa_messages", "mofa_file")).toEqual({
    'mofa_messages_total{status="queued"}': 1,
    'mofa_messages_total{status="handled"}': 1,
    'mofa_messages_total{status="failed"}': 1,
    'mofa_file_reloads_total{status="loaded"}': 1,
  });
  expect(samples.get('mofa_plugins{status="active"}')).toBe(1);
  expect(samples.get('mofa_agents{status="busy"}')).toBe(1);
  expect(fold.decisions.counts.get("open")).toBe(1);
});

test("a task that ran and is queued again is counted as such, not as one that ended", async () => {
  const { tell, read } = setUp();
  const change = (task: string, status: string) => tell("task", "t", "task.changed", { task, status, priority: "low" });
  for (const status of ["queued", "running", "queued", "running", "done"]) change("a", status);
  for (const status of ["queued", "running", "parked", "queued"]) change("b", status);
  expect(pick(await read(), "mofa_tasks")).toEqual({
    'mofa_tasks{status="parked"}': 0,
    'mofa_tasks{status="queued"}': 1,
    'mofa_tasks{status="running"}': 0,
    'mofa_tasks_total{status="done",priority="low"}': 1,
    'mofa_tasks_requeued_total{priority="low"}': 2,
  });
});

test("names beyond the bound are counted as other, with one warning, and nothing is lost", async () => {
  const { tell, read, warnings } = setUp({ series: 10 });
  for (let index = 0; index < 50; index++) tell("tool", `t${index}`, "action.end", { ms: 1, output: 1 });
  for (let index = 0; index < 50; index++) tell("agent", `t${index}`, "action.end", { ms: 1, output: 1 });
  const counts = pick(await read(), "mofa_actions_total");
  expect(Object.keys(counts)).toHaveLength(12);
  expect(counts['mofa_actions_total{kind="tool",name="other",outcome="done"}']).toBe(40);
  expect(counts['mofa_actions_total{kind="agent",name="other",outcome="done"}']).toBe(50);
  expect(warnings).toEqual(["mofa_actions_total"]);
});

test("endless kinds and statuses end in other as well", async () => {
  const { tell, read, warnings } = setUp({ series: 5 });
  for (let index = 0; index < 500; index++) tell(`k${index}`, "x", "action.end", { ms: 1, output: 1 });
  for (let index = 0; index < 50; index++) tell("message", "m", "message.sent", { status: `s${index}` });
  const samples = await read();
  const actions = Object.values(pick(samples, "mofa_actions_total"));
  expect(actions.length).toBeLessThanOrEqual(5 + 65);
  expect(actions.reduce((sum, count) => sum + count, 0)).toBe(500);
  expect(Object.values(pick(samples, "mofa_messages"))).toEqual([1, 1, 1, 1, 1, 45]);
  expect(warnings).toEqual(["mofa_actions_total", "mofa_actions_in_flight", "mofa_messages_total"]);
});

test("a gauge follows no more things than it may, and says so once", async () => {
  const { tell, read, warnings } = setUp({ live: 2 });
  for (const run of ["a", "b", "c", "d"]) tell("plugin", "e", "run.changed", { run, status: "running" });
  tell("plugin", "e", "run.changed", { run: "d", status: "done" });
  tell("plugin", "e", "run.changed", { run: "a", status: "done" });
  expect((await read()).get('mofa_runs{status="running"}')).toBe(1);
  expect(warnings).toEqual(["mofa_runs"]);
});

test("names are escaped, so that nobody can write a line of their own", async () => {
  const { tell, read } = setUp();
  tell("tool", 'a"} 1\nfake_total{x="\\', "action.end", { ms: 1, output: 1 });
  const samples = await read();
  expect(samples.get('mofa_actions_total{kind="tool",name="a\\"} 1\\nfake_total{x=\\"\\\\",outcome="done"}')).toBe(1);
});

test("a large scrape gives way to other work", async () => {
  const { tell, read } = setUp({ series: 5000 });
  for (let index = 0; index < 5000; index++) tell("tool", `tool-number-${index}`, "action.end", { ms: 1, output: 1 });
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const samples = await read();
  clearInterval(counting);
  expect(turns).toBeGreaterThan(2);
  expect(samples.get('mofa_actions_total{kind="tool",name="tool-number-4999",outcome="done"}')).toBe(1);
});

test("a parked run is counted as parked and no longer followed, until somebody works on it again", async () => {
  const { tell, read } = setUp({ live: 1 });
  tell("engine", "e", "run.changed", { run: "a", status: "running" });
  tell("engine", "e", "run.changed", { run: "a", status: "waiting", hold: "parked" });
  tell("engine", "e", "run.changed", { run: "b", status: "running", hold: "taken" });
  expect(pick(await read(), "mofa_runs")).toEqual({
    'mofa_runs{status="queued"}': 0,
    'mofa_runs{status="running"}': 1,
    'mofa_runs{status="waiting"}': 0,
    ...{ mofa_runs_parked_total: 1, mofa_runs_taken_over_total: 1, mofa_runs_lost_total: 0 },
  });
  tell("engine", "e", "run.changed", { run: "b", status: "running", hold: "lost", reason: "Another worker holds it." });
  const samples = await read();
  expect(samples.get("mofa_runs_lost_total")).toBe(1);
  expect(samples.get('mofa_runs{status="running"}')).toBe(0);
});
