import type { JournalRow } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { DEFINITION, toDefinition } from "./action.ts";
import { type GraphDefinition, type NodeDefinition, toEdge, type WorkflowDefinition } from "./definition.ts";
import { innerGraphs, innerLabel } from "./definition-walk.ts";
import { checkWorkflow } from "./parse.ts";
import { type NodeStatus, statusesOf } from "./statuses.ts";

/** What can be drawn: a workflow, or a run of one by its rows. */
export type Drawable = WorkflowDefinition | readonly JournalRow[];

export type Form = "box" | "round" | "choice" | "question" | "circle" | "message" | "frame";

/** A node as it is drawn, whatever the language. */
export interface DrawnNode {
  readonly id: string;
  /** What it is, in lines. */
  readonly lines: readonly string[];
  readonly form: Form;
  readonly status: NodeStatus | undefined;
  readonly inner: readonly DrawnGraph[];
  /** What undoes it. */
  readonly undo: string | undefined;
}

export interface DrawnGraph {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: string }[];
}

const FORMS: Readonly<Record<string, Form>> = {
  agent: "round",
  model: "round",
  switch: "choice",
  rule: "choice",
  "script.condition": "choice",
  ask: "question",
  wait: "circle",
  join: "circle",
  publish: "message",
  workflow: "frame",
};

export const STATUS_COLOURS: Readonly<Record<NodeStatus, string>> = {
  begun: "#fff3bf",
  done: "#d3f9d8",
  failed: "#ffc9c9",
};

/** Makes the picture that all drawings show. */
export function drawingOf(given: Drawable): DrawnGraph {
  const [definition, rows] = isRows(given) ? [definitionIn(given), given] : [checkWorkflow(given), []];
  const statuses = statusesOf(definition, rows);
  return drawGraph(definition, { id: "n", label: "", title: definition.name, statuses });
}

interface Place {
  readonly id: string;
  readonly label: string;
  readonly title: string;
  readonly statuses: ReadonlyMap<string, NodeStatus>;
}

function drawGraph({ nodes }: GraphDefinition, place: Place): DrawnGraph {
  const ids = new Map(nodes.map(({ id }, number) => [id, `${place.id}${number}`]));
  const edges = nodes.flatMap(({ id, after = [] }) =>
    after.map((text) => {
      const { from, outcome } = toEdge(text);
      return { from: ids.get(from) ?? "", to: ids.get(id) ?? "", label: outcome ?? "" };
    }),
  );
  return {
    id: place.id,
    title: place.title,
    nodes: nodes.map((node) => drawNode(node, ids.get(node.id) ?? "", place)),
    edges,
  };
}

function drawNode(node: NodeDefinition, id: string, { label, statuses }: Place): DrawnNode {
  const own = `${label}${node.id}`;
  const lines = [node.id, node.use, ...(node.description === undefined ? [] : [node.description])];
  const inner = innerGraphs(node, []).map(({ name, graph }, number) =>
    drawGraph(graph, { id: `${id}_${number}_`, label: innerLabel(own, name), title: name, statuses }),
  );
  return {
    id,
    lines,
    form: FORMS[node.use] ?? "box",
    status: statuses.get(own),
    inner,
    undo: node.compensate?.use,
  };
}

function isRows(given: Drawable): given is readonly JournalRow[] {
  return Array.isArray(given);
}

function definitionIn(rows: readonly JournalRow[]): WorkflowDefinition {
  const kept = rows.find(({ type, parent, name }) => type === "value" && parent === "" && name === DEFINITION);
  if (kept === undefined) throw fail("workflow.no_definition", { rows: rows.length });
  return toDefinition(kept.body);
}
