import {
  definePlugin,
  type JsonObject,
  type Plugin,
  type PluginContext,
  type RunCount,
  toErrorJson,
} from "@mofa/kernel";
import type { Registry } from "prom-client";
import { fail } from "./errors.ts";
import { type Known, toFamilies } from "./families.ts";
import { createFold, type Fold, LIVE_AGENTS, LIVE_PLUGINS } from "./fold.ts";
import { createProcessMetrics } from "./process-metrics.ts";
import { renderFamilies } from "./render.ts";

export interface ObservabilityOptions {
  /** The name of the provided `metrics` thing. Default "prometheus". */
  readonly name?: string;
  /** How many label sets (kind and name, model, status) a metric tells apart; the rest is "other". Default 2,000. */
  readonly series?: number;
  /** How many live runs, tasks, decisions, plugins and agents the gauges follow. Default 100,000. */
  readonly live?: number;
  /** Upper bounds of the duration buckets in seconds, ascending. */
  readonly buckets?: readonly number[];
  /** Also tells of the process: CPU, memory, event loop, garbage collection. Default true. */
  readonly process?: boolean;
  /** A prom-client registry of your own, appended to every scrape. */
  readonly registry?: Registry;
}

const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const MAX_DECISIONS = 10_000;
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const schema = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, default: "prometheus" },
    series: { type: "integer", minimum: 1, maximum: 100_000 },
    live: { type: "integer", minimum: 1, maximum: 10_000_000 },
    buckets: { type: "array", items: { type: "number", exclusiveMinimum: 0 }, minItems: 1, maxItems: 100 },
    process: { type: "boolean" },
    registry: { type: "object" },
  },
  additionalProperties: false,
} as const satisfies JsonObject;

const plugin = definePlugin({
  name: "observability",
  version: "0.1.0",
  options: schema,
  setup(ctx, options) {
    provideMetrics(ctx, options as ObservabilityOptions);
  },
});

/** Counts what happens in a kernel, and provides it as a `metrics` thing in the Prometheus text format. */
export function observability(options: ObservabilityOptions = {}): Plugin {
  // A registry is not JSON; the schema only looks at whether it is an object.
  return plugin(options as JsonObject);
}

function provideMetrics(ctx: PluginContext, options: ObservabilityOptions): void {
  const { name = "prometheus", series = 2000, live = 100_000 } = options;
  const buckets = (options.buckets ?? BUCKETS).toSorted((left, right) => left - right);
  const fold = createFold({
    buckets,
    series,
    live,
    tooManySeries: (metric) => ctx.log.warn(fail("metrics.too_many_series", { metric, limit: series }).message),
    tooManyLive: (metric) => ctx.log.warn(fail("metrics.too_many_live", { metric, limit: live }).message),
  });
  const registries = options.registry === undefined ? [] : [options.registry];
  if (options.process !== false) registries.push(ctx.own(createProcessMetrics()).registry);

  ctx.watch({}, fold.take);
  ctx.provide("metrics", {
    name,
    contentType: CONTENT_TYPE,
    async render() {
      const own = await renderFamilies(toFamilies(fold, buckets, await ask(ctx, fold)), ctx.signal);
      const others = await Promise.all(registries.map((registry) => readRegistry(ctx, registry)));
      return [own, ...others].join("");
    },
  });
}

/** What the fold cannot know of the time before this plugin: asked of whoever is there and granted. */
async function ask(ctx: PluginContext, fold: Fold): Promise<Known> {
  const control = granted(ctx);
  return {
    plugins: control === undefined ? fold.plugins.counts : countBy(LIVE_PLUGINS, control.plugins()),
    agents: control === undefined ? fold.agents.counts : countBy(LIVE_AGENTS, control.agents()),
    decisions: await countDecisions(ctx, fold),
    runs: await countRuns(ctx),
  };
}

/** Open questions outlive the process: the engine knows those that were asked before it started. */
async function countDecisions(ctx: PluginContext, fold: Fold): Promise<number> {
  const seen = fold.decisions.counts.get("open") ?? 0;
  try {
    const open = await ctx.find("engine")?.decisions({ status: "open", limit: MAX_DECISIONS });
    return open?.length ?? seen;
  } catch (error) {
    warn(ctx, "the engine", error);
    return seen;
  }
}

async function countRuns(ctx: PluginContext): Promise<readonly RunCount[]> {
  try {
    return (await ctx.find("engine")?.counts()) ?? [];
  } catch (error) {
    warn(ctx, "the engine", error);
    return [];
  }
}

function granted(ctx: PluginContext) {
  try {
    return ctx.find("control");
  } catch {
    // Not granted: the fold's own numbers are right from the moment this plugin was loaded.
    return undefined;
  }
}

function countBy(
  statuses: readonly string[],
  things: readonly { readonly status: string }[],
): ReadonlyMap<string, number> {
  const counts = new Map(statuses.map((status) => [status, 0]));
  for (const { status } of things) {
    const count = counts.get(status);
    if (count !== undefined) counts.set(status, count + 1);
  }
  return counts;
}

async function readRegistry(ctx: PluginContext, registry: Registry): Promise<string> {
  try {
    const text = await registry.metrics();
    // Our own labels are from events, which are told without secrets; those of a stranger may be anything.
    return text.trim() === "" ? "" : ctx.redact(text);
  } catch (error) {
    warn(ctx, "a prom-client registry", error);
    return "";
  }
}

function warn(ctx: PluginContext, source: string, error: unknown): void {
  ctx.log.warn(fail("metrics.source_failed", { source, reason: toErrorJson(error).message }).message);
}
