import { type Call, canonicalJson, type Json, type NodeKind, toJson, type Workflow } from "@mofa/kernel";
import { StepFrame } from "../run/frame.ts";
import { hashText } from "../run/identity.ts";
import { toMilliseconds, type WorkflowDefinition } from "./definition.ts";
import { interpret } from "./interpret.ts";
import { checkWorkflow, checkWorkflowKinds } from "./parse.ts";
import { compilePlan, type Plan } from "./plan.ts";

/** The name under which a run keeps its definition. */
export const DEFINITION = "definition";

/** Makes an action of a workflow definition; under a run, the run keeps the definition it began with. */
export function workflowAction(given: WorkflowDefinition): Workflow {
  const definition = checkWorkflow(given);
  const own = compilePlan(definition);
  const { name, description, input, timeout } = definition;
  const limit = toMilliseconds(timeout);
  return {
    kind: "workflow",
    name,
    version: versionOf(definition),
    definition,
    ...(description !== undefined && { description }),
    ...(input !== undefined && { input }),
    ...(limit !== undefined && { timeout: limit }),
    async run(value: unknown, call: Call) {
      const plan = pinned(own, call);
      checkWorkflowKinds(plan.definition, kindsOf(plan.definition, call));
      return interpret(plan, value === undefined ? null : toJson(value), call);
    },
  };
}

/** The hash of a definition: equal for equal meaning, whatever the order of fields. */
export function versionOf(definition: WorkflowDefinition): string {
  return hashText(canonicalJson(definition)).slice(0, 16);
}

/** The plan that this run began with, which may be older than the one that is registered now. */
function pinned(own: Plan, { run }: Call): Plan {
  if (!(run instanceof StepFrame)) return own;
  const kept = run.pin(DEFINITION, own.definition) as WorkflowDefinition;
  return kept === own.definition || versionOf(kept) === versionOf(own.definition) ? own : compilePlan(kept);
}

function kindsOf({ nodes }: WorkflowDefinition, call: Call): readonly NodeKind[] {
  const names = new Set(nodes.map(({ use }) => use));
  return [...names].flatMap((name) => call.find("node", name) ?? []);
}

/** Reads a kept definition back, as `pin` wrote it. */
export function toDefinition(body: Json | undefined): WorkflowDefinition {
  return checkWorkflow(body);
}
