import type { Action, Call, InvokeOptions, Json, JsonObject, NodeKind } from "@mofa/kernel";
import { actionOf } from "./bodies.ts";
import { beforesOf, topologicalOrder } from "./cycle.ts";
import {
  type GraphDefinition,
  type JoinDefinition,
  type NodeDefinition,
  type StepDefinition,
  toEdge,
  toMilliseconds,
  type WorkflowDefinition,
} from "./definition.ts";
import { innerGraphs, innerLabel } from "./definition-walk.ts";
import type { GraphRun } from "./graph-run.ts";
import { compileTemplate, type Template } from "./template.ts";

/** A graph made ready to run: nodes by number, references compiled. */
export interface Plan {
  readonly nodes: readonly PlanNode[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly output: Template | undefined;
  /** The nodes that nothing comes after. */
  readonly last: readonly PlanNode[];
  /** The nodes that come after nothing. */
  readonly first: readonly PlanNode[];
  /** For each node, how many different nodes it comes after. */
  readonly awaits: readonly number[];
  /** Whether never two of its nodes work at once, and none holds others. */
  readonly single: boolean;
  /** The nodes in an order in which each comes after what it waits for. */
  readonly inOrder: readonly PlanNode[];
  /** Whether some node of it holds others. */
  readonly nested: boolean;
  /** For nodes that hold others: the graph that runs under a call. */
  readonly running: WeakMap<Call, GraphRun>;
}

/** A workflow made ready to run. */
export interface WorkflowPlan extends Plan {
  readonly definition: WorkflowDefinition;
  /** Whether some node, at any depth, says what undoes it. */
  readonly undoes: boolean;
}

/** Something that a node kind is to do. */
export interface PlanStep {
  /** For people: `check`, or `each.check` inside of another. */
  readonly label: string;
  readonly use: string;
  readonly given: JsonObject | undefined;
  readonly settings: Template;
  readonly times: number;
  readonly backoff: number;
  readonly options: InvokeOptions;
  readonly effect: Action["effect"];
  /** Under which it is done, as a run of its own. */
  readonly queue: string | undefined;
  /** The action that does it, made of its kind. */
  action(kind: NodeKind): Action<unknown, unknown>;
}

export interface PlanNode extends PlanStep {
  readonly number: number;
  readonly id: string;
  /** Its place in an order in which each node comes after what it waits for. */
  readonly rank: number;
  readonly edges: readonly PlanEdge[];
  /** How many edges must fire. */
  readonly least: number;
  /** Whether it begins as soon as they have. */
  readonly early: boolean;
  /** How many different nodes it comes after. */
  readonly awaits: number;
  /** The nodes that come after it. */
  readonly next: readonly PlanNode[];
  /** Whether some node comes after its failure. */
  readonly caught: boolean;
  readonly inner: ReadonlyMap<string, Plan>;
  readonly undo: PlanStep | undefined;
  /** The action that was last made of its kind. */
  made: { readonly kind: NodeKind; readonly action: Action<unknown, unknown> } | undefined;
}

export interface PlanEdge {
  readonly from: number;
  readonly outcome: string | undefined;
}

const BACKOFF = 1000;

/** Makes a checked workflow ready to run. */
export function compileWorkflow(definition: WorkflowDefinition): WorkflowPlan {
  const plan = compilePlan(definition, "");
  return { ...plan, definition, undoes: undoes(plan) };
}

function compilePlan(definition: GraphDefinition, around: string): Plan {
  const numbers = new Map(definition.nodes.map(({ id }, number) => [id, number]));
  const order = topologicalOrder(beforesOf(definition.nodes, numbers));
  const ranks = new Map(order.map((number, rank) => [number, rank]));
  const nodes = definition.nodes.map((node, number) => compileNode(node, { number, numbers, ranks, around }));
  const afters = nodes.map((): Set<PlanNode> => new Set());
  for (const node of nodes) for (const { from } of node.edges) afters[from]?.add(node);
  const caught = new Set(
    nodes.flatMap(({ edges }) => edges.flatMap((edge) => (edge.outcome === "failed" ? [edge.from] : []))),
  );
  for (const node of nodes) {
    // Only now are all nodes there to be pointed to.
    Object.assign(node, { next: [...(afters[node.number] ?? [])], caught: caught.has(node.number) });
  }
  const inOrder = nodes.toSorted((left, right) => left.rank - right.rank);
  const plan: Plan = {
    nodes,
    inOrder,
    numbers,
    output: definition.output === undefined ? undefined : compileTemplate(definition.output, numbers),
    last: nodes.filter(({ next }) => next.length === 0),
    first: nodes.filter(({ awaits }) => awaits === 0),
    single: isSingle(inOrder),
    nested: nodes.some(({ inner }) => inner.size > 0),
    awaits: nodes.map(({ awaits }) => awaits),
    running: new WeakMap(),
  };
  for (const node of nodes) node.action = (kind) => actionOf(node, kind, plan);
  return plan;
}

interface Compiling {
  readonly number: number;
  readonly numbers: ReadonlyMap<string, number>;
  readonly ranks: ReadonlyMap<number, number>;
  readonly around: string;
}

function compileNode(node: NodeDefinition, { number, numbers, ranks, around }: Compiling): PlanNode {
  const { id, after = [], compensate } = node;
  const label = `${around}${id}`;
  const edges = after.map((text) => {
    const { from, outcome } = toEdge(text);
    return { from: numbers.get(from) ?? -1, outcome };
  });
  return {
    ...compileStep(withArrivals(node), { label, key: id, numbers }),
    number,
    id,
    rank: ranks.get(number) ?? -1,
    edges,
    least: leastOf(node.join, edges.length),
    early: typeof node.join === "object",
    awaits: new Set(edges.map(({ from }) => from)).size,
    next: [],
    caught: false,
    effect: node.effect,
    queue: node.queue,
    inner: new Map(innerGraphs(node, []).map(({ name, graph }) => [name, compilePlan(graph, innerLabel(label, name))])),
    undo:
      compensate === undefined
        ? undefined
        : compileStep(compensate, { label: `${label} (undone)`, key: `undo.${id}`, numbers }),
    made: undefined,
  };
}

interface StepPlace extends Pick<Compiling, "numbers"> {
  readonly label: string;
  readonly key: string;
}

function compileStep(step: StepDefinition, { label, key, numbers }: StepPlace): PlanStep {
  const limit = toMilliseconds(step.timeout);
  const given: Json = step.with ?? {};
  return {
    label,
    use: step.use,
    given: step.with,
    settings: compileTemplate(given, numbers),
    times: step.retry?.times ?? 0,
    backoff: toMilliseconds(step.retry?.backoff) ?? BACKOFF,
    options: limit === undefined ? { key } : { key, timeout: limit },
    effect: undefined,
    queue: undefined,
    action: (kind) => kind,
  };
}

/** A join that is not told what to give gives the outputs of all that it comes after. */
function withArrivals(node: NodeDefinition): NodeDefinition {
  if (node.use !== "join" || node.with !== undefined) return node;
  const ids = new Set((node.after ?? []).map((text) => toEdge(text).from));
  return { ...node, with: { outputs: Object.fromEntries([...ids].map((id) => [id, `\${${id}}`])) } };
}

function leastOf(join: JoinDefinition | undefined, edges: number): number {
  if (join === "all") return edges;
  if (typeof join === "number") return join;
  return typeof join === "object" ? join.first : Math.min(1, edges);
}

/** Whether each node comes after the one before it, so that a failure leaves nothing else at work. */
function isSingle(inOrder: readonly PlanNode[]): boolean {
  return inOrder.every(({ edges, early, inner }, rank) => {
    if (early || inner.size > 0) return false;
    return rank === 0 || edges.some(({ from }) => from === inOrder[rank - 1]?.number);
  });
}

function undoes({ nodes }: Plan): boolean {
  return nodes.some(({ undo, inner }) => undo !== undefined || [...inner.values()].some(undoes));
}
