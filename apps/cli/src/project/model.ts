import { existsSync } from "node:fs";
import type { Plugin } from "@mofa/sdk";
import { openai } from "@mofa/sdk/llm";
import { readDataFile } from "@mofa/sdk/runtime";
import { fail } from "../errors.ts";
import type { Project } from "./config.ts";

export interface ModelChoice {
  readonly plugin: Plugin;
  /** What answers, for people. */
  readonly says: string;
  readonly rehearsal: boolean;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Chooses who answers: the server that the environment names, else the rehearsal model behind a real HTTP endpoint
 * on loopback, so that the same client speaks the same wire.
 */
export async function chooseModel(project: Project, env: Environment): Promise<ModelChoice> {
  const { OPENAI_API_KEY: key, OPENAI_BASE_URL: url } = env;
  if (isSet(key) || isSet(url)) {
    const says = `${project.config.model} at ${isSet(url) ? url : "api.openai.com"}`;
    return { plugin: openai(), says, rehearsal: false, close: async () => {} };
  }
  const { serveRehearsal } = await import("@mofa/sdk/llm/rehearsal");
  const server = await serveRehearsal(await readRehearsal(project, env));
  return {
    plugin: openai({ baseURL: server.url, apiKey: "rehearsal" }),
    says: `the rehearsal model at ${server.url} (no real model: set OPENAI_API_KEY or OPENAI_BASE_URL for one)`,
    rehearsal: true,
    close: () => server.close(),
  };
}

async function readRehearsal(project: Project, env: Environment) {
  const { rehearsal } = project.config;
  if (rehearsal === undefined) return {};
  const file = project.path(rehearsal);
  if (!existsSync(file)) throw fail("project.no_file", { what: "rehearsal file", file });
  const { rehearsalFileSchema } = await import("./rehearsal-file.ts");
  return readDataFile(file, { schema: rehearsalFileSchema, env, secrets: project.loaded.secrets });
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
