import { createMofa, type LogEntry, type Mofa, type Plugin, stderrLog } from "@mofa/sdk";
import { gateway } from "@mofa/sdk/gateway";
import { observability } from "@mofa/sdk/observability";
import { sqlite } from "@mofa/sdk/persistence";
import { script } from "@mofa/sdk/script";
import { workflow } from "@mofa/sdk/workflow";
import { projectAgents } from "./agents.ts";
import type { Project } from "./config.ts";
import { type Inbox, watchInbox } from "./inbox.ts";
import { chooseModel, type ModelChoice } from "./model.ts";
import { narrator } from "./narrator.ts";
import { seedDocuments } from "./seed.ts";

export interface OpenOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Decisions are answered by the fallback written in the workflow instead of by people. */
  readonly fallback?: boolean;
  /** Leaves out the inbox: nothing is started. */
  readonly quiet?: boolean;
  /** Leaves out the gateway. */
  readonly unwatched?: boolean;
  readonly port?: number;
  /** Hears what people should know while it opens: who answers, where to watch. */
  readonly told?: (line: string) => void;
  /** Tells also when a run ends and when a person is asked. */
  readonly narrated?: boolean;
  readonly log?: (entry: LogEntry) => void;
}

/** A project at work. Ends with `await using`. */
export interface OpenedProject extends AsyncDisposable {
  readonly mofa: Mofa;
  readonly inbox: Inbox | undefined;
  readonly model: ModelChoice;
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
  try {
    const mofa = await createMofa({
      plugins: plugins(project, { ...options, model, inbox, listening }),
      log: options.log ?? stderrLog("warn"),
    });
    mofa.own(() => model.close());
    return { mofa, inbox, model, url, [Symbol.asyncDispose]: () => mofa.end() };
  } catch (error) {
    await model.close();
    throw error;
  }
}

interface Parts extends OpenOptions {
  readonly model: ModelChoice;
  readonly inbox: Inbox | undefined;
  readonly listening: (url: string) => void;
}

function plugins(project: Project, parts: Parts): readonly Plugin[] {
  const { config } = project;
  const port = parts.port ?? config.gateway.port;
  return [
    sqlite({ file: project.path(config.data, "mofa.db"), durability: config.durability }),
    observability(),
    parts.model.plugin,
    script({ folders: { tools: project.path("tools"), scripts: project.path("rules") } }),
    projectAgents(project, parts.env),
    seedDocuments(project),
    workflow({
      folder: project.path("workflows"),
      maxConcurrent: config.concurrency,
      decisions: parts.fallback === true ? "fallback" : "wait",
    }),
    ...(parts.narrated === true && parts.told !== undefined ? [narrator(parts.told)] : []),
    ...(parts.unwatched === true ? [] : [gateway({ host: config.gateway.host, port, listening: parts.listening })]),
    ...(parts.inbox === undefined ? [] : [parts.inbox.plugin]),
  ];
}
