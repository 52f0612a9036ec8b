import type { JournalRow } from "@mofa/kernel";
import { identify } from "../run/identity.ts";
import type { GraphDefinition, NodeDefinition } from "./definition.ts";
import { toEdge } from "./definition.ts";
import { innerGraphs, innerLabel } from "./definition-walk.ts";

/** How far a node of a run has come; of a node in a loop or a map, its last turn counts. */
export type NodeStatus = "begun" | "done" | "failed";

/**
 * Reads from the rows of a run how far its nodes have come, by label (`each.check` for a node inside of another).
 * Of nodes so deep inside that a row keeps only a hash of its path, nothing is told.
 */
export function statusesOf(definition: GraphDefinition, rows: readonly JournalRow[]): ReadonlyMap<string, NodeStatus> {
  const statuses = new Map<string, NodeStatus>();
  for (const row of rows) noteRow(definition, row, statuses);
  settleBefore(definition, "", statuses);
  return statuses;
}

interface Spot {
  readonly graph: GraphDefinition;
  readonly label: string;
  readonly node: NodeDefinition | undefined;
}

/** Follows the path of a row from the workflow's node inwards, and notes what it tells of each node on it. */
function noteRow(definition: GraphDefinition, row: JournalRow, statuses: Map<string, NodeStatus>): void {
  const steps = row.key.split("/").map((step) => step.replace(/#\d+$/, ""));
  let spot: Spot = { graph: definition, label: "", node: undefined };
  for (const [index, step] of steps.entries()) {
    if (step === "node:graph:=graph") continue;
    const next = enter(spot, step);
    const left = steps.length - index - 1;
    if (next === undefined) {
      // What a node without others inside calls is what the node comes to.
      const own =
        left === 0 && row.type === "step" && spot.node !== undefined && innerGraphs(spot.node, []).length === 0;
      if (own) statuses.set(spot.label, row.error === undefined ? "done" : "failed");
      return;
    }
    spot = next;
    if (spot.node === undefined) continue;
    const ended = left === 0 && row.type === "step";
    statuses.set(spot.label, ended ? (row.error === undefined ? "done" : "failed") : "begun");
  }
}

/** The spot that a step of a path leads to: a node, or the graph of a body that is a call of its own. */
function enter({ graph, label, node }: Spot, step: string): Spot | undefined {
  if (node === undefined) return findNode(graph, { key: "", around: label, step });
  for (const { name, graph: inner } of innerGraphs(node, [])) {
    const around = innerLabel(label, name);
    if (new RegExp(`^node:body:=${name}\\.\\d+$`).test(step)) return { graph: inner, label: around, node: undefined };
    const found = findNode(inner, { key: `${name}.`, around, step });
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Wanted {
  readonly key: string;
  readonly around: string;
  readonly step: string;
}

function findNode(graph: GraphDefinition, { key, around, step }: Wanted): Spot | undefined {
  const node = graph.nodes.find((each) => isStepOf(each, key, step));
  return node === undefined ? undefined : { graph, label: around + node.id, node };
}

function isStepOf({ id, use }: NodeDefinition, key: string, step: string): boolean {
  if (key === "") return step === identify({ kind: "node", name: use, input: null, key: id });
  const turn = /:=[\w-]+\.(\d+)\./.exec(step)?.[1];
  return turn !== undefined && step === identify({ kind: "node", name: use, input: null, key: `${key}${turn}.${id}` });
}

/** A node that another one came after has ended. */
function settleBefore(graph: GraphDefinition, around: string, statuses: Map<string, NodeStatus>): void {
  for (const node of graph.nodes) {
    for (const text of statuses.has(around + node.id) ? (node.after ?? []) : []) {
      const { from, outcome } = toEdge(text);
      if (statuses.get(around + from) === "begun")
        statuses.set(around + from, outcome === "failed" ? "failed" : "done");
    }
    for (const { name, graph: inner } of innerGraphs(node, []))
      settleBefore(inner, innerLabel(around + node.id, name), statuses);
  }
}
