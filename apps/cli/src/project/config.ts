import { resolve } from "node:path";
import { createSecrets, type Secrets } from "@mofa/sdk";
import { type Config, hideVariables, loadConfig, secret } from "@mofa/sdk/runtime";
import { z } from "zod";
import { bounds } from "./bounds.ts";
import { retention } from "./retention.ts";
import { runs } from "./runs.ts";
import { scheduleList } from "./schedules.ts";

const name = z.string().regex(/^[\w.-]{1,64}$/u, "use 1 to 64 letters, digits, dots, dashes or underscores");

/** What `mofa.config.yaml` (or `.json`, `.toml`, `.ts` …) may say. */
const configSchema = z.strictObject({
  name,
  /** The default model of agents that name none. */
  model: z.string().min(1).default("gpt-5-mini"),
  /** What the rehearsal model says in this project; only used when no real model is configured. */
  rehearsal: z.string().optional(),
  /** The folder of the database. */
  data: z.string().default("data"),
  /** `env:NAME`: a PostgreSQL, MySQL or MariaDB database that is used instead of the file in `data`. */
  database: secret().exactOptional(),
  /** `manual`: a database of an older version is refused until `mofa db migrate` has run. */
  migrate: z.enum(["auto", "manual"]).default("auto"),
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
    .strictObject({
      host: z.string().default("127.0.0.1"),
      port: z.int().min(0).max(65535).default(4111),
      /** What clients must show; needed when other machines can reach the host. */
      token: secret().exactOptional(),
    })
    .prefault({}),
  plugins: z
    .strictObject({
      /** What the plugins of `plugins/` get, by the name of the file or folder. */
      options: z.record(z.string(), z.record(z.string(), z.json())).default({}),
      /** Whose plugins run: public keys by id, and whether one of them must have signed. */
      trust: z
        .strictObject({ required: z.boolean().default(false), keys: z.record(z.string(), z.string()).default({}) })
        .prefault({}),
    })
    .prefault({}),
  /** How kept runs are queued, begun by the clock, set aside and deleted. */
  runs,
  /** How long sessions, facts and documents are kept. */
  retention,
  ...bounds,
  /** What is done again and again. */
  schedules: scheduleList,
  log: z
    .strictObject({
      format: z.enum(["text", "json"]).default("text"),
      level: z.enum(["debug", "info", "warn", "error"]).default("warn"),
    })
    .prefault({}),
  /** Lets secrets stand in this file in plain, instead of `env:NAME` or `file:PATH`. */
  allowPlainSecrets: z.boolean().default(false),
});

export type ProjectConfig = z.output<typeof configSchema>;

/** A project folder as a user has it. */
export interface Project {
  readonly folder: string;
  readonly config: ProjectConfig;
  /** The same with the origin of each value. */
  readonly loaded: Config<ProjectConfig>;
  /** The absolute path of something in the folder. */
  path(...parts: readonly string[]): string;
}

/** Reads a project folder's config; the secrets that it names are kept in `secrets`. */
export async function openProject(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  secrets: Secrets = createSecrets(),
): Promise<Project> {
  const absolute = resolve(folder);
  // Before anything can go wrong and be told: the model takes this key from the environment by itself.
  hideVariables(["OPENAI_API_KEY"], env, secrets);
  const loaded = await loadConfig({ folder: absolute, schema: configSchema, env, secrets });
  return { folder: absolute, config: loaded.value, loaded, path: (...parts) => resolve(absolute, ...parts) };
}
