import { type Json, type NodeKind, nearest } from "@mofa/kernel";
import { findCycle } from "./cycle.ts";
import { type GraphDefinition, type NodeDefinition, toEdge, type WorkflowDefinition } from "./definition.ts";
import { innerGraphs, walkGraphs } from "./definition-walk.ts";
import type { Path, Problem } from "./problem.ts";
import { readText } from "./template.ts";

/** Node kinds by name: those whose nodes hold other nodes are asked what these may refer to. */
export type KindsByName = ReadonlyMap<string, NodeKind>;

// What is asked about each reference grows with the nodes before it.
const MAX_NODES = 10_000;

/** Checks what the parts of a well-formed workflow say about each other: ids, edges, cycles and references. */
export function checkGraph(definition: WorkflowDefinition, kinds: KindsByName): readonly Problem[] {
  let count = 0;
  for (const [{ nodes }] of walkGraphs(definition)) count += nodes.length;
  if (count > MAX_NODES) {
    return [{ at: ["nodes"], message: `${count} nodes are too many; a workflow may have ${MAX_NODES}. Divide it.` }];
  }
  return checkOne(definition, [], { names: new Set(["input"]), later: new Set(), anyName: false, kinds });
}

/** What a graph sees of what is around it. */
interface Around {
  /** What it may refer to. */
  readonly names: ReadonlySet<string>;
  /** The nodes around that have not surely ended when it begins. */
  readonly later: ReadonlySet<string>;
  /** Whether a kind that is not known here may give further names. */
  readonly anyName: boolean;
  readonly kinds: KindsByName;
}

interface Seen extends Around {
  readonly nodes: readonly NodeDefinition[];
  readonly numbers: ReadonlyMap<string, number>;
  /** For each node, the numbers of those that it comes after. */
  readonly befores: readonly (readonly number[])[];
  /** The node whose settings are looked at; without it, all nodes have ended. */
  readonly from?: NodeDefinition;
  /** Sees its own output: what undoes it. */
  readonly itself?: boolean;
}

function checkOne(graph: GraphDefinition, at: Path, around: Around): readonly Problem[] {
  const { nodes, output } = graph;
  const problems = [...checkIds(nodes, at, around), ...checkEdges(nodes, at)];
  // With unknown or circular edges, nobody can say what comes before what.
  if (problems.length > 0) return problems;
  const cycle = findCycle(nodes);
  if (cycle !== undefined) {
    const index = nodes.findIndex((node) => node.id === cycle[0]);
    return [{ at: [...at, "nodes", index, "after"], message: `a circle: ${cycle.join(" → ")}` }];
  }
  const numbers = new Map(nodes.map(({ id }, number) => [id, number]));
  const befores = nodes.map(({ after = [] }) => after.map((text) => numbers.get(toEdge(text).from) ?? -1));
  const seen: Seen = { ...around, nodes, numbers, befores };
  for (const [index, node] of nodes.entries()) problems.push(...checkNode(node, [...at, "nodes", index], seen));
  problems.push(...checkReferences(output ?? null, [...at, "output"], seen));
  return problems;
}

function checkNode(node: NodeDefinition, at: Path, seen: Seen): readonly Problem[] {
  const { with: settings, compensate } = node;
  const problems: Problem[] = [];
  if (settings !== undefined) problems.push(...checkReferences(settings, [...at, "with"], { ...seen, from: node }));
  if (compensate?.with !== undefined) {
    const undone = { ...seen, from: node, itself: true };
    problems.push(...checkReferences(compensate.with, [...at, "compensate", "with"], undone));
  }
  const inner = innerGraphs(node, at);
  if (inner.length === 0) return problems;
  const kind = seen.kinds.get(node.use);
  const ended = seen.nodes.map(({ id }) => id).filter((id) => hasEnded(id, { ...seen, from: node }));
  const names = new Set([...seen.names, ...ended, ...(kind?.gives ?? [])]);
  const later = new Set([...seen.later, ...seen.numbers.keys()].filter((id) => !names.has(id)));
  const around = { names, later, anyName: seen.anyName || kind === undefined, kinds: seen.kinds };
  for (const { graph, at: place } of inner) problems.push(...checkOne(graph, place, around));
  return problems;
}

function checkIds(nodes: readonly NodeDefinition[], at: Path, { names, later }: Around): readonly Problem[] {
  const seen = new Set<string>();
  return nodes.flatMap(({ id }, index) => {
    const place = [...at, "nodes", index, "id"];
    if (names.has(id) || later.has(id)) return [{ at: place, message: `"${id}" already means something around this` }];
    return seen.size < seen.add(id).size ? [] : [{ at: place, message: `a second node with the id "${id}"` }];
  });
}

function checkEdges(nodes: readonly NodeDefinition[], at: Path): readonly Problem[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return nodes.flatMap(({ after = [], join }, index) => {
    const place = [...at, "nodes", index];
    const problems = after.flatMap((text, number): Problem[] => {
      const { from } = toEdge(text);
      if (ids.has(from)) return [];
      return [{ at: [...place, "after", number], message: `there is no node "${from}".${meant(nearest(from, ids))}` }];
    });
    const least = typeof join === "object" ? join.first : join;
    if (typeof least !== "number" || least <= after.length) return problems;
    return [...problems, { at: [...place, "join"], message: `needs ${least} edges, but "after" has ${after.length}` }];
  });
}

function checkReferences(value: Json, at: Path, seen: Seen): readonly Problem[] {
  const problems: Problem[] = [];
  // One path that grows and shrinks: most values are good, and nobody needs to know where they stand.
  const path = [...at];
  const visit = (item: Json): void => {
    if (typeof item === "string") {
      if (item.includes("${")) problems.push(...checkText(item, path, seen));
      return;
    }
    if (item === null || typeof item !== "object") return;
    const list = Array.isArray(item);
    for (const [key, each] of Object.entries(item)) {
      path.push(list ? Number(key) : key);
      visit(each ?? null);
      path.pop();
    }
  };
  visit(value);
  return problems;
}

function checkText(text: string, path: Path, seen: Seen): readonly Problem[] {
  const read = readText(text);
  if ("problem" in read) return [{ at: [...path], message: read.problem }];
  const roots = new Set(read.parts.flatMap((part) => (typeof part === "string" ? [] : part.root)));
  return [...roots].flatMap((root) => {
    const message = findFault(root, seen);
    return message === undefined ? [] : [{ at: [...path], message }];
  });
}

function findFault(root: string, seen: Seen): string | undefined {
  const { names, later, numbers, anyName } = seen;
  if (numbers.has(root) ? hasEnded(root, seen) : names.has(root)) return undefined;
  if (numbers.has(root) || later.has(root)) {
    return `"${root}" has not surely ended when this is needed. Name it, or something after it, in "after".`;
  }
  if (anyName) return undefined;
  return `there is no node "${root}" to refer to.${meant(nearest(root, [...numbers.keys(), ...names]))}`;
}

/** Whether a node has surely ended when the one that is looked at begins. */
function hasEnded(id: string, { from, itself, nodes, numbers, befores }: Seen): boolean {
  if (from === undefined || (itself === true && id === from.id)) return true;
  const wanted = numbers.get(id) ?? -1;
  const start = numbers.get(from.id) ?? -1;
  if (befores[start]?.includes(wanted) === true) return true;
  const seen = new Uint8Array(nodes.length);
  const open = [start];
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    // Who begins with the first that arrive sees these; of what came before the others, nothing is sure.
    if (typeof nodes[number]?.join === "object") continue;
    for (const before of befores[number] ?? []) {
      if (before === wanted) return true;
      if (seen[before] === 1) continue;
      seen[before] = 1;
      open.push(before);
    }
  }
  return false;
}

function meant(near: string | undefined): string {
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}
