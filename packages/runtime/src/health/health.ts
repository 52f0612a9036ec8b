import { getHeapStatistics } from "node:v8";
import { definePlugin, type JsonObject, type Plugin, type PluginContext } from "@mofa/kernel";
import type { Look } from "./look.ts";
import { type HealthLimits, LIMITS, standardLooks, type Views } from "./looks.ts";
import { measureLoopDelay } from "./loop-delay.ts";
import { createModelRecord } from "./model-record.ts";
import { createMonitor } from "./monitor.ts";

/** Says what is wrong; undefined or "" when all is well. What it throws is wrong too. */
export type CustomCheck = (signal: AbortSignal) => Promise<string | undefined>;

export interface HealthOptions {
  /** Milliseconds between looks; while something is wrong, at most 1,000. Default 10,000. */
  readonly every?: number;
  /** Milliseconds that one check may take. Default 3,000. */
  readonly patience?: number;
  /** What else makes this process unable to work, by name. */
  readonly checks?: Readonly<Record<string, CustomCheck>>;
  readonly limits?: HealthLimits;
  /** Where the event loop and the heap are measured. Default: in this process. */
  readonly measures?: HealthMeasures;
}

/** What is measured of the process. */
export interface HealthMeasures {
  readonly delay: () => Views["delay"];
  readonly heap: Views["heap"];
}

const MS = { type: "number", exclusiveMinimum: 0 } as const;
const SHARE = { type: "number", exclusiveMinimum: 0, maximum: 1 } as const;

const schema = {
  type: "object",
  properties: {
    every: MS,
    patience: MS,
    limits: {
      type: "object",
      properties: {
        mailbox: SHARE,
        delay: MS,
        blocked: MS,
        heap: SHARE,
        modelErrors: SHARE,
        deadLetters: { type: "integer", minimum: 0 },
      },
      additionalProperties: false,
    },
    // Functions: given by programs, never by files.
    checks: {},
    measures: {},
  },
  additionalProperties: false,
} as const satisfies JsonObject;

const plugin = definePlugin({
  name: "health",
  version: "0.1.0",
  options: schema,
  setup: (ctx, options) => openHealth(ctx, options as HealthOptions),
});

/** Looks every few seconds whether this process lives and is ready to work; brings the kind `health`. */
export function health(options: HealthOptions = {}): Plugin {
  // Functions are not JSON; the schema lets them through unseen.
  return plugin(options as JsonObject);
}

const thisProcess: HealthMeasures = {
  delay: measureLoopDelay,
  heap() {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return { used, limit };
  },
};

function openHealth(ctx: PluginContext, options: HealthOptions): void {
  const { every = 10_000, patience = 3000, checks = {}, measures = thisProcess } = options;
  const limits = { ...LIMITS, ...options.limits };
  const delay = ctx.own(measures.delay());
  const models = createModelRecord(ctx.clock);
  // Nearest to the model: what retries and fallbacks make good is still a failure of the model.
  ctx.wrap(models.wrapper, { place: "timeout", kinds: ["model"] });
  const custom = Object.entries(checks).map(
    ([name, check]): Look => ({
      name,
      see: async (signal) => ({ wrong: (await check(signal)) ?? "" }),
    }),
  );
  const looks = [...standardLooks({ ctx, limits, delay, models, heap: measures.heap }), ...custom];
  const looked = () => delay.reset();
  const monitor = createMonitor({ looks, every, patience, clock: ctx.clock, log: ctx.log, looked });
  ctx.own(() => monitor.end());
  ctx.provide("health", monitor);
}
