/** Workflows for MoFA: durable runs, graphs of nodes as data, and the nodes that come with them. */
export { versionOf, workflowAction } from "./graph/action.ts";
export type { Duration, NodeDefinition, RetryDefinition, WorkflowDefinition } from "./graph/definition.ts";
export { checkWorkflow, type ParseOptions, parseWorkflow } from "./graph/parse.ts";
export { type WorkflowOptions, workflow } from "./plugin.ts";
