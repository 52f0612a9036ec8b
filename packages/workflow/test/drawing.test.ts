import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { checkWorkflow, parseWorkflow, printWorkflow, toDot, toMermaid, workflowAction } from "../src/index.ts";
import { body, flowOf, workNode } from "./flows.ts";
import { randomFlow } from "./random-flow.ts";
import { createWorld, turns } from "./world.ts";

const flow = flowOf([
  { id: "read", use: "agent", with: { agent: "ann", text: "hi" }, description: 'Reads "all" <b>of</b> it' },
  { id: "each", use: "map", with: { items: [1] }, body: body({}), after: ["read"] },
  { id: "both", use: "parallel", branches: { left: body({}), right: body({}) }, after: ["read"] },
  { id: "big", use: "switch", with: { value: 1, cases: [{ name: 'a "b" | c', above: 0 }] }, after: ["each", "both"] },
  {
    id: "pay",
    use: "tool",
    with: { tool: "pay" },
    after: ['big:a "b" | c'],
    compensate: { use: "tool", with: { tool: "refund" } },
  },
]);

test("Mermaid: a shape for each kind, outcomes on edges, frames around what is inside, texts that say nothing", () => {
  expect(
    toMermaid(flow)
      .split("\n")
      .filter((line) => !line.includes("classDef")),
  ).toEqual([
    "flowchart TD",
    '  n0(["read<br/>agent<br/>Reads #34;all#34; #60;b#62;of#60;/b#62; it"])',
    '  subgraph n1["each<br/>map"]',
    '    n1_0_0["w<br/>work"]',
    "  end",
    '  subgraph n2["both<br/>parallel"]',
    '    subgraph n2_0_["left"]',
    '      n2_0_0["w<br/>work"]',
    "    end",
    '    subgraph n2_1_["right"]',
    '      n2_1_0["w<br/>work"]',
    "    end",
    "  end",
    '  n3{"big<br/>switch"}',
    '  n4["pay<br/>tool"]',
    '  n4_undo[/"tool"/]',
    '  n4 -.->|"undone by"| n4_undo',
    "  n0 --> n1",
    "  n0 --> n2",
    "  n1 --> n3",
    "  n2 --> n3",
    '  n3 -->|"a #34;b#34; #124; c"| n4',
    "",
  ]);
});

test("DOT: the same, in clusters and quotes", () => {
  const dot = toDot(flow);
  expect(dot).toContain('  n0 [label="read\\nagent\\nReads \\"all\\" <b>of</b> it", shape=ellipse]');
  expect(dot).toContain('  n3 -> n4 [label="a \\"b\\" | c"]');
  expect(dot).toContain('    subgraph cluster_n2_1_ {\n      label="right"');
  expect(dot.split("{").length).toBe(dot.split("}").length);
});

test("a run is drawn from its rows, with how far its nodes have come", async () => {
  const { kind } = workNode();
  const branches = { good: body({ output: 1 }), bad: body({ fails: true }) };
  const run = workflowAction(
    flowOf([
      { id: "a", use: "work" },
      { id: "m", use: "map", with: { items: [1, 2] }, body: body({ output: "${item}" }), after: ["a"] },
      { id: "p", use: "parallel", with: { errors: "collect" }, branches, after: ["m"] },
      { id: "last", use: "work", with: { waits: "last" }, after: ["p"] },
      { id: "no", use: "work", after: ["last:no"] },
    ]),
  );
  const world = createWorld();
  await using life = await world.live({
    bring(kernel) {
      kernel.provide("node", kind);
      kernel.provide("workflow", run);
    },
  });
  await life.engine.start(run, {}, { id: "r" });
  await turns(60);
  const drawn = toMermaid(await world.journal.rows("r"));
  const classes = [...drawn.matchAll(/^ {2}class (\w+) (\w+)$/gm)].map(([, id, status]) => `${id} ${status}`);
  expect(classes).toEqual(["n0 done", "n1 done", "n1_0_0 done", "n2 begun", "n2_0_0 done", "n2_1_0 failed"]);
  expect(() => toDot([])).toThrow(/keeps the definition/);
});

test("300 random workflows are read again as they were printed, and are all drawn", () => {
  const odd = [
    "yes",
    "1.0",
    "~",
    "a: b",
    "# no",
    "${input.x}",
    "$${",
    " x ",
    "line\nline",
    "'\"",
    "2026-01-01",
    "0x1",
    "é\u2028",
  ];
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const text = odd[Math.floor(random() * odd.length)] ?? "";
    const definition = {
      ...randomFlow(random, random() < 0.5),
      description: text,
      output: { [text]: [text, null, -0.5, true] },
    };
    const printed = printWorkflow(checkWorkflow(definition));
    expect(parseWorkflow(printed), `seed ${seed}:\n${printed}`).toEqual(definition);
    expect(toMermaid(definition).split("\n").length).toBeGreaterThan(3);
    expect(toDot(definition)).toMatch(/^digraph "flow" \{/);
  }
});
