import type { Schema, SchemaOutput, Secrets } from "@mofa/kernel";
import { hideVariables } from "../secrets/secret-variables.ts";
import { checkData } from "./check.ts";
import type { Environment } from "./environment.ts";
import { viewOf } from "./schema-view.ts";
import { readSource } from "./source.ts";
import { expandVariables } from "./variables.ts";

export interface DataFileOptions<S extends Schema> {
  readonly schema: S;
  readonly env: Environment;
  /** Where the values of variables that look like secrets are kept, to be hidden. */
  readonly secrets?: Secrets;
}

/** Reads one file of a known shape (YAML, JSON, TOML): variables come from the environment, every complaint names its place. */
export async function readDataFile<S extends Schema>(
  file: string,
  { schema, env, secrets }: DataFileOptions<S>,
): Promise<SchemaOutput<S>> {
  const source = await readSource(file, env);
  const { value, used } = expandVariables(source, env);
  if (secrets !== undefined) hideVariables([...used.values()].flat(), env, secrets);
  const where = (path: Parameters<typeof source.place>[0]) => ({ file, ...source.place(path) });
  // What a schema gives is what it says it gives.
  return (await checkData(value, schema, { view: viewOf(schema), where })) as SchemaOutput<S>;
}
