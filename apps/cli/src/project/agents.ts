import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, sep } from "node:path";
import type { Agent, JsonObject, Plugin } from "@mofa/sdk";
import { reactAgent } from "@mofa/sdk/agents";
import { agentFolder, type BoundedAgent, isolated } from "@mofa/sdk/runtime";
import { z } from "zod";
import { fail } from "../errors.ts";
import { agentBudget } from "./bounds.ts";
import type { Project } from "./config.ts";
import { duration } from "./duration.ts";
import { shared } from "./shared.ts";

/** What only an agent that speaks with a model has. */
const talking = {
  model: z.string().min(1).exactOptional(),
  instructions: z.string().exactOptional(),
  tools: z.array(z.string()).exactOptional(),
  maxRounds: z.int().positive().max(100).exactOptional(),
  history: z.int().nonnegative().exactOptional(),
  temperature: z.number().min(0).max(2).exactOptional(),
  maxTokens: z.int().positive().exactOptional(),
};

/** What only an agent that is a module of its own has. */
const apart = {
  /** The module, from the project's folder. */
  module: z.string().min(1).exactOptional(),
  /** What it exports as. */
  export: z.string().min(1).exactOptional(),
  isolation: z.enum(["inline", "worker", "process"]).exactOptional(),
  heapMb: z.number().positive().exactOptional(),
  cpuMs: duration().exactOptional(),
  /** What the function gets that makes it. */
  options: z.record(z.string(), z.json()).exactOptional(),
};

const both = {
  name: z.string().min(1),
  description: z.string().exactOptional(),
  roles: z.array(z.string()).exactOptional(),
  topics: z.array(z.string()).exactOptional(),
  capabilities: z.array(z.string()).exactOptional(),
  concurrency: z.int().positive().exactOptional(),
  timeout: duration().exactOptional(),
  mailbox: z
    .strictObject({
      maxMessages: z.int().positive().exactOptional(),
      maxBytes: z.int().positive().exactOptional(),
      full: z.enum(["wait", "reject", "drop-oldest", "drop-newest"]).exactOptional(),
    })
    .exactOptional(),
  supervision: z
    .strictObject({
      supervisor: z.string().min(1).exactOptional(),
      restart: z.enum(["permanent", "transient", "temporary"]).exactOptional(),
      failsOn: z.enum(["crash", "error"]).exactOptional(),
      redeliver: z.int().nonnegative().exactOptional(),
    })
    .exactOptional(),
  budget: agentBudget.exactOptional(),
};

const agentSchema = z.strictObject({ ...both, ...talking, ...apart }).superRefine((given, { addIssue }) => {
  const refuse = (key: string, message: string) => addIssue({ code: "custom", path: [key], message });
  const isModule = given.module !== undefined;
  const foreign = Object.keys(isModule ? talking : apart).filter((key) => Object.hasOwn(given, key));
  for (const key of foreign) {
    refuse(
      key,
      isModule
        ? 'belongs to an agent with a model, and this one has a "module": remove one of them'
        : 'needs a "module" to go with it: add one, or remove this',
    );
  }
  if (isModule && given.isolation === undefined)
    refuse("module", 'needs to know where it runs: add "isolation": inline, worker or process');
});

type AgentFile = z.output<typeof agentSchema>;

/** Brings the agents that the project describes in `agents/*.yaml` or makes in `agents/*.ts`, and follows the folder. */
export function projectAgents(project: Project, env: Readonly<Record<string, string | undefined>>): Plugin {
  return agentFolder({
    name: "project-agents",
    folder: project.path("agents"),
    schema: agentSchema,
    env,
    secrets: project.loaded.secrets,
    shared,
    make({ budget, ...file }): BoundedAgent {
      const agent = file.module === undefined ? talkingAgent(file, project) : moduleAgent(file, project);
      return { agent, ...(budget === undefined ? {} : { budget: toBudget(budget) }) };
    },
  });
}

function talkingAgent(file: Omit<AgentFile, "budget">, project: Project): Agent {
  const { model = project.config.model, ...rest } = file;
  return reactAgent({ ...rest, model });
}

function moduleAgent(
  { isolation = "worker", module = "", ...rest }: Omit<AgentFile, "budget">,
  project: Project,
): Agent {
  const path = modulePath(rest.name, module, project);
  // What it is given is JSON by its schema.
  return isolated({ ...rest, isolation, module: path, options: (rest.options ?? {}) as JsonObject });
}

/** Where a module is, which must be in the project, and not where it would be an agent by itself. */
function modulePath(agent: string, module: string, project: Project): string {
  const written = project.path(module);
  if (!isInside(project.folder, written))
    throw fail("project.module_outside", { agent, module, folder: project.folder });
  if (dirname(written) === project.path("agents")) throw fail("project.module_among_agents", { agent, module });
  if (!existsSync(written)) throw fail("project.no_module", { agent, module, file: written });
  // A link leads out as well as dots do.
  const path = realpathSync(written);
  if (!isInside(realpathSync(project.folder), path))
    throw fail("project.module_outside", { agent, module, folder: project.folder });
  return path;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function toBudget({ per, keep, ...limits }: NonNullable<AgentFile["budget"]>): NonNullable<BoundedAgent["budget"]> {
  return { limits, ...(per === undefined ? {} : { per }), ...(keep === undefined ? {} : { keep }) };
}
