import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import {
  type Action,
  definePlugin,
  type JsonObject,
  type JsonSchema,
  type Plugin,
  type PluginContext,
  type Script,
  type ScriptLimits,
  type ScriptSource,
  systemClock,
} from "@mofa/kernel";
import { fail } from "./errors.ts";
import { loadFolder } from "./folder.ts";
import { DEFAULT_LIMITS, toLimits } from "./limits.ts";
import { conditionNode, taskNode, transformNode } from "./nodes.ts";
import { patternProbe } from "./patterns.ts";
import { createPool } from "./pool.ts";
import { createSandbox, type IsolatedSandbox } from "./sandbox.ts";
import { namedScript, scriptTool, usesOf } from "./script-actions.ts";

export interface ScriptOptions {
  /** Folders whose `*.js` become tools and scripts, and follow every edit. */
  readonly folders?: { readonly tools?: string; readonly scripts?: string };
  /** What scripts of the folders may use at most: `tool:store.get`, `tool:*` or `*`. Default `*`: what they declare. */
  readonly allow?: readonly string[];
  /** Put over the default limits. */
  readonly limits?: Partial<ScriptLimits>;
  /** How many scripts compute at once, each in a process of its own. Default: the number of cores, at most 2. */
  readonly processes?: number;
  /** How many calls may wait for a process. Default 1,000. */
  readonly queue?: number;
}

const texts: JsonSchema = { type: "array", items: { type: "string" } };
const count: JsonSchema = { type: "integer", minimum: 1 };
const OPTIONS: JsonSchema = {
  type: "object",
  properties: {
    folders: {
      type: "object",
      properties: { tools: { type: "string" }, scripts: { type: "string" } },
      additionalProperties: false,
    },
    allow: texts,
    limits: {
      type: "object",
      properties: {
        time: count,
        wall: count,
        memory: count,
        output: count,
        hostCalls: { type: "integer", minimum: 0 },
      },
      additionalProperties: false,
    },
    processes: count,
    queue: count,
  },
  additionalProperties: false,
};

const plugin = definePlugin({
  name: "script",
  version: "0.1.0",
  options: OPTIONS,
  setup: (ctx, options) => setup(ctx, options as ScriptOptions),
});

/** Brings the sandbox "isolated", the script nodes, and the tools and scripts of hot folders. */
export function script(options: ScriptOptions = {}): Plugin {
  return plugin(options as JsonObject);
}

async function setup(ctx: PluginContext, options: ScriptOptions): Promise<void> {
  const { processes = Math.min(2, availableParallelism()), queue = 1_000, folders = {} } = options;
  const limits = toLimits(DEFAULT_LIMITS, options.limits);
  // Processes and files live in real time, whatever the kernel's clock says.
  const pool = ctx.own(createPool({ processes, queue, memory: limits.memory, clock: systemClock, log: ctx.log }));
  const sandbox = createSandbox(pool, limits);
  ctx.provide("sandbox", sandbox);
  for (const node of [taskNode, conditionNode, transformNode]) ctx.provide("node", node);
  const allow = options.allow ?? ["*"];
  await openFolder(ctx, sandbox, { kind: "tool", path: folders.tools, allow });
  await openFolder(ctx, sandbox, { kind: "script", path: folders.scripts, allow });
}

interface Shelf {
  readonly kind: "tool" | "script";
  readonly path: string | undefined;
  readonly allow: readonly string[];
}

async function openFolder(ctx: PluginContext, sandbox: IsolatedSandbox, { kind, path, allow }: Shelf): Promise<void> {
  if (path === undefined) return;
  const folder = await loadFolder({
    path: resolve(path),
    clock: systemClock,
    log: ctx.log,
    changed: (change) => ctx.emit("file.changed", change),
    async bring(source) {
      const { data, functions } = await sandbox.inspect(source);
      if (!functions.includes("run")) throw fail("script.no_function", { script: source.name, function: "run" });
      const made = kind === "tool" ? scriptTool(sandbox, source, data) : namedScript(sandbox, source, data);
      assertAllowed(source, usesOf(data), allow);
      await assertPatterns(source, sandbox, made);
      return made.kind === "tool" ? ctx.provide("tool", made) : ctx.provide("script", made as Script);
    },
  });
  ctx.own(folder);
}

async function assertPatterns(
  source: ScriptSource,
  sandbox: IsolatedSandbox,
  { input, output }: Action<never>,
): Promise<void> {
  const probe = patternProbe(source.name, [input as JsonSchema | undefined, output as JsonSchema | undefined]);
  if (probe === undefined) return;
  try {
    await sandbox.inspect(probe);
  } catch (cause) {
    throw fail(
      "script.bad_export",
      { script: source.name, problems: "a pattern in its schemas takes too long on some texts" },
      { cause },
    );
  }
}

function assertAllowed(source: ScriptSource, uses: readonly string[], allow: readonly string[]): void {
  const allows = (action: string) =>
    allow.some((rule) => rule === action || (rule.endsWith("*") && action.startsWith(rule.slice(0, -1))));
  const action = uses.find((wanted) => !allows(wanted));
  if (action !== undefined)
    throw fail("script.use_not_allowed", { script: source.name, action, allowed: allow.join(", ") });
}
