// Runs a plan: a node is started the moment it is due, nothing polls and nothing is scanned.
//
// 1. A node is due when all it comes after have ended and one named edge fired (with `join: all`, each of them);
//    a node whose edges did not fire is skipped, and counts as ended.
// 2. A failure that no `node:failed` waits for fails the workflow, which cancels what is still running.
// 3. A node's identity under a run is its id, so journals of one definition fit whatever the order of events.
import {
  type Call,
  type ErrorJson,
  isMofaError,
  type Json,
  type NodeKind,
  type NodeResult,
  toErrorJson,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { outcomesOf } from "./check.ts";
import type { Plan, PlanNode } from "./plan.ts";

type End =
  | { readonly status: "finished"; readonly outcome: string; readonly output: Json }
  | { readonly status: "failed"; readonly error: ErrorJson }
  | { readonly status: "skipped" };

interface Graph {
  readonly plan: Plan;
  readonly input: Json;
  readonly call: Call;
  readonly ends: (End | undefined)[];
}

const SKIPPED: End = { status: "skipped" };

/** Runs a workflow to its end and gives its output. */
export function interpret(plan: Plan, input: Json, call: Call): Promise<Json> {
  const graph: Graph = { plan, input, call, ends: plan.nodes.map(() => undefined) };
  const open = plan.nodes.map((node) => node.awaits);
  let left = plan.nodes.length;
  return new Promise((resolve, reject) => {
    // A queue instead of recursion: thousands of nodes may be skipped in a row.
    function advance(ready: PlanNode[]): void {
      for (let node = ready.shift(); node !== undefined; node = ready.shift()) {
        const due = node;
        if (isDue(due, graph.ends)) runNode(graph, due).then((end) => advance(settle(due, end)), reject);
        else ready.push(...settle(due, SKIPPED));
      }
      if (left === 0) resolve(outputOf(graph));
    }
    function settle(node: PlanNode, end: End): PlanNode[] {
      graph.ends[node.number] = end;
      left--;
      return node.next.flatMap((number) => {
        const after = plan.nodes[number];
        const rest = (open[number] ?? 0) - 1;
        open[number] = rest;
        return rest === 0 && after !== undefined ? [after] : [];
      });
    }
    advance(plan.nodes.filter((node) => node.awaits === 0));
  });
}

function isDue({ edges, definition }: PlanNode, ends: readonly (End | undefined)[]): boolean {
  if (edges.length === 0) return true;
  const fires = ({ from, outcome }: PlanNode["edges"][number]) => firesAt(ends[from], outcome);
  return definition.join === "all" ? edges.every(fires) : edges.some(fires);
}

function firesAt(end: End | undefined, outcome: string | undefined): boolean {
  if (end === undefined || end.status === "skipped") return false;
  if (end.status === "failed") return outcome === "failed";
  return outcome === undefined || outcome === end.outcome;
}

/** Runs one node, again where it may be retried; throws when its failure is the workflow's. */
async function runNode(graph: Graph, node: PlanNode): Promise<End> {
  const { call, plan } = graph;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptNode(graph, node);
    } catch (error) {
      // The whole workflow is being stopped: that is nothing to retry or to catch.
      if (call.signal.aborted) throw error;
      if (attempt <= node.times && mayRetry(error)) {
        await call.sleep(node.backoff * 2 ** (attempt - 1));
      } else if (node.caught) {
        return { status: "failed", error: toErrorJson(error) };
      } else {
        const reason = toErrorJson(error).message;
        throw fail(
          "workflow.node_failed",
          { workflow: plan.definition.name, node: node.definition.id, reason },
          { cause: error },
        );
      }
    }
  }
}

async function attemptNode(graph: Graph, node: PlanNode): Promise<End> {
  const { id, use } = node.definition;
  const kind = graph.call.get("node", use);
  const settings = node.settings((root) => look(graph, root));
  const limit = node.timeout === undefined ? {} : { timeout: node.timeout };
  const { outcome, output }: NodeResult = await graph.call.invoke(kind, settings, { key: id, ...limit });
  checkOutcome(node, kind, outcome);
  return { status: "finished", outcome, output: output === undefined ? null : toJson(output) };
}

/** An outcome that nobody could have named would silently skip all that comes after. */
function checkOutcome({ definition }: PlanNode, kind: NodeKind, outcome: string): void {
  const known = kind.outcomesOf === undefined && kind.outcomes === undefined ? undefined : outcomesOf(kind, definition);
  const reserved = outcome === "failed" || outcome === "skipped" || typeof outcome !== "string";
  if (!reserved && (known === undefined || known.includes(outcome))) return;
  throw fail("node.bad_outcome", {
    node: definition.id,
    use: definition.use,
    outcome,
    known: (known ?? ["done"]).join(", "),
  });
}

// A bad input stays bad, and what may have happened once must not happen again because somebody is patient.
function mayRetry(error: unknown): boolean {
  return !["input.invalid", "step.in_doubt", "node.bad_outcome"].some((code) => hasCode(error, code));
}

function hasCode(error: unknown, code: string): boolean {
  return (
    isMofaError(error, code) || (error instanceof Error && error.cause !== undefined && hasCode(error.cause, code))
  );
}

/** What a reference's first name stands for. */
function look({ plan, input, ends }: Graph, root: string): Json {
  const end = ends[plan.numbers.get(root) ?? -1];
  if (root === "input") return input;
  if (end === undefined || end.status === "skipped") return null;
  return end.status === "failed" ? toJson({ error: end.error }) : end.output;
}

function outputOf(graph: Graph): Json {
  const { plan, ends } = graph;
  if (plan.output !== undefined) return plan.output((root) => look(graph, root));
  const finished = plan.last.filter((node) => ends[node.number]?.status !== "skipped");
  return Object.fromEntries(finished.map((node) => [node.definition.id, look(graph, node.definition.id)]));
}
