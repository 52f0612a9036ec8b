import type { Action, BodyTurn, Call, Json, NodeBodies, NodeKind } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { GraphRun } from "./graph-run.ts";
import type { Plan, PlanNode } from "./plan.ts";
import { runQueued } from "./queued.ts";

/** The action that does a node: its kind, or, where the node says more than its kind can know, one made of both. */
export function actionOf(node: PlanNode, kind: NodeKind, plan: Plan): Action<unknown, unknown> {
  if (node.effect === undefined && node.queue === undefined && kind.runBodies === undefined) return kind;
  // Made once, because what an action is like is looked at once.
  if (node.made?.kind !== kind) node.made = { kind, action: makeAction(node, kind, plan) };
  return node.made.action;
}

function makeAction(node: PlanNode, kind: NodeKind, plan: Plan): Action<unknown, unknown> {
  const { name, description, input, output, timeout } = kind;
  const { label, queue, options } = node;
  // In a queue, it is that run which keeps what was done.
  const effect = queue === undefined ? (node.effect ?? kind.effect) : "none";
  return {
    kind: "node",
    name,
    ...(description !== undefined && { description }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(timeout !== undefined && { timeout }),
    ...(effect !== undefined && { effect }),
    run(given, call) {
      if (queue !== undefined) return runQueued(kind, given, { label, queue, timeout: options.timeout, call });
      if (kind.runBodies === undefined) return kind.run(given, call);
      const graph = call.parent === undefined ? undefined : plan.running.get(call.parent);
      if (graph === undefined) throw fail("node.needs_workflow", { use: name });
      return kind.runBodies(given, call, bodiesOf(graph, node, call));
    },
  };
}

/** The nodes inside of a node, in one attempt of it. */
function bodiesOf(graph: GraphRun, node: PlanNode, call: Call): NodeBodies {
  graph.begun ??= new Map();
  const attempt = (graph.begun.get(node.number) ?? 0) + 1;
  graph.begun.set(node.number, attempt);
  const names = [...node.inner.keys()];
  return {
    names,
    run(name, turn) {
      const plan = node.inner.get(name);
      if (plan === undefined)
        return Promise.reject(fail("node.no_body", { node: node.label, name, names: names.join(", ") }));
      // Only who undoes asks for it.
      const undoes = graph.place.shared.saga !== undefined;
      const at = undoes ? [node.rank, attempt, names.indexOf(name), turn.number] : NOWHERE;
      return runBody(plan, call, { name, turn, outer: { graph, at } });
    },
  };
}

const NOWHERE: readonly number[] = [];

interface BodyPlace {
  readonly name: string;
  readonly turn: BodyTurn;
  readonly outer: { readonly graph: GraphRun; readonly at: readonly number[] };
}

/** Where a failure could leave other nodes of the body at work, the body is a call of its own, which ends with it. */
function runBody(plan: Plan, call: Call, { name, turn, outer }: BodyPlace): Promise<Json> {
  const { shared } = outer.graph.place;
  const { number, values } = turn;
  if (plan.single) {
    // Keys are for what is kept.
    const prefix = call.run === undefined ? "" : `${name}.${number}.`;
    return new GraphRun(plan, { call, shared, values, prefix, outer }).run();
  }
  const body: Action<unknown, Json> = {
    kind: "node",
    name: "body",
    effect: "none",
    run: (_, own) => new GraphRun(plan, { call: own, shared, values, prefix: "", outer }).run(),
  };
  return call.invoke(body, values, { key: `${name}.${number}` });
}
