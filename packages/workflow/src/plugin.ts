import {
  type AnyAction,
  definePlugin,
  type JournalRow,
  type JsonObject,
  type JsonSchema,
  type Plugin,
  toErrorJson,
} from "@mofa/kernel";
import { serveFolder } from "./folder.ts";
import { builtInNodes } from "./graph/nodes.ts";
import { reviveWorkflow } from "./graph/revive.ts";
import { followPlugins } from "./lifetime.ts";
import { durable } from "./run/durable.ts";
import { createEngine } from "./run/engine.ts";
import type { RetentionOptions } from "./run/retention.ts";
import { type QueueOptions, toLimits } from "./run/start-options.ts";
import { type RunSchedule, readSchedules, SCHEDULES } from "./schedules/run-schedule.ts";
import { createTimekeeper } from "./schedules/timekeeper.ts";

export interface WorkflowOptions {
  /** A folder of `*.yaml`, `*.yml` and `*.json` workflows, followed while it changes. */
  readonly folder?: string;
  /** Runs that work at a time in this process; those that wait do not count. 0 only looks after them. Default 16. */
  readonly maxConcurrent?: number;
  /** Milliseconds after which another worker takes over a run whose worker is silent. Default 15,000. */
  readonly leaseMs?: number;
  /** Whether questions wait for somebody, or are answered by their fallback at once. Default `wait`. */
  readonly decisions?: "wait" | "fallback";
  /** Milliseconds between looks for runs to take over and for answers from other processes. Default 1,000. */
  readonly pollMs?: number;
  /**
   * Runs that begin by the clock, once, however many processes say so; workflows may have a schedule of their own.
   * `false`: nothing begins by the clock in this process, whatever workflows say.
   */
  readonly schedules?: readonly RunSchedule[] | false;
  /** Milliseconds of nothing but waiting after which a run leaves this process, until it is due. Default 10,000. */
  readonly parkAfterMs?: number;
  /** The queues that runs can be started in, and that this process takes runs from. */
  readonly queues?: readonly QueueOptions[];
  /** How often a run may be taken over from a lost worker before it is dead, and tried again only by hand. Default 10. */
  readonly maxTakeovers?: number;
  /** How many rows (results, answers, times) a run may keep before it fails. Default 100,000. */
  readonly maxRows?: number;
  /** How long runs that have ended are kept. Default: for ever. */
  readonly retention?: RetentionOptions;
}

const QUEUE: JsonSchema = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 100 },
    concurrency: { type: "integer", minimum: 1 },
    perWorker: { type: "integer", minimum: 1 },
    perTenant: { type: "integer", minimum: 1 },
    rate: {
      type: "object",
      additionalProperties: false,
      required: ["limit", "per"],
      properties: { limit: { type: "integer", minimum: 1 }, per: { type: ["integer", "string"] } },
    },
  },
};

const OPTIONS: JsonSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    folder: { type: "string", minLength: 1 },
    maxConcurrent: { type: "integer", minimum: 0 },
    leaseMs: { type: "integer", minimum: 50 },
    decisions: { enum: ["wait", "fallback"] },
    pollMs: { type: "integer", minimum: 10 },
    parkAfterMs: { type: "integer", minimum: 0 },
    queues: { type: "array", items: QUEUE },
    maxTakeovers: { type: "integer", minimum: 0 },
    maxRows: { type: "integer", minimum: 1 },
    retention: {
      type: "object",
      additionalProperties: false,
      properties: { age: { type: ["integer", "string"] }, count: { type: "integer", minimum: 0 } },
    },
    schedules: SCHEDULES,
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
      parkAfterMs = 10_000,
      queues = [],
      maxTakeovers = 10,
      maxRows = 100_000,
      retention = {},
      schedules = [],
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
    const runs = createEngine(ctx, {
      maxConcurrent,
      leaseMs,
      decisions,
      pollMs,
      parkAfterMs,
      queues: toLimits(queues),
      maxTakeovers,
      maxRows,
      retention,
      revive,
    });
    ctx.own(() => runs.stop());
    await runs.listen();
    ctx.wrap(durable(runs.journalOf), { place: "durable" });
    for (const node of builtInNodes(() => ctx.list("model"))) ctx.provide("node", node);
    ctx.provide("engine", runs.engine);
    if (folder !== undefined) await serveFolder(ctx, folder);
    const timekeeper = schedules === false ? undefined : createTimekeeper(ctx, runs.engine, readSchedules(schedules));
    ctx.own(() => timekeeper?.stop());
    const settled = () => {
      runs.recover();
      if (maxConcurrent > 0) timekeeper?.begin();
    };
    followPlugins(ctx, { settled, stopping: runs.interrupt });
  },
});

/** Brings durable runs (the engine "runs"), workflows as data, and their nodes. */
export function workflow(options: WorkflowOptions = {}): Plugin {
  // Plain data, whose interfaces have no index signature.
  return define({ ...options } as JsonObject);
}
