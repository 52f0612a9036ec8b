import type { Plugin } from "@mofa/sdk";
import { kindAt } from "@mofa/sdk/persistence/admin";
import type { Project } from "./config.ts";

/** Where a project keeps everything: the path of a file, or the address of a server. */
export function databaseAt({ config, path }: Project): string {
  const { database, data } = config;
  if (database === undefined) return path(data, "mofa.db");
  return kindAt(database) === "sqlite" ? path(database) : database;
}

/** The plugin that keeps a project's runs, documents, sessions and memory. */
export async function database(project: Project): Promise<Plugin> {
  const { durability, migrate } = project.config;
  const at = databaseAt(project);
  const kind = kindAt(at);
  // Only what is used is loaded.
  if (kind === "postgres") return (await import("@mofa/sdk/persistence/postgres")).postgres({ url: at, migrate });
  if (kind === "mysql") return (await import("@mofa/sdk/persistence/mysql")).mysql({ url: at, migrate });
  return (await import("@mofa/sdk/persistence/sqlite")).sqlite({ file: at, durability, migrate });
}
