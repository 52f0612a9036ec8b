import { isMofaError, type NodeKind } from "@mofa/kernel";
import { describe, expect, test } from "vitest";
import { versionOf } from "./action.ts";
import { builtInNodes } from "./nodes.ts";
import { checkWorkflow, type ParseOptions, parseWorkflow } from "./parse.ts";

const condition: NodeKind = {
  kind: "node",
  name: "script.condition",
  outcomes: ["yes", "no"],
  run: () => ({ outcome: "yes", output: true }),
};
const kinds = [...builtInNodes(() => []), condition];

const TICKET = `name: ticket
version: 1.0.0
description: Answers a ticket
input: { type: object, required: [text] }
timeout: 10m
nodes:
  - id: answer
    use: agent
    with: { agent: support, text: "\${input.text}" }
    retry: { times: 2, backoff: 1s }
    timeout: 2s
  - id: check
    use: script.condition
    with: { source: "input.amount > 100", input: "\${answer}" }
    after: [answer]
  - id: decide
    use: ask
    with: { title: "Refund \${answer.amount}?", options: [approve, reject] }
    after: [check:yes]
  - id: refund
    use: tool
    with: { tool: issue_refund, input: {} }
    after: [decide:approve, check:no]
output: { decision: "\${decide.value}" }
`;

/** Where and what, of every problem in a text. */
function problemsOf(text: string, options: ParseOptions = { kinds }): readonly string[] {
  try {
    parseWorkflow(text, { file: "flow.yaml", ...options });
    return [];
  } catch (error) {
    if (!isMofaError(error, "workflow.invalid")) throw error;
    return error.message.split("\n").map((line) => line.replace(/^(A problem|\d+ problems) in /, ""));
  }
}

/** The ticket with one line changed. */
function changed(line: string, to: string): string {
  expect(TICKET).toContain(line);
  return TICKET.replace(line, () => to);
}

test("a workflow is read as it is written, from YAML and JSON alike", () => {
  const fromYaml = parseWorkflow(TICKET, { kinds });
  const fromJson = parseWorkflow(JSON.stringify(fromYaml, null, 2), { file: "flow.json", kinds });
  expect(fromJson).toEqual(fromYaml);
  expect(fromYaml.nodes.map(({ id }) => id)).toEqual(["answer", "check", "decide", "refund"]);
  expect(versionOf(checkWorkflow(fromJson))).toBe(versionOf(fromYaml));
});

describe("a problem is shown with its file, line, column and path:", () => {
  test.each<[string, string, string, string]>([
    [
      "an unknown field",
      "timeout: 10m",
      "timout: 10m",
      'flow.yaml:5:1: timout: unknown field "timout". Did you mean "timeout"?',
    ],
    [
      "an unknown field of a node",
      "    retry: {",
      "    retyr: {",
      'flow.yaml:10:5: nodes[0].retyr: unknown field "retyr". Did you mean "retry"?',
    ],
    [
      "a bad duration",
      "timeout: 2s",
      "timeout: soon",
      "flow.yaml:11:14: nodes[0].timeout: must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h",
    ],
    [
      "a number as the version",
      "version: 1.0.0",
      "version: 1.0",
      'flow.yaml:2:10: version: must be text, in quotes where it looks like a number: "1.0"',
    ],
    [
      "too many retries",
      "times: 2",
      "times: 1000",
      "flow.yaml:10:21: nodes[0].retry.times: must be a whole number from 1 to 100",
    ],
    [
      "an id that is taken by the input",
      "id: answer",
      "id: input",
      'flow.yaml:7:9: nodes[0].id: must be a name: letters, digits, "_" or "-", not beginning with a digit, and not "input" or "__proto__"',
    ],
    [
      "a second node of one id",
      "id: refund",
      "id: answer",
      'flow.yaml:20:9: nodes[3].id: a second node with the id "answer"',
    ],
    ["a missing field", "    use: ask\n", "", 'flow.yaml:16:5: nodes[2]: "use" is missing'],
    [
      "an unknown node kind",
      "use: tool",
      "use: tol",
      'flow.yaml:21:10: nodes[3].use: unknown node kind "tol". Did you mean "tool"?',
    ],
    [
      "an edge from nowhere",
      "after: [answer]",
      "after: [anwser]",
      'flow.yaml:15:13: nodes[1].after[0]: there is no node "anwser". Did you mean "answer"?',
    ],
    [
      "an outcome that never comes",
      "[check:yes]",
      "[check:maybe]",
      'flow.yaml:19:13: nodes[2].after[0]: "check" never ends with "maybe". Its outcomes: done, yes, no, failed.',
    ],
    [
      "an option that cannot be chosen",
      "decide:approve",
      "decide:aprove",
      'flow.yaml:23:13: nodes[3].after[0]: "decide" never ends with "aprove". Its outcomes: done, approve, reject, failed.',
    ],
    [
      "a reference to nobody",
      "${input.text}",
      "${inptu.text}",
      'flow.yaml:9:35: nodes[0].with.text: there is no node "inptu" to refer to. Did you mean "input"?',
    ],
    [
      "a reference to what comes later",
      "${input.text}",
      "${check}",
      'flow.yaml:9:35: nodes[0].with.text: "check" has not surely ended when this is needed. Name it, or something after it, in "after".',
    ],
    [
      "a reference that is none",
      "${input.text}",
      "${1 + 1}",
      'flow.yaml:9:35: nodes[0].with.text: "${1 + 1}" is no reference. Write ${node.field}, or $${ for a literal ${.',
    ],
    [
      "a schema that would not be enforced",
      "required: [text]",
      "requird: [text]",
      'flow.yaml:4:8: input: The JSON Schema uses "requird" at $, which this validator does not know, so it could not be enforced. Remove it or use another validator.',
    ],
    [
      "nodes that are no list",
      TICKET.slice(TICKET.indexOf("nodes:"), TICKET.indexOf("output:")),
      "nodes: none\n",
      "flow.yaml:6:8: nodes: must be a list",
    ],
    ["bad syntax", "timeout: 10m", "timeout: [10m", "flow.yaml:6:6: unexpected end of the flow collection"],
  ])("%s", (_, line, to, problem) => {
    const [first, ...more] = problemsOf(changed(line, to));
    // The sentence about syntax is the reader's own; its place is ours to keep.
    if (_ === "bad syntax") expect(first).toMatch(/^flow\.yaml:(5|6):\d+: /);
    else expect([first, ...more]).toEqual([problem]);
  });

  test("a circle, printed as people read it", () => {
    const text =
      "name: c\nversion: a\nnodes:\n  - { id: a, use: tool, after: [c] }\n  - { id: b, use: tool, after: [a] }\n  - { id: c, use: tool, after: [b] }\n";
    expect(problemsOf(text)).toEqual(["flow.yaml:5:32: nodes[1].after: a circle: b → c → a → b"]);
  });

  test("all of them at once", () => {
    expect(problemsOf("nmae: x\nversion: a\nnodes: []\n")).toEqual([
      'flow.yaml:1:1: nmae: unknown field "nmae". Did you mean "name"?',
      "flow.yaml:3:8: nodes: must have at least 1 item(s)",
      'flow.yaml:1:1: "name" is missing',
    ]);
  });

  test("in JSON, syntax and fields given twice", () => {
    const json = { file: "flow.json", kinds };
    expect(problemsOf('{\n  "name": "x",\n  "version": }', json)[0]).toMatch(/^flow\.json:3:14: /);
    expect(problemsOf('{\n  "name": "x"', json)[0]).toMatch(/^flow\.json:2:14: /);
    expect(problemsOf('{\n  "name": "x",\n  "name": "y",\n  "version": "1", "nodes": [] }', json)[0]).toMatch(
      /^flow\.json:3:\d+: .*duplicate/,
    );
  });
});

test.each([
  ["quotes and colons inside of texts", String.raw`"a\\": "b:\"c\": d\\\\"`, true],
  ["a field twice, one of them written with an escape", String.raw`"x": 1, "\u0078": 2`, false],
  ["a field twice, deep inside", '"x": [{"y": {"z": 1, "z": 2}}]', false],
  ["a field twice, with a space before a colon", '"x": 1, "x" : 2', false],
  ["a field twice, beside a text that begins like the end of a name", '"x": ":y", "x"\t: 2', false],
  ["texts that look like ends of names", String.raw`"x": ":y", "y": ["a\":", "b :"]`, true],
  ["a field that would change what its object is", '"x": {"__proto__": {"y": 1}}', false],
  ["equal fields of different objects", '"x": {"y": 1}, "z": {"y": 1}', true],
])("JSON with %s", (_, fields, good) => {
  const json = `{"name":"x","version":"1","nodes":[{"id":"a","use":"b","with":{${fields}}}]}`;
  expect(problemsOf(json, { file: "flow.json" }).length === 0).toBe(good);
  if (good) expect(parseWorkflow(json, { file: "flow.json" })).toEqual(JSON.parse(json));
});

test("a text that would become a huge value, or is one, is refused", () => {
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x, x]",
    ...[..."bcdefghi"].map(
      (name, index) => `${name}: &${name} [${Array(10).fill(`*${"abcdefgh"[index]}`).join(", ")}]`,
    ),
  ];
  expect(problemsOf(bomb.join("\n"))[0]).toMatch(/alias/);
  const deep = "[".repeat(5000);
  expect(problemsOf(deep)[0]).toMatch(/depth|nest/i);
  expect(() => parseWorkflow("x".repeat(1_048_577))).toThrow(/has 1048577 bytes/);
});

test("a number that JSON does not have is refused in YAML", () => {
  const yaml = (value: string) => `name: x\nversion: "1"\nnodes: [{ id: a, use: b, with: { x: ${value} } }]\n`;
  expect([problemsOf(yaml("1.5"), {}), problemsOf(yaml("[1, .inf]"), {})]).toEqual([
    [],
    [expect.stringContaining("Infinity")],
  ]);
});

test("without knowing the node kinds, only what is written is checked", () => {
  expect(problemsOf(changed("use: tool", "use: other.node"), {})).toEqual([]);
});

test("a long chain is checked without running out of stack", () => {
  const nodes = Array.from({ length: 3000 }, (_, index) => ({
    id: `n${index}`,
    use: "tool",
    ...(index > 0 && { after: [`n${index - 1}`] }),
  }));
  expect(checkWorkflow({ name: "long", version: "1", nodes }).nodes).toHaveLength(3000);
});
