import { type Json, type JsonObject, type NodeKind, nearest } from "@mofa/kernel";
import { beforesOf, findCycle } from "./cycle.ts";
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
  const numbers = new Map(nodes.map(({ id }, number) => [id, number]));
  const befores = beforesOf(nodes, numbers);
  const problems = [...checkIds(nodes, at, around), ...checkEdges(nodes, at, befores)];
  // With unknown or circular edges, nobody can say what comes before what.
  if (problems.length > 0) return problems;
  const cycle = findCycle(nodes, befores);
  if (cycle !== undefined) {
    const index = nodes.findIndex((node) => node.id === cycle[0]);
    return [{ at: [...at, "nodes", index, "after"], message: `a circle: ${cycle.join(" → ")}` }];
  }
  const seen: Seen = { ...around, nodes, numbers, befores };
  const path = [...at, "nodes"];
  for (const [index, node] of nodes.entries()) {
    path.push(index);
    checkNode(node, path, { seen, problems });
    path.pop();
  }
  checkReferences(output, [...at, "output"], { seen, problems });
  return problems;
}

/** A path that grows and shrinks: most values are good, and nobody needs to know where they stand. */
type Walk = (string | number)[];

interface Finding {
  readonly seen: Seen;
  readonly problems: Problem[];
}

function checkNode(node: NodeDefinition, at: Walk, { seen, problems }: Finding): void {
  const { with: settings, compensate } = node;
  const here: Seen = { ...seen, from: node };
  at.push("with");
  checkReferences(settings, at, { seen: here, problems });
  at.pop();
  if (compensate?.with !== undefined) {
    const undone = { ...here, itself: true };
    checkReferences(compensate.with, [...at, "compensate", "with"], { seen: undone, problems });
  }
  if (node.body === undefined && node.branches === undefined) return;
  const kind = seen.kinds.get(node.use);
  const ended = seen.nodes.map(({ id }) => id).filter((id) => hasEnded(id, here));
  const names = new Set([...seen.names, ...ended, ...(kind?.gives ?? [])]);
  const later = new Set([...seen.later, ...seen.numbers.keys()].filter((id) => !names.has(id)));
  const around = { names, later, anyName: seen.anyName || kind === undefined, kinds: seen.kinds };
  for (const { graph, at: place } of innerGraphs(node, at)) problems.push(...checkOne(graph, place, around));
}

function checkIds(nodes: readonly NodeDefinition[], at: Path, { names, later }: Around): readonly Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const [index, { id }] of nodes.entries()) {
    const taken = names.has(id) || later.has(id);
    if (!taken && seen.size < seen.add(id).size) continue;
    const message = taken ? `"${id}" already means something around this` : `a second node with the id "${id}"`;
    problems.push({ at: [...at, "nodes", index, "id"], message });
  }
  return problems;
}

function checkEdges(
  nodes: readonly NodeDefinition[],
  at: Path,
  befores: readonly (readonly number[])[],
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [index, { after = [], join }] of nodes.entries()) {
    const place = () => [...at, "nodes", index];
    if (befores[index]?.includes(-1) === true) {
      const ids = new Set(nodes.map(({ id }) => id));
      for (const [number, text] of after.entries()) {
        const { from } = toEdge(text);
        if (ids.has(from)) continue;
        const message = `there is no node "${from}".${meant(nearest(from, ids))}`;
        problems.push({ at: [...place(), "after", number], message });
      }
    }
    const least = typeof join === "object" ? join.first : join;
    if (typeof least === "number" && least > after.length)
      problems.push({ at: [...place(), "join"], message: `needs ${least} edges, but "after" has ${after.length}` });
  }
  return problems;
}

function checkReferences(value: Json | undefined, at: Walk, finding: Finding): void {
  if (typeof value === "string") {
    if (value.includes("${")) checkText(value, at, finding);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      at.push(index);
      checkReferences(item, at, finding);
      at.pop();
    }
  } else if (typeof value === "object" && value !== null) {
    const fields = value as JsonObject;
    for (const name in fields) {
      at.push(name);
      checkReferences(fields[name], at, finding);
      at.pop();
    }
  }
}

function checkText(text: string, path: Path, { seen, problems }: Finding): void {
  const read = readText(text);
  if ("problem" in read) {
    problems.push({ at: [...path], message: read.problem });
    return;
  }
  const faults: string[] = [];
  for (const part of read.parts) {
    const fault = typeof part === "string" ? undefined : findFault(part.root, seen);
    if (fault !== undefined && !faults.includes(fault)) faults.push(fault);
  }
  for (const message of faults) problems.push({ at: [...path], message });
}

function findFault(root: string, seen: Seen): string | undefined {
  const { names, later, numbers, anyName } = seen;
  const own = numbers.has(root);
  if (own ? hasEnded(root, seen) : names.has(root)) return undefined;
  if (own || later.has(root)) {
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
