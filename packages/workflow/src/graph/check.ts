import { type Json, type NodeKind, nearest } from "@mofa/kernel";
import { type NodeDefinition, toEdge, type WorkflowDefinition } from "./definition.ts";
import type { Path, Problem } from "./problem.ts";
import { readText } from "./template.ts";

/** Checks what the parts of a well-formed workflow say about each other: ids, edges, cycles and references. */
export function checkGraph(definition: WorkflowDefinition): readonly Problem[] {
  const { nodes, output } = definition;
  const problems: Problem[] = [...checkIds(nodes), ...checkEdges(nodes)];
  // With unknown or circular edges, nobody can say what comes before what.
  if (problems.length > 0) return problems;
  const cycle = findCycle(nodes);
  if (cycle !== undefined)
    return [{ at: ["nodes", indexOf(nodes, cycle[0]), "after"], message: `a circle: ${cycle.join(" → ")}` }];
  const seen: Seen = { nodes, ids: new Set(nodes.map(({ id }) => id)), befores: new Map() };
  for (const [index, node] of nodes.entries()) {
    problems.push(...checkReferences(node.with ?? null, ["nodes", index, "with"], { ...seen, from: node }));
  }
  return [...problems, ...checkReferences(output ?? null, ["output"], seen)];
}

interface Seen {
  readonly nodes: readonly NodeDefinition[];
  readonly ids: ReadonlySet<string>;
  /** For each node that was asked about, the nodes that have surely ended when it begins. */
  readonly befores: Map<string, ReadonlySet<string>>;
  /** The node whose settings are looked at; without it, all nodes have ended. */
  readonly from?: NodeDefinition;
}

/** Checks that the node kinds are there, and that `after` names outcomes that they can have. */
export function checkKinds({ nodes }: WorkflowDefinition, kinds: readonly NodeKind[]): readonly Problem[] {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  const outcomes = new Map<string, readonly string[] | undefined>();
  const problems: Problem[] = [];
  for (const [index, node] of nodes.entries()) {
    const kind = byName.get(node.use);
    outcomes.set(node.id, kind === undefined ? undefined : outcomesOf(kind, node));
    if (kind !== undefined) continue;
    const near = nearest(node.use, byName.keys());
    const hint = near === undefined ? `Known: ${[...byName.keys()].join(", ")}.` : `Did you mean "${near}"?`;
    problems.push({ at: ["nodes", index, "use"], message: `unknown node kind "${node.use}". ${hint}` });
  }
  for (const [at, { from, outcome }] of edgesOf(nodes)) {
    const known = outcomes.get(from);
    if (outcome === undefined || known === undefined || outcome === "failed" || known.includes(outcome)) continue;
    const message = `"${from}" never ends with "${outcome}". Its outcomes: ${[...known, "failed"].join(", ")}.`;
    problems.push({ at, message });
  }
  return problems;
}

/** The outcomes of a node beside failure; undefined when they are not known before it runs. */
export function outcomesOf(kind: NodeKind, { with: settings = {} }: NodeDefinition): readonly string[] | undefined {
  if (kind.outcomesOf === undefined) return ["done", ...(kind.outcomes ?? [])];
  const declared = kind.outcomesOf(settings);
  return declared === undefined ? undefined : [...new Set(["done", ...declared])];
}

function checkIds(nodes: readonly NodeDefinition[]): readonly Problem[] {
  const seen = new Set<string>();
  return nodes.flatMap(({ id }, index) => {
    if (seen.size < seen.add(id).size) return [];
    return [{ at: ["nodes", index, "id"], message: `a second node with the id "${id}"` }];
  });
}

function checkEdges(nodes: readonly NodeDefinition[]): readonly Problem[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return [...edgesOf(nodes)].flatMap(([at, { from }]) => {
    if (ids.has(from)) return [];
    return [{ at, message: `there is no node "${from}".${meant(nearest(from, ids))}` }];
  });
}

function* edgesOf(nodes: readonly NodeDefinition[]): Generator<readonly [Path, ReturnType<typeof toEdge>]> {
  for (const [index, { after = [] }] of nodes.entries()) {
    for (const [place, text] of after.entries()) yield [["nodes", index, "after", place], toEdge(text)];
  }
}

function checkReferences(value: Json, at: Path, seen: Seen): readonly Problem[] {
  if (typeof value === "string") return checkText(value, at, seen);
  if (value === null || typeof value !== "object") return [];
  const items: readonly (readonly [string | number, Json | undefined])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return items.flatMap(([key, item]) => (item === undefined ? [] : checkReferences(item, [...at, key], seen)));
}

function checkText(text: string, at: Path, seen: Seen): readonly Problem[] {
  const read = readText(text);
  if ("problem" in read) return [{ at, message: read.problem }];
  const roots = new Set(read.parts.flatMap((part) => (typeof part === "string" ? [] : part.root)));
  return [...roots].flatMap((root) => {
    if (root === "input" || (seen.ids.has(root) && hasEnded(root, seen))) return [];
    const message = seen.ids.has(root)
      ? `"${root}" has not surely ended when this is needed. Name it, or something after it, in "after".`
      : `there is no node "${root}" to refer to.${meant(nearest(root, [...seen.ids, "input"]))}`;
    return [{ at, message }];
  });
}

function hasEnded(root: string, { from, nodes, befores }: Seen): boolean {
  if (from === undefined) return true;
  const known = befores.get(from.id) ?? ancestors(from.id, nodes);
  befores.set(from.id, known);
  return known.has(root);
}

/** Takes away what can run, again and again; what is left at the end runs in a circle. */
function findCycle(nodes: readonly NodeDefinition[]): readonly string[] | undefined {
  const after = new Map(
    nodes.map(({ id, after: edges = [] }) => [id, new Set(edges.map((text) => toEdge(text).from))]),
  );
  const next = Map.groupBy([...edgesOf(nodes)], ([, { from }]) => from);
  const left = new Map([...after].map(([id, { size }]) => [id, size]));
  const ready = [...left].flatMap(([id, count]) => (count === 0 ? [id] : []));
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    left.delete(id);
    const followers = new Set((next.get(id) ?? []).map(([[, index]]) => nodes[Number(index)]?.id ?? ""));
    for (const follower of followers) {
      const count = (left.get(follower) ?? 0) - 1;
      left.set(follower, count);
      if (count === 0) ready.push(follower);
    }
  }
  const path: string[] = [];
  let here = [...left.keys()][0];
  while (here !== undefined && !path.includes(here)) {
    path.push(here);
    here = [...(after.get(here) ?? [])].find((id) => left.has(id));
  }
  return here === undefined ? undefined : closeCircle(path, here);
}

/** The path goes backwards along `after`; people read it forwards. */
function closeCircle(path: readonly string[], next: string): readonly string[] {
  const circle = path.slice(path.indexOf(next)).toReversed();
  return [...circle, circle[0] ?? next];
}

/** The nodes that have surely ended when a node begins. */
function ancestors(id: string, nodes: readonly NodeDefinition[]): ReadonlySet<string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const all = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { from } of (byId.get(next)?.after ?? []).map(toEdge)) {
      if (!all.has(from)) open.push(from);
      all.add(from);
    }
  }
  return all;
}

function indexOf(nodes: readonly NodeDefinition[], id: string | undefined): number {
  return nodes.findIndex((node) => node.id === id);
}

function meant(near: string | undefined): string {
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}
