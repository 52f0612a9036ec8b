import { type AnyAction, definePlugin, type JournalRow, type JsonSchema, type Plugin, toErrorJson } from "@mofa/kernel";
import { serveFolder } from "./folder.ts";
import { DEFINITION, toDefinition, workflowAction } from "./graph/action.ts";
import { builtInNodes } from "./graph/nodes.ts";
import { followPlugins } from "./lifetime.ts";
import { durable } from "./run/durable.ts";
import { createEngine } from "./run/engine.ts";

export interface WorkflowOptions {
  /** A folder of `*.yaml`, `*.yml` and `*.json` workflows, followed while it changes. */
  readonly folder?: string;
  /** Runs that work at a time in this process; those that wait do not count. Default 16. */
  readonly maxConcurrent?: number;
  /** Milliseconds after which another worker takes over a run whose worker is silent. Default 15,000. */
  readonly leaseMs?: number;
  /** Whether questions wait for somebody, or are answered by their fallback at once. Default `wait`. */
  readonly decisions?: "wait" | "fallback";
  /** Milliseconds between looks for runs to take over and for answers from other processes. Default 1,000. */
  readonly pollMs?: number;
}

const OPTIONS: JsonSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    folder: { type: "string", minLength: 1 },
    maxConcurrent: { type: "integer", minimum: 1 },
    leaseMs: { type: "integer", minimum: 50 },
    decisions: { enum: ["wait", "fallback"] },
    pollMs: { type: "integer", minimum: 10 },
  },
};

const define = definePlugin({
  name: "workflow",
  version: "0.1.0",
  needs: ["journal"],
  // Runs go from one version to the next through the journal: the old one stops and gives them up, the new one takes them.
  exclusive: true,
  options: OPTIONS,
  async setup(ctx, given) {
    // The schema has just checked them.
    const {
      folder,
      maxConcurrent = 16,
      leaseMs = 15_000,
      decisions = "wait",
      pollMs = 1000,
    } = given as WorkflowOptions;
    const revive = (action: AnyAction, rows: readonly JournalRow[]) => {
      try {
        return reviveWorkflow(action, rows);
      } catch (error) {
        ctx.log.warn(
          `The kept definition of "${action.name}" cannot be used, so the present one is: ${toErrorJson(error).message}`,
        );
        return action;
      }
    };
    const runs = createEngine(ctx, { maxConcurrent, leaseMs, decisions, pollMs, revive });
    ctx.own(() => runs.stop());
    ctx.wrap(
      durable((frames) => runs.journalOf(frames)),
      { place: "durable" },
    );
    for (const node of builtInNodes(() => ctx.list("model"))) ctx.provide("node", node);
    ctx.provide("engine", runs.engine);
    if (folder !== undefined) await serveFolder(ctx, folder);
    followPlugins(ctx, { settled: runs.recover, stopping: runs.interrupt });
  },
});

/** Brings durable runs (the engine "runs"), workflows as data, and their nodes. */
export function workflow(options: WorkflowOptions = {}): Plugin {
  return define({ ...options });
}

/** A workflow is run on by the definition that its run began with, not by the one that its file has now. */
function reviveWorkflow(action: AnyAction, rows: readonly JournalRow[]): AnyAction {
  if (action.kind !== "workflow") return action;
  const kept = rows.find(({ type, parent, name }) => type === "value" && parent === "" && name === DEFINITION);
  return kept === undefined ? action : workflowAction(toDefinition(kept.body));
}
