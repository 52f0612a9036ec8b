// Random workflows: every node kind that can hold others, failures that are caught or not, and what undoes them.
import type { Json, JsonObject } from "@mofa/kernel";
import type { GraphDefinition, NodeDefinition, WorkflowDefinition } from "../src/index.ts";

/** Makes a workflow; a sequential one has never two nodes at work. */
export function randomFlow(random: () => number, sequential: boolean): WorkflowDefinition {
  const maker = { random, sequential, count: 0 };
  return {
    name: "flow",
    version: "1",
    ...randomGraph(maker, 2),
    ...(random() < 0.2 && { concurrency: 2 }),
  } as WorkflowDefinition;
}

interface Maker {
  readonly random: () => number;
  readonly sequential: boolean;
  count: number;
}

const pick = <T>({ random }: Maker, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

function randomGraph(maker: Maker, depth: number): GraphDefinition {
  const nodes: NodeDefinition[] = [];
  for (let left = 1 + Math.floor(maker.random() * 4); left > 0; left--) addNodes(maker, nodes, depth);
  const last = nodes.at(-1)?.id ?? "";
  return maker.random() < 0.5 ? { nodes } : { nodes, output: { last: `\${${last}}`, input: "${input}" } };
}

function addNodes(maker: Maker, nodes: NodeDefinition[], depth: number): void {
  const before = nodes.filter(() => maker.random() < 0.5).map(({ id }) => id);
  const last = nodes.at(-1)?.id;
  const after = maker.sequential ? (last === undefined ? [] : [last]) : before;
  const node = { ...randomNode(maker, after, depth), ...(after.length > 0 && { after }) } as NodeDefinition;
  nodes.push(node);
  if (node.use === "switch") {
    const id = node.id;
    nodes.push({ ...act(maker, [id]), after: [`${id}:big`] }, { ...act(maker, [id]), after: [`${id}:else`] });
    // Both sides meet again, so that what follows has one thing to come after.
    const sides = nodes.slice(-2).map((side) => side.id);
    nodes.push({ id: newId(maker), use: "join", after: sides });
  } else if (node.use === "tool" && fails(node) && maker.random() < 0.6) {
    nodes.push({ ...act(maker, [node.id]), after: [`${node.id}:failed`] });
  }
}

function randomNode(maker: Maker, after: readonly string[], depth: number): NodeDefinition {
  const id = newId(maker);
  const simple = ["tool", "tool", "failing", "ask", "switch", "workflow", "undone"];
  const use = pick(maker, depth === 0 ? simple : [...simple, "sub", "map", "loop", "parallel"]);
  const inner = () => randomGraph(maker, depth - 1);
  switch (use) {
    case "failing":
      return failing(maker, after);
    case "ask":
      return { id, use, with: { title: `Go on with ${id}?`, options: ["yes", "no"], timeout: 1000, fallback: "no" } };
    case "switch":
      return {
        id,
        use,
        with: { value: "${input}", cases: [{ name: "big", path: "n", above: Math.floor(maker.random() * 6) }] },
      };
    case "workflow":
      return { id, use, with: { workflow: "inner", input: { n: maker.count } } };
    case "sub":
      return { id, use, body: inner() };
    case "map":
      return { id, use, with: { items: [1, 2, 3], ...many(maker) }, body: inner() };
    case "loop":
      return { id, use, with: { times: 1 + Math.floor(maker.random() * 3) }, body: inner() };
    case "parallel":
      return { id, use, with: many(maker), branches: { left: inner(), right: inner() } };
    case "undone":
      return {
        ...act(maker, after),
        compensate: { use: "tool", with: { tool: "undo", input: { of: `${maker.count}` } } },
      };
    default:
      return act(maker, after);
  }
}

function many(maker: Maker): JsonObject {
  return {
    ...(maker.sequential ? { concurrency: 1 } : maker.random() < 0.3 && { concurrency: 2 }),
    ...(maker.random() < 0.4 && { errors: "collect" }),
  };
}

function act(maker: Maker, after: readonly string[], more: JsonObject = {}): NodeDefinition {
  const id = newId(maker);
  const seen: Json = after.length === 0 ? "${input}" : `\${${pick(maker, after)}}`;
  return { id, use: "tool", with: { tool: "act", input: { id, seen, ...more } } };
}

const failing = (maker: Maker, after: readonly string[]): NodeDefinition =>
  maker.random() < 0.5 ? act(maker, after, { fails: true }) : act(maker, after);

const fails = ({ with: settings }: NodeDefinition) =>
  (settings?.["input"] as JsonObject | undefined)?.["fails"] === true;

const newId = (maker: Maker) => `n${maker.count++}`;
