import type { GraphDefinition, NodeDefinition } from "./definition.ts";
import type { Path } from "./problem.ts";

/** One graph inside of a node: its name (`body`, or the branch's), and where it stands. */
export interface Inner {
  readonly name: string;
  readonly graph: GraphDefinition;
  readonly at: Path;
}

/** The graphs inside of a node, in the order of the file. */
export function innerGraphs({ body, branches }: NodeDefinition, at: Path): readonly Inner[] {
  const own = body === undefined ? [] : [{ name: "body", graph: body, at: [...at, "body"] }];
  const named = Object.entries(branches ?? {}).map(([name, graph]) => ({ name, graph, at: [...at, "branches", name] }));
  return [...own, ...named];
}

/** Visits every graph of a workflow, from the outermost in. */
export function* walkGraphs(graph: GraphDefinition, at: Path = []): Generator<readonly [GraphDefinition, Path]> {
  yield [graph, at];
  for (const [index, node] of graph.nodes.entries()) {
    if (node.body === undefined && node.branches === undefined) continue;
    for (const inner of innerGraphs(node, [...at, "nodes", index])) yield* walkGraphs(inner.graph, inner.at);
  }
}

/** What comes before the ids of the nodes inside of a node, where people read them: `each.`, or `both.left.` in a branch. */
export function innerLabel(label: string, name: string): string {
  return name === "body" ? `${label}.` : `${label}.${name}.`;
}
