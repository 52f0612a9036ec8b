import type { Json } from "@mofa/kernel";
import type { GraphRun } from "./graph-run.ts";
import { perform, toFinished } from "./perform.ts";
import type { PlanNode } from "./plan.ts";

/** Runs a graph of which never two nodes work at once: one after the other, without counting and calling back. */
export async function runInTurn(graph: GraphRun): Promise<Json> {
  const { call, shared } = graph.place;
  const { slots } = shared;
  for (const node of graph.plan.inOrder) {
    if (!graph.isDue(node)) {
      graph.skip(node);
      continue;
    }
    const settings = node.settings(graph);
    const options = graph.optionsOf(node);
    try {
      if (node.times > 0 || slots !== undefined) {
        graph.finish(node, await perform({ step: node, settings, call, options, slots }));
      } else {
        // What `perform` does for such a node, without a promise of its own.
        const kind = call.get("node", node.use);
        graph.finish(node, toFinished(node, kind, await call.invoke(node.action(kind), settings, options)));
      }
    } catch (error) {
      graph.catch(node, error);
    }
  }
  return graph.output();
}

/** The same for one node alone, with a promise less: it may be the body of a loop of a thousand turns. */
export function runAlone(graph: GraphRun, node: PlanNode): Promise<Json> {
  const { call, shared } = graph.place;
  const kind = call.find("node", node.use);
  if (kind === undefined || node.times > 0 || shared.slots !== undefined) return runInTurn(graph);
  return call.invoke(node.action(kind), node.settings(graph), graph.optionsOf(node)).then(
    (result) => {
      try {
        graph.finish(node, toFinished(node, kind, result));
      } catch (error) {
        graph.catch(node, error);
      }
      return graph.output();
    },
    (error: unknown) => {
      graph.catch(node, error);
      return graph.output();
    },
  );
}
