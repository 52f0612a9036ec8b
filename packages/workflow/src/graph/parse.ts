import { type Json, type NodeKind, toJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { checkGraph } from "./check.ts";
import { checkInners, checkKinds } from "./check-kinds.ts";
import { BODY_KINDS } from "./control-nodes.ts";
import type { WorkflowDefinition } from "./definition.ts";
import { type Problem, sayPath } from "./problem.ts";
import { createLocator, readData, type TextPlace, type WorkflowFormat } from "./read.ts";
import { checkShape } from "./shape.ts";

export interface ParseOptions {
  /** Shown in problems. Default `workflow`. */
  readonly file?: string;
  /** Default: by the ending of `file`, else YAML (which reads JSON too). */
  readonly format?: WorkflowFormat;
  /** The node kinds that are there; without them, only their names' form is checked. */
  readonly kinds?: readonly NodeKind[];
}

const BUILT_IN = new Map(BODY_KINDS.map((kind) => [kind.name, kind]));
const MAX_BYTES = 1_048_576;

/** Reads a workflow; throws `workflow.invalid` with every problem's path, line and column. */
export function parseWorkflow(text: string, options: ParseOptions = {}): WorkflowDefinition {
  const { file = "workflow", format = file.endsWith(".json") ? "json" : "yaml", kinds } = options;
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) throw fail("workflow.too_large", { file, bytes, most: MAX_BYTES });
  const read = readData(text, format);
  if ("message" in read) {
    throw fail(
      "workflow.invalid",
      { file, problems: [{ path: "", ...read.place, message: read.message }] },
      { stack: false },
    );
  }
  const problems = findProblems(read.value, kinds);
  if (problems.length > 0) throw invalid(file, problems, createLocator(text));
  return read.value as WorkflowDefinition;
}

/** Checks a definition that did not come from a text; throws `workflow.invalid` with the paths of its problems. */
export function checkWorkflow(definition: unknown, kinds?: readonly NodeKind[]): WorkflowDefinition {
  const value = toJson(definition);
  const problems = findProblems(value, kinds);
  const named = (value as { name?: Json } | null)?.name;
  if (problems.length > 0) throw invalid(`workflow "${String(named)}"`, problems);
  return value as WorkflowDefinition;
}

/** Checks a good definition against the node kinds that are there. */
export function checkWorkflowKinds(definition: WorkflowDefinition, kinds: readonly NodeKind[]): void {
  const problems = findKindProblems(definition, kinds);
  if (problems.length > 0) throw invalid(`workflow "${definition.name}"`, problems);
}

function findProblems(value: Json, kinds: readonly NodeKind[] | undefined): readonly Problem[] {
  const shape = checkShape(value);
  // Only what is well formed can be asked what it means.
  if (shape.length > 0) return shape;
  const definition = value as WorkflowDefinition;
  const graph = [...checkInners(definition, BUILT_IN), ...checkGraph(definition, BUILT_IN)];
  return graph.length > 0 || kinds === undefined ? graph : findKindProblems(definition, kinds);
}

function findKindProblems(definition: WorkflowDefinition, kinds: readonly NodeKind[]): readonly Problem[] {
  const byName = new Map([...kinds].reverse().map((kind) => [kind.name, kind]));
  // Kinds that hold nodes say what these may refer to; those that come with this package were asked before.
  const others = kinds.some((kind) => kind.bodies !== undefined && BUILT_IN.get(kind.name) !== kind);
  return [...checkKinds(definition, byName), ...(others ? checkGraph(definition, byName) : [])];
}

function invalid(file: string, problems: readonly Problem[], locate?: (problem: Problem) => TextPlace) {
  const shown = problems.map((problem) => ({
    path: sayPath(problem.at),
    ...locate?.(problem),
    message: problem.message,
  }));
  return fail("workflow.invalid", { file, problems: shown }, { stack: false });
}
