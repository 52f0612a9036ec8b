import { createMofa, type LogEntry, type Mofa, type Plugin, stderrLog } from "@mofa/sdk";
import { gateway } from "@mofa/sdk/gateway";
import { observability } from "@mofa/sdk/observability";
import {
  createPermits,
  type Discovered,
  discover,
  health,
  type Permits,
  type PluginFolder,
  pluginFolder,
  retention,
  schedules,
} from "@mofa/sdk/runtime";
import { script } from "@mofa/sdk/script";
import { workflow } from "@mofa/sdk/workflow";
import { fail } from "../errors.ts";
import { projectAgents } from "./agents.ts";
import type { Project, ProjectConfig } from "./config.ts";
import { database } from "./database.ts";
import { type Inbox, watchInbox } from "./inbox.ts";
import { chooseModel, type ModelChoice } from "./model.ts";
import { narrator } from "./narrator.ts";
import { runOptions } from "./runs.ts";
import { seedDocuments } from "./seed.ts";
import { shared } from "./shared.ts";

export interface OpenOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Decisions are answered by the fallback written in the workflow instead of by people. */
  readonly fallback?: boolean;
  /** Leaves out the inbox, schedules are paused, and no run is taken up: nothing is started. */
  readonly quiet?: boolean;
  /** Schedules are there, but paused: nothing begins by the clock. */
  readonly untimed?: boolean;
  /** Leaves out the gateway. */
  readonly unwatched?: boolean;
  readonly port?: number;
  /** Hears what people should know while it opens: who answers, where to watch. */
  readonly told?: (line: string) => void;
  /** Tells also when a run ends and when a person is asked. */
  readonly narrated?: boolean;
  readonly log?: (entry: LogEntry) => void;
  /** Gives up opening when it fires: what takes up work is not begun any more. */
  readonly signal?: AbortSignal;
}

/** A project at work. Ends with `await using`. */
export interface OpenedProject extends AsyncDisposable {
  readonly mofa: Mofa;
  readonly inbox: Inbox | undefined;
  readonly model: ModelChoice;
  /** What came of the files in `plugins/`; undefined without that folder. */
  readonly plugins: PluginFolder | undefined;
  /** Where it can be watched; undefined without a gateway. */
  readonly url: string | undefined;
}

/** Puts a project together out of its config and folders, and sets it to work. */
export async function openAt(project: Project, options: OpenOptions): Promise<OpenedProject> {
  const model = await chooseModel(project, options.env);
  const { told = () => {} } = options;
  told(`${project.config.name}: answered by ${model.says}`);
  const { inbox: settings } = project.config;
  const inbox =
    settings === undefined || options.quiet === true
      ? undefined
      : watchInbox({ ...settings, path: project.path(settings.folder) });
  let url: string | undefined;
  const listening = (address: string) => {
    url = address;
    told(`watch it at ${address}`);
  };
  const found = await discover(project.folder);
  // Asking costs a little with every call: where no plugins come from a folder, there is nothing to ask.
  const permits = found.there.includes("plugins") ? createPermits() : undefined;
  const parts = { ...options, model, inbox, listening, found, permits };
  const { budgets, scheduler, deadLetters, quarantine } = project.config;
  const mofa = await createMofa({
    budgets,
    scheduler,
    deadLetters,
    quarantine,
    plugins: await foundations(project, parts),
    log: options.log ?? stderrLog("warn"),
    secrets: project.loaded.secrets,
    ...(permits === undefined ? {} : { permit: permits.permit }),
  }).catch(async (error: unknown) => {
    await model.close();
    throw error;
  });
  mofa.own(() => model.close());
  const plugins = await plugRest(mofa, project, parts);
  return { mofa, inbox, model, plugins, url, [Symbol.asyncDispose]: () => mofa.end() };
}

interface Parts extends OpenOptions {
  readonly model: ModelChoice;
  readonly inbox: Inbox | undefined;
  readonly listening: (url: string) => void;
  readonly found: Discovered;
  readonly permits: Permits | undefined;
}

/** The project's own plugins, then what takes up work: nothing runs before all that it may need is there. */
async function plugRest(mofa: Mofa, project: Project, parts: Parts): Promise<PluginFolder | undefined> {
  // At once: a set-up may hang, which the end of the kernel gives up. What ending fails with is thrown below.
  const giveUp = () => void mofa.end().catch(() => {});
  parts.signal?.addEventListener("abort", giveUp, { once: true });
  try {
    const { options, trust } = project.config.plugins;
    const folder = project.path("plugins");
    const { permits } = parts;
    const plugins =
      permits === undefined ? undefined : await pluginFolder(mofa, { folder, options, trust, permits, shared });
    const rest = workers(project, parts);
    for (const plugin of rest) {
      parts.signal?.throwIfAborted();
      await mofa.plug(plugin);
    }
    parts.signal?.throwIfAborted();
    assertNoneWaits(mofa, rest);
    await mofa.started();
    return plugins;
  } catch (error) {
    await mofa.end();
    throw parts.signal?.aborted === true ? parts.signal.reason : error;
  } finally {
    parts.signal?.removeEventListener("abort", giveUp);
  }
}

/** What takes up work must be able to; a plugin of the project may wait for what comes later. */
function assertNoneWaits(mofa: Mofa, plugins: readonly Plugin[]): void {
  for (const { name, status, reason = "" } of mofa.plugins()) {
    const ours = plugins.some((plugin) => plugin.name === name);
    if (ours && status === "waiting") throw fail("plugin.still_waits", { name, reason });
  }
}

/** What work needs. */
async function foundations(project: Project, { model, env, found }: Parts): Promise<readonly Plugin[]> {
  const { config } = project;
  const tools = found.there.includes("tools") ? { tools: project.path("tools") } : {};
  const scripts = found.there.includes("rules") ? { scripts: project.path("rules") } : {};
  return [
    await database(project),
    observability(),
    model.plugin,
    script({ folders: { ...tools, ...scripts } }),
    ...(config.supervisors.length === 0 ? [] : [supervisors(config)]),
    projectAgents(project, env),
    seedDocuments(project),
  ];
}

/** What takes up work. */
function workers(project: Project, parts: Parts): readonly Plugin[] {
  const { config } = project;
  const port = parts.port ?? config.gateway.port;
  return [
    workflow({
      ...(parts.found.there.includes("workflows") ? { folder: project.path("workflows") } : {}),
      // Who only looks must not take up runs that others would go on with.
      maxConcurrent: parts.quiet === true ? 0 : config.concurrency,
      decisions: parts.fallback === true ? "fallback" : "wait",
      ...runOptions(config.runs, parts),
    }),
    // Who only looks deletes nothing.
    ...(parts.quiet === true ? [] : [retention(config.retention)]),
    ...(parts.narrated === true && parts.told !== undefined ? [narrator(parts.told)] : []),
    ...(config.schedules.length === 0 ? [] : [schedules({ schedules: timed(config, parts) })]),
    ...(parts.unwatched === true
      ? []
      : [health(config.health), gateway({ ...config.gateway, port, listening: parts.listening })]),
    ...(parts.inbox === undefined ? [] : [parts.inbox.plugin]),
  ];
}

/** Those who watch over the agents, there before any of them. */
function supervisors({ supervisors: all }: ProjectConfig): Plugin {
  return {
    name: "supervisors",
    version: "0.1.0",
    setup(ctx) {
      for (const supervisor of all) ctx.provide("supervisor", supervisor);
    },
  };
}

function timed({ schedules: all }: ProjectConfig, { quiet, untimed }: Parts): ProjectConfig["schedules"] {
  return quiet === true || untimed === true ? all.map((schedule) => ({ ...schedule, paused: true })) : all;
}
