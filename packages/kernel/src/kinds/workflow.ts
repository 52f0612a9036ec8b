import { type Action, type ActionOptions, defineAction } from "../action.ts";
import type { JsonObject } from "../json.ts";
import type { Schema, SchemaInput } from "../schema.ts";

/** A workflow that can be called like any action: a graph as data, or code. */
// biome-ignore lint/suspicious/noExplicitAny: each workflow's schema checks its own input.
export interface Workflow<Input = any, Output = any> extends Action<Input, Output> {
  readonly kind: "workflow";
  readonly version: string;
  /** The graph; absent when it is written as code. */
  readonly definition?: JsonObject;
  /** Older versions whose open runs this code can go on with. Runs of a graph go on with the graph they began with. */
  readonly accepts?: readonly string[];
}

export interface WorkflowOptions<S extends Schema, Output> extends ActionOptions<S, Output> {
  /** Raised whenever the code asks for other steps: open runs wait for the version that began them. */
  readonly version: string;
  readonly accepts?: readonly string[];
}

/**
 * Describes a workflow written as code: an async function that does its work through `call`. Under a run every call is
 * kept, and after a crash the function is run again from its beginning with what was kept; so what it does between
 * calls must come out the same each time. Time, chance and ids come from the call.
 */
export function defineWorkflow<S extends Schema, Output>(
  options: WorkflowOptions<S, Output>,
): Workflow<SchemaInput<S>, Output> {
  const { version, accepts, ...action } = options;
  return { ...defineAction("workflow", action), version, ...(accepts !== undefined && { accepts }) };
}
