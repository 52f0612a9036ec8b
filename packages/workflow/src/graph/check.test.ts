import { isMofaError, type NodeKind } from "@mofa/kernel";
import { describe, expect, test } from "vitest";
import { builtInNodes } from "./nodes.ts";
import { checkWorkflow, parseWorkflow } from "./parse.ts";

const work: NodeKind = { kind: "node", name: "work", run: () => ({ outcome: "done", output: null }) };
/** A kind of somebody else that holds nodes, and gives them a name of its own. */
const twice: NodeKind = { ...work, name: "twice", bodies: "body", gives: ["round"] };
const kinds = [...builtInNodes(() => []), work, twice];

/** The problems of a list of nodes in YAML, as `line:column: path: message`. */
function problemsOf(nodes: string, known: readonly NodeKind[] | null = kinds): readonly string[] {
  const text = `name: f\nversion: "1"\nnodes:\n${nodes}`;
  try {
    parseWorkflow(text, { file: "f", ...(known !== null && { kinds: known }) });
    return [];
  } catch (error) {
    if (!isMofaError(error, "workflow.invalid")) throw error;
    return error.message
      .split("\n")
      .map((line) => line.replace(/^(A problem|\d+ problems) in /, "").replace(/^f:/, ""));
  }
}

describe("refused when it is read, with its place:", () => {
  test.each<[string, string, readonly string[]]>([
    [
      "a queue for a node that holds others",
      "  - { id: a, use: map, with: { items: [] }, queue: slow, body: { nodes: [{ id: b, use: work }] } }",
      ['4:45: nodes[0].queue: a "map" cannot be queued. Queue the nodes inside'],
    ],
    [
      "times that never come",
      "  - { id: a, use: work }\nschedule: { cron: 0 9 31 2 *, missed: twice }",
      [
        '5:19: schedule.cron: cannot be kept: no time of its cron expression "0 9 31 2 *" ever comes',
        '5:39: schedule.missed: must be "skip" or "once" or "all"',
      ],
    ],
    [
      "something to hear that is both or neither",
      "  - { id: a, use: hear, with: { signal: paid, topic: pay.* } }\n  - { id: b, use: hear, with: { signal: paid, timeout: soon } }",
      [
        '4:31: nodes[0].with: must say "signal" (a name) or "topic" (a topic, or a pattern of topics)',
        "5:56: nodes[1].with.timeout: must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h",
      ],
    ],
    [
      "an effect that cannot be kept",
      "  - { id: a, use: work, effect: tx }",
      ['4:33: nodes[0].effect: must be "none", "idempotent" or "once"'],
    ],
    [
      "a setting that its kind does not know",
      "  - { id: a, use: tool, with: { tool: x, inptu: {} } }",
      ["4:42: nodes[0].with.inptu: is not allowed"],
    ],
    [
      "a setting of the wrong type",
      "  - { id: a, use: tool, with: { tool: 3 } }",
      ["4:39: nodes[0].with.tool: expected string"],
    ],
    [
      "a wrong setting beside a reference that may be right",
      '  - { id: a, use: map, with: { items: "${input}", concurrency: none }, body: { nodes: [ { id: b, use: work } ] } }',
      ["4:64: nodes[0].with.concurrency: expected integer"],
    ],
    ["a map without a body", "  - { id: a, use: map, with: { items: [] } }", ['4:5: nodes[0]: "body" is missing']],
    [
      "nodes in what holds none",
      "  - { id: a, use: work, body: { nodes: [ { id: b, use: work } ] } }",
      ['4:25: nodes[0].body: a node of the kind "work" has no body'],
    ],
    [
      "a loop without a bound",
      "  - { id: a, use: loop, with: { while: input.n < 3 }, body: { nodes: [ { id: b, use: work } ] } }",
      ['4:31: nodes[0].with: "max" is missing: the most turns that it may take'],
    ],
    [
      "a loop that does not say when it ends",
      "  - { id: a, use: loop, with: { max: 3 }, body: { nodes: [ { id: b, use: work } ] } }",
      ['4:31: nodes[0].with: must say one of "times", "while" and "until"'],
    ],
    [
      "a wait for a message",
      "  - { id: a, use: wait, with: {} }",
      ['4:31: nodes[0].with: must say "for" (a duration) or "until" (a time); for a message, use "hear"'],
    ],
    [
      "a time that means another moment on another machine",
      "  - { id: a, use: wait, with: { until: 2026-01-01T10:00:00 } }",
      ["4:40: nodes[0].with.until: must be a time: epoch milliseconds, or like 2026-01-31T09:00:00Z"],
    ],
    [
      "a case that is named twice",
      "  - { id: a, use: switch, with: { value: 1, cases: [ { name: x, above: 1 }, { name: x, above: 2 } ] } }",
      ['4:85: nodes[0].with.cases[1].name: "x" is named twice'],
    ],
    [
      "a case that asks nothing",
      "  - { id: a, use: switch, with: { value: 1, cases: [ { name: x, path: n } ] } }",
      [
        "4:54: nodes[0].with.cases[0]: asks nothing. Say one of equals, differs, in, above, below, atLeast, atMost, present, when",
      ],
    ],
    [
      "an outcome that no case has",
      "  - { id: a, use: switch, with: { value: 1, cases: [ { name: x, above: 1 } ] } }\n  - { id: b, use: work, after: [a:y] }",
      ['5:33: nodes[1].after[0]: "a" never ends with "y". Its outcomes: done, x, else, failed.'],
    ],
    [
      "more edges wanted than there are",
      "  - { id: a, use: work }\n  - { id: b, use: join, after: [a], join: { first: 2 } }",
      ['5:43: nodes[1].join: needs 2 edges, but "after" has 1'],
    ],
    [
      "something that holds nodes as a compensation",
      "  - { id: a, use: work, compensate: { use: map, with: { items: [] } } }",
      ['4:44: nodes[0].compensate.use: a "map" has nodes inside, which "compensate" cannot have. Use a workflow.'],
    ],
    [
      "a circle inside of a node",
      "  - { id: a, use: sub, body: { nodes: [ { id: b, use: work, after: [c] }, { id: c, use: work, after: [b] } ] } }",
      ["4:102: nodes[0].body.nodes[1].after: a circle: c → b → c"],
    ],
    [
      "an edge from inside of a node to what is around it",
      "  - { id: a, use: work }\n  - { id: s, use: sub, body: { nodes: [ { id: b, use: work, after: [a] } ] }, after: [a] }",
      ['5:69: nodes[1].body.nodes[0].after[0]: there is no node "a". Did you mean "b"?'],
    ],
    [
      "an id that means something around it already",
      "  - { id: m, use: map, with: { items: [] }, body: { nodes: [ { id: item, use: work }, { id: m, use: work } ] } }",
      [
        '4:68: nodes[0].body.nodes[0].id: "item" already means something around this',
        '4:93: nodes[0].body.nodes[1].id: "m" already means something around this',
      ],
    ],
    [
      "a reference from inside of a node to what may still be at work",
      '  - { id: a, use: work }\n  - { id: s, use: sub, body: { nodes: [ { id: b, use: work, with: { x: "${a}" } } ] } }',
      [
        '5:72: nodes[1].body.nodes[0].with.x: "a" has not surely ended when this is needed. Name it, or something after it, in "after".',
      ],
    ],
    [
      "a reference to the inside of another node",
      '  - { id: s, use: sub, body: { nodes: [ { id: inside, use: work } ] } }\n  - { id: b, use: work, with: { x: "${inside}" }, after: [s] }',
      ['5:36: nodes[1].with.x: there is no node "inside" to refer to.'],
    ],
    [
      "a reference past a join that may begin before that has ended",
      '  - { id: a, use: work }\n  - { id: b, use: work }\n  - { id: j, use: join, after: [a, b], join: { first: 1 } }\n  - { id: k, use: work, after: [j], with: { x: "${a}" } }',
      [
        '7:48: nodes[3].with.x: "a" has not surely ended when this is needed. Name it, or something after it, in "after".',
      ],
    ],
  ])("%s", (_, nodes, problems) => {
    expect(problemsOf(nodes)).toEqual(problems);
  });
});

test("a kind of somebody else that holds nodes says what these may refer to", () => {
  const nodes = (name: string) =>
    `  - { id: a, use: twice, body: { nodes: [ { id: b, use: work, with: { x: "\${${name}}" } } ] } }`;
  expect(problemsOf(nodes("round"))).toEqual([]);
  expect(problemsOf(nodes("item"))).toHaveLength(1);
  // Where the kind is not known yet, nobody can say.
  expect(problemsOf(nodes("item"), null)).toEqual([]);
});

test("what undoes a node may refer to what the node gave, and to nothing later", () => {
  const nodes = (name: string) =>
    `  - { id: a, use: work, compensate: { use: work, with: { x: "\${${name}}" } } }\n  - { id: b, use: work, after: [a] }`;
  expect(problemsOf(nodes("a"))).toEqual([]);
  expect(problemsOf(nodes("b"))).toHaveLength(1);
});

test("more nodes than anybody can follow are refused, wherever they stand", () => {
  const nodes = Array.from({ length: 5001 }, (_, index) => ({ id: `n${index}`, use: "work" }));
  const definition = { name: "f", version: "1", nodes: [...nodes, { id: "s", use: "sub", body: { nodes } }] };
  expect(() => checkWorkflow(definition)).toThrow(/10003 nodes are too many/);
});

test("a large workflow whose every node refers to the first is checked at once", () => {
  const nodes = Array.from({ length: 4000 }, (_, index) => ({
    id: `n${index}`,
    use: "work",
    ...(index > 0 && { after: [`n${index - 1}`], with: { x: "${n0}" } }),
  }));
  expect(checkWorkflow({ name: "f", version: "1", nodes }).nodes).toHaveLength(4000);
});
