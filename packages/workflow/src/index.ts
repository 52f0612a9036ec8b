/** Workflows for MoFA: durable runs, graphs of nodes as data, and the nodes that come with them. */
export { versionOf, workflowAction } from "./graph/action.ts";
export type {
  Duration,
  GraphDefinition,
  JoinDefinition,
  NodeDefinition,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from "./graph/definition.ts";
export { toDot } from "./graph/dot.ts";
export type { Drawable } from "./graph/drawing.ts";
export { toMermaid } from "./graph/mermaid.ts";
export { checkWorkflow, type ParseOptions, parseWorkflow } from "./graph/parse.ts";
export { printWorkflow } from "./graph/print.ts";
export { workflowSchema } from "./graph/workflow-schema.ts";
export { type WorkflowOptions, workflow } from "./plugin.ts";
