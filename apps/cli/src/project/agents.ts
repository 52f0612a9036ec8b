import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "@mofa/sdk";
import { reactAgent } from "@mofa/sdk/agents";
import { z } from "zod";
import type { Project } from "./config.ts";
import { readYamlFile } from "./yaml-file.ts";

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

/** Brings the agents that the project describes in `agents/*.yaml`. */
export function projectAgents(project: Project, env: Readonly<Record<string, string | undefined>>): Plugin {
  return {
    name: "project-agents",
    version: "0.1.0",
    async setup(ctx) {
      for (const file of await yamlFiles(project.path("agents"))) {
        const { model = project.config.model, ...rest } = await readYamlFile(file, agentSchema, env);
        // What the file leaves out is absent, not undefined.
        const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
        ctx.provide("agent", reactAgent({ name: rest.name, ...given, model }));
      }
    },
  };
}

async function yamlFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => /\.ya?ml$/u.test(name))
    .sort()
    .map((name) => join(folder, name));
}
