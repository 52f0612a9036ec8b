import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { fail } from "../errors.ts";
import { readYamlFile } from "./yaml-file.ts";

const name = z.string().regex(/^[\w.-]{1,64}$/u, "use 1 to 64 letters, digits, dots, dashes or underscores");

/** What `mofa.config.yaml` may say. */
const configSchema = z.strictObject({
  name,
  /** The default model of agents that name none. */
  model: z.string().min(1).default("gpt-5-mini"),
  /** What the rehearsal model says in this project; only used when no real model is configured. */
  rehearsal: z.string().optional(),
  /** The folder of the database. */
  data: z.string().default("data"),
  /** `full` survives a power cut, `relaxed` only a crash of the process. */
  durability: z.enum(["full", "relaxed"]).default("full"),
  /** Documents put into the store when they are not there yet: prefix → JSON file of id → body. */
  seed: z.record(z.string(), z.string()).default({}),
  inbox: z
    .strictObject({
      folder: z.string().default("inbox"),
      workflow: z.string(),
      /** The most bytes that a ticket may have. */
      maxBytes: z.int().positive().default(1_000_000),
    })
    .optional(),
  /** Runs at a time. */
  concurrency: z.int().positive().max(1000).default(4),
  gateway: z
    .strictObject({ host: z.string().default("127.0.0.1"), port: z.int().min(0).max(65535).default(4111) })
    .prefault({}),
});

export type ProjectConfig = z.output<typeof configSchema>;

/** A project folder as a user has it. */
export interface Project {
  readonly folder: string;
  readonly config: ProjectConfig;
  /** The absolute path of something in the folder. */
  path(...parts: readonly string[]): string;
}

/** Reads a project folder's config. */
export async function openProject(folder: string, env: Readonly<Record<string, string | undefined>>): Promise<Project> {
  const absolute = resolve(folder);
  const file = join(absolute, "mofa.config.yaml");
  if (!existsSync(file)) throw fail("config.not_found", { folder: absolute });
  const config = await readYamlFile(file, configSchema, env);
  return { folder: absolute, config, path: (...parts) => resolve(absolute, ...parts) };
}
