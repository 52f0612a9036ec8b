/** Workflows for MoFA: durable runs, graphs of nodes as data, and the nodes that come with them. */
export { type AllOptions, all, map } from "./flow/all.ts";
export type { Branch, Settled } from "./flow/branch.ts";
export { type RaceOptions, race } from "./flow/race.ts";
export { type Compensate, saga } from "./flow/saga.ts";
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
export { diffRuns, type StepDifference } from "./replay/diff-runs.ts";
export type { ReplayHost } from "./replay/dry-run.ts";
export { type ReplayOptions, type ReplayVerdict, replayCheck } from "./replay/replay-check.ts";
export { continueAsNew } from "./run/continue.ts";
export type { RetentionOptions } from "./run/retention.ts";
export type { QueueOptions } from "./run/start-options.ts";
export { checkRunSchedule, type RunSchedule, type ScheduleDefinition } from "./schedules/run-schedule.ts";
