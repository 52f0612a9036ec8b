import type { Json } from "@mofa/kernel";
import { type Edge, type NodeDefinition, toEdge, toMilliseconds, type WorkflowDefinition } from "./definition.ts";
import { compileTemplate, type Template } from "./template.ts";

/** A workflow made ready to run: nodes by number, references compiled. */
export interface Plan {
  readonly definition: WorkflowDefinition;
  readonly nodes: readonly PlanNode[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly output: Template | undefined;
  /** The nodes that nothing comes after. */
  readonly last: readonly PlanNode[];
}

export interface PlanNode {
  readonly number: number;
  readonly definition: NodeDefinition;
  readonly settings: Template;
  readonly edges: readonly { readonly from: number; readonly outcome: string | undefined }[];
  /** How many different nodes it comes after. */
  readonly awaits: number;
  /** The nodes that come after it. */
  readonly next: readonly number[];
  /** Whether some node comes after its failure. */
  readonly caught: boolean;
  readonly times: number;
  readonly backoff: number;
  readonly timeout: number | undefined;
}

const BACKOFF = 1000;

/** Makes a checked workflow ready to run. */
export function compilePlan(definition: WorkflowDefinition): Plan {
  const numbers = new Map(definition.nodes.map(({ id }, number) => [id, number]));
  const edges = definition.nodes.map(({ after = [] }) => after.map(toEdge));
  const next = definition.nodes.map((): Set<number> => new Set());
  const caught = new Set<number>();
  const numbered = ({ from, outcome }: Edge) => ({ from: numbers.get(from) ?? -1, outcome });
  for (const [number, list] of edges.entries()) {
    for (const { from, outcome } of list.map(numbered)) {
      next[from]?.add(number);
      if (outcome === "failed") caught.add(from);
    }
  }
  const nodes = definition.nodes.map((node, number) => {
    const mine = (edges[number] ?? []).map(numbered);
    const awaits = new Set(mine.map(({ from }) => from)).size;
    const place = { number, definition: node, next: [...(next[number] ?? [])], caught: caught.has(number) };
    return { ...settingsOf(node), ...place, edges: mine, awaits };
  });
  const output = definition.output === undefined ? undefined : compileTemplate(definition.output);
  return { definition, nodes, numbers, output, last: nodes.filter((node) => node.next.length === 0) };
}

function settingsOf({ with: settings, retry, timeout }: NodeDefinition) {
  const given: Json = settings ?? {};
  return {
    settings: compileTemplate(given),
    times: retry?.times ?? 0,
    backoff: toMilliseconds(retry?.backoff) ?? BACKOFF,
    timeout: toMilliseconds(timeout),
  };
}
