import type { Plugin } from "@mofa/sdk";
import { reactAgent } from "@mofa/sdk/agents";
import { agentFolder } from "@mofa/sdk/runtime";
import { z } from "zod";
import type { Project } from "./config.ts";
import { shared } from "./shared.ts";

const agentSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  model: z.string().min(1).optional(),
  instructions: z.string().optional(),
  tools: z.array(z.string()).optional(),
  maxRounds: z.int().positive().max(100).optional(),
  history: z.int().nonnegative().optional(),
  temperature: z.number().min(0).max(2).optional(),
  maxTokens: z.int().positive().optional(),
  roles: z.array(z.string()).optional(),
  topics: z.array(z.string()).optional(),
  concurrency: z.int().positive().optional(),
  timeout: z.int().positive().optional(),
});

/** Brings the agents that the project describes in `agents/*.yaml` or makes in `agents/*.ts`, and follows the folder. */
export function projectAgents(project: Project, env: Readonly<Record<string, string | undefined>>): Plugin {
  return agentFolder({
    name: "project-agents",
    folder: project.path("agents"),
    schema: agentSchema,
    env,
    secrets: project.loaded.secrets,
    shared,
    make({ model = project.config.model, ...rest }) {
      // What the file leaves out is absent, not undefined.
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      return reactAgent({ name: rest.name, ...given, model });
    },
  });
}
