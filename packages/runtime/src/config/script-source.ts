import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { fail } from "../errors.ts";
import type { Environment } from "./environment.ts";
import type { Parsed } from "./source.ts";

/** Runs a script (TypeScript or JavaScript) whose default export is the data, or a function of the environment that gives it. */
export async function readScript(file: string, env: Environment): Promise<Parsed> {
  const given: unknown = await run(file, env);
  if (given === undefined) throw fail("config.no_default_export", { file });
  return { value: given, place: () => undefined };
}

async function run(file: string, env: Environment): Promise<unknown> {
  try {
    const { mtimeMs } = await stat(file);
    const url = pathToFileURL(file);
    // A module is kept by its address: a changed file needs another.
    url.searchParams.set("v", String(mtimeMs));
    const loaded = (await import(url.href)) as { readonly default?: unknown };
    return typeof loaded.default === "function" ? await loaded.default(env) : loaded.default;
  } catch (cause) {
    throw fail(
      "config.script_failed",
      { file, reason: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
}
