import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Schema } from "@mofa/kernel";
import { type LoadConfigOptions, loadConfig } from "../src/config/load-config.ts";

export interface ConfigFolder extends AsyncDisposable {
  readonly folder: string;
  load<S extends Schema>(
    schema: S,
    env?: Record<string, string>,
    more?: Partial<LoadConfigOptions<S>>,
  ): ReturnType<typeof loadConfig<S>>;
  /** The code and sentence of what was refused, with the folder taken out. */
  refusal(schema: Schema, env?: Record<string, string>): Promise<string>;
}

/** A folder of its own with these files in it. */
export async function configFolder(files: Readonly<Record<string, string>>): Promise<ConfigFolder> {
  const folder = await mkdtemp(join(tmpdir(), "mofa-config-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const load: ConfigFolder["load"] = (schema, env = {}, more = {}) => loadConfig({ folder, schema, env, ...more });
  return {
    folder,
    load,
    refusal: (schema, env) =>
      load(schema, env).then(
        ({ value }) => `accepted: ${JSON.stringify(value)}`,
        ({ code, message }: { code: string; message: string }) =>
          `[${code}] ${message.replaceAll(`${folder}/`, "").replaceAll(folder, ".")}`,
      ),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
