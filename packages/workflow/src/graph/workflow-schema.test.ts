import { readFile } from "node:fs/promises";
import { isMofaError, type Json, type JsonObject, type NodeKind, toCheck } from "@mofa/kernel";
import { expect, test } from "vitest";
import { builtInNodes } from "./nodes.ts";
import { checkWorkflow } from "./parse.ts";
import { workflowSchema } from "./workflow-schema.ts";

const other: NodeKind = { kind: "node", name: "other", run: () => ({ outcome: "done", output: null }) };
const kinds = [...builtInNodes(() => []), other];
const check = toCheck(workflowSchema());

const node = (more: JsonObject): JsonObject => ({ id: "a", use: "other", ...more });
const flow = (nodes: readonly Json[], more: JsonObject = {}): JsonObject => ({
  name: "f",
  version: "1",
  nodes,
  ...more,
});
const body = { nodes: [{ id: "b", use: "other" }] };
const used = (use: string, settings: JsonObject, more: JsonObject = {}) =>
  flow([node({ use, with: settings, ...more })]);

const GOOD: readonly Json[] = [
  flow([node({})]),
  flow([node({ retry: { times: 3, backoff: "2s" }, timeout: 5, description: "x", effect: "once" })], {
    timeout: "1h",
    concurrency: 3,
  }),
  flow([node({}), { id: "c", use: "join", after: ["a", "a:done"], join: 2 }]),
  flow([node({}), { id: "c", use: "join", after: ["a"], join: { first: 1 } }]),
  used(
    "tool",
    { tool: "x", input: { any: [1, "${input.y}"] } },
    { compensate: { use: "tool", with: { tool: "back" } } },
  ),
  used("task", { kind: "script", name: "x" }),
  used("agent", { agent: "ann", text: "hi" }),
  used("agent", { agent: "${input.who}", input: "${input}" }),
  used("model", { model: "m", text: "${input.t}", temperature: "${input.t}" }),
  used("ask", { title: "x?", options: ["yes", "${input.other}"], timeout: "5m", fallback: "yes" }),
  used("map", { items: "${input}", concurrency: 4, errors: "collect" }, { body }),
  used("map", { items: [1, 2] }, { body: { ...body, output: "${b}" } }),
  used("loop", { while: "input.n < 3", max: 3, atMax: "end", state: {} }, { body }),
  used("loop", { until: { path: "a.b[0]", atLeast: "${input.n}" }, max: 3 }, { body }),
  flow([node({ use: "parallel", branches: { left: body, right: body } })]),
  flow([node({ use: "sub", body: { nodes: [node({ use: "sub", id: "c", body })] } })]),
  used("switch", {
    value: "${input}",
    cases: [
      { name: "big", above: 3 },
      { name: "s", when: "input.x" },
    ],
  }),
  used("rule", { value: 1, rules: [{ name: "r", equals: 1, gives: { x: "y" }, priority: 2 }], match: "all" }),
  used("wait", { for: "10m" }),
  used("hear", { topic: "orders.*", timeout: "1d" }),
  flow([node({ queue: "slow" })]),
  flow([node({})], {
    schedule: { cron: "0 9 * * *", timeZone: "Asia/Tokyo", input: 1, missed: "all", overlap: "skip" },
  }),
  used("publish", { to: "topic:x", type: "t", body: {} }),
  used("workflow", { workflow: "w", input: null }),
  used("join", { outputs: { x: "${input}" } }),
];

const BAD: readonly Json[] = [
  null,
  [],
  flow([]),
  flow([node({})], { version: 1 }),
  flow([node({})], { name: "with space" }),
  flow([node({})], { concurrency: 0 }),
  flow([node({})], { timeout: "soon" }),
  flow([node({})], { queue: "x" }),
  flow([node({ queue: "" })]),
  flow([node({})], { schedule: "0 9 * * *" }),
  flow([node({})], { schedule: { cron: "0 9 * * *", missed: "twice" } }),
  used("hear", { signal: "" }),
  flow([node({ id: "1a" })]),
  flow([node({ id: "input" })]),
  flow([node({ id: "__proto__" })]),
  flow([{ id: "a" }]),
  flow([node({ with: [] })]),
  flow([node({ retry: { times: 0 } })]),
  flow([node({ retry: { backoff: 1 } })]),
  flow([node({ effect: "tx" })]),
  flow([node({ after: "a" })]),
  flow([node({ after: [":x"] })]),
  flow([node({ join: "some" })]),
  flow([node({ join: { first: 0 } })]),
  flow([node({ join: { first: 1, last: 1 } })]),
  flow([node({ compensate: { with: {} } })]),
  flow([node({ compensate: { use: "tool", after: ["a"] } })]),
  used("tool", {}),
  used("tool", { toool: "x" }),
  used("tool", { tool: 3 }),
  used("agent", { agent: "x" }),
  used("agent", { agent: "x", text: "y", input: 1 }),
  used("map", { items: "abc" }, { body }),
  used("map", { items: [] }),
  used("map", { items: [] }, { body, branches: { x: body } }),
  used("tool", { tool: "x" }, { body }),
  flow([node({ use: "parallel", branches: {} })]),
  flow([node({ use: "parallel", branches: { "1": body } })]),
  flow([node({ use: "parallel", body })]),
  used("loop", { while: {}, max: 3 }, { body }),
  used("loop", { times: -1 }, { body }),
  used("switch", { value: 1, cases: [] }),
  used("switch", { value: 1, cases: [{ name: "else", equals: 1 }] }),
  used("ask", { title: "x?", options: ["failed"] }),
  used("publish", { to: "x", type: "t", priority: "urgent" }),
  used("sub", {}, { body: { nodes: [node({ use: "sub", body: { nodes: [] } })] } }),
];

const parses = (definition: Json) => {
  try {
    checkWorkflow(definition, kinds);
    return true;
  } catch (error) {
    if (!isMofaError(error, "workflow.invalid")) throw error;
    return false;
  }
};
const accepts = (definition: Json) => "value" in (check(definition) as object);

test("the published schema accepts what is parsed, and refuses what is refused", () => {
  for (const definition of GOOD) {
    expect([JSON.stringify(definition), parses(definition), accepts(definition)]).toEqual([
      JSON.stringify(definition),
      true,
      true,
    ]);
  }
  for (const definition of BAD) {
    expect([JSON.stringify(definition), parses(definition), accepts(definition)]).toEqual([
      JSON.stringify(definition),
      false,
      false,
    ]);
  }
});

test("the file that is published is the schema of this version", async () => {
  const file = new URL("../../workflow.schema.json", import.meta.url);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(workflowSchema());
});
