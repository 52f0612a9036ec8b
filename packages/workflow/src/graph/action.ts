import { type Action, type Call, canonicalJson, type Json, type NodeKind, toJson, type Workflow } from "@mofa/kernel";
import { StepFrame } from "../run/frame.ts";
import { hashText } from "../run/identity.ts";
import { toMilliseconds, type WorkflowDefinition } from "./definition.ts";
import { walkGraphs } from "./definition-walk.ts";
import { GraphRun, type Shared } from "./graph-run.ts";
import { checkWorkflow, checkWorkflowKinds } from "./parse.ts";
import { compileWorkflow, type WorkflowPlan } from "./plan.ts";
import { notUndone, Saga } from "./saga.ts";
import { createSlots } from "./slots.ts";

/** The name under which a run keeps its definition. */
export const DEFINITION = "definition";

/** A plan, and what is looked up once about it. */
interface Prepared {
  readonly plan: WorkflowPlan;
  readonly version: string;
  /** The names of the node kinds in use, and those that were found good for it. */
  readonly uses: readonly string[];
  checked: readonly (NodeKind | undefined)[];
}

/** Makes an action of a workflow definition; under a run, the run keeps the definition it began with. */
export function workflowAction(given: WorkflowDefinition): Workflow {
  const definition = checkWorkflow(given);
  const own = prepare(definition);
  const older = new Map<string, Prepared>();
  const { name, description, input, timeout } = definition;
  const limit = toMilliseconds(timeout);
  return {
    kind: "workflow",
    name,
    version: own.version,
    definition,
    ...(description !== undefined && { description }),
    ...(input !== undefined && { input }),
    ...(limit !== undefined && { timeout: limit }),
    run(value: unknown, call: Call) {
      const prepared = pinned(own, older, call);
      checkOnce(prepared, call);
      return runWorkflow(prepared.plan, value === undefined ? null : toJson(value), call);
    },
  };
}

/** The hash of a definition: equal for equal meaning, whatever the order of fields. */
export function versionOf(definition: WorkflowDefinition): string {
  return hashText(canonicalJson(definition)).slice(0, 16);
}

/** Reads a kept definition back, as `pin` wrote it. */
export function toDefinition(body: Json | undefined): WorkflowDefinition {
  return checkWorkflow(body);
}

function prepare(definition: WorkflowDefinition): Prepared {
  const uses = new Set<string>();
  for (const [{ nodes }] of walkGraphs(definition)) {
    for (const { use, compensate } of nodes) {
      uses.add(use);
      if (compensate !== undefined) uses.add(compensate.use);
    }
  }
  return { plan: compileWorkflow(definition), version: versionOf(definition), uses: [...uses], checked: [] };
}

const MAX_OLDER = 16;

/** The plan that this run began with, which may be older than the one that is registered now. */
function pinned(own: Prepared, older: Map<string, Prepared>, { run }: Call): Prepared {
  if (!(run instanceof StepFrame)) return own;
  const { definition } = own.plan;
  const kept = run.pin(DEFINITION, definition) as WorkflowDefinition;
  if (kept === definition) return own;
  const version = versionOf(kept);
  if (version === own.version) return own;
  const known = older.get(version) ?? prepare(kept);
  if (older.size >= MAX_OLDER) older.clear();
  older.set(version, known);
  return known;
}

/** Checks a plan against the node kinds that are there, again when they are others. */
function checkOnce(prepared: Prepared, call: Call): void {
  const { uses, plan, checked } = prepared;
  if (uses.every((name, index) => isChecked(call.find("node", name), checked[index]))) return;
  const kinds = uses.map((name) => call.find("node", name));
  checkWorkflowKinds(
    plan.definition,
    kinds.filter((kind) => kind !== undefined),
  );
  prepared.checked = kinds;
}

function isChecked(kind: NodeKind | undefined, checked: NodeKind | undefined): boolean {
  return kind !== undefined && kind === checked;
}

function runWorkflow(plan: WorkflowPlan, input: Json, call: Call): Promise<Json> {
  const { name: workflow, concurrency } = plan.definition;
  const slots = concurrency === undefined ? undefined : createSlots(concurrency);
  const run = (own: Call, saga: Saga | undefined) => {
    const shared: Shared = { workflow, saga, slots };
    return new GraphRun(plan, { call: own, shared, values: { input }, prefix: "", outer: undefined }).run();
  };
  return plan.undoes ? orUndo(workflow, call, run) : run(call, undefined);
}

/** The graph is a call of its own, so that all that is still at work is stopped before anything is undone. */
async function orUndo(workflow: string, call: Call, run: (own: Call, saga: Saga) => Promise<Json>): Promise<Json> {
  const saga = new Saga();
  const graph: Action<unknown, Json> = { kind: "node", name: "graph", effect: "none", run: (_, own) => run(own, saga) };
  try {
    return await call.invoke(graph, null, { key: "graph" });
  } catch (error) {
    // A workflow that is stopped from outside stays as it is.
    if (call.signal.aborted) throw error;
    const left = await saga.undo(call);
    throw left.length === 0 ? error : notUndone(workflow, left, error);
  }
}
