import { resolve } from "node:path";
import { createSecrets, type Schema, type SchemaOutput, type Secrets } from "@mofa/kernel";
import { resolveSecrets } from "../secrets/resolve-secrets.ts";
import { hideVariables } from "../secrets/secret-variables.ts";
import { checkData, type Where } from "./check.ts";
import type { Environment } from "./environment.ts";
import { findConfig } from "./find-config.ts";
import { type Explanation, explainAll, explainValue, type Layers, type Origin } from "./origins.ts";
import { applyOverrides, findOverrides, overrideOf } from "./overrides.ts";
import { mergeOver } from "./path.ts";
import { viewOf } from "./schema-view.ts";
import { readSource } from "./source.ts";
import { expandVariables } from "./variables.ts";

export interface LoadConfigOptions<S extends Schema> {
  readonly folder: string;
  /** Any schema that can describe itself as JSON Schema: zod, valibot, arktype, or JSON Schema. */
  readonly schema: S;
  readonly env: Environment;
  /** The name of the file, without its ending. Default "mofa.config". */
  readonly name?: string;
  /** What stands below the file: objects are joined key by key. */
  readonly defaults?: object;
  /** Where secrets are kept. Default: a place of its own. */
  readonly secrets?: Secrets;
}

/** A config that was read and checked, and where each of its values comes from. */
export interface Config<Value> {
  readonly value: Value;
  /** The file that was read. */
  readonly file: string;
  /** The secrets that came along; give them to the kernel. */
  readonly secrets: Secrets;
  /** Where a value comes from; undefined where nothing was said. */
  origin(path: string): Origin | undefined;
  /** The value with secrets hidden, and the chain of what was put over what. */
  explain(path: string): Explanation;
  /** All values, explained. */
  entries(): readonly Explanation[];
}

/** Reads the one config file of a folder, puts in variables, overrides and secrets, and checks what came out. */
export async function loadConfig<S extends Schema>(options: LoadConfigOptions<S>): Promise<Config<SchemaOutput<S>>> {
  const { schema, env, defaults = {}, secrets = createSecrets() } = options;
  const folder = resolve(options.folder);
  const file = await findConfig(folder, options.name ?? "mofa.config");
  const view = viewOf(schema);
  const source = await readSource(file, env);
  const { value: expanded, used } = expandVariables(source, env);
  const below = mergeOver(defaults, expanded);
  const overrides = findOverrides(env, view, below);
  hideVariables([...[...used.values()].flat(), ...overrides.map(({ variable }) => variable)], env, secrets);

  const where: Where = (path) => {
    const override = overrideOf(overrides, path);
    return override === undefined ? { file, ...source.place(path) } : { file: override.variable };
  };
  const given = applyOverrides(below, overrides);
  const fromOutside = (path: string) => used.has(path);
  const { value: whole, references } = await resolveSecrets(given, view, {
    env,
    folder,
    secrets,
    where,
    overrides,
    fromOutside,
  });
  // What a schema gives is what it says it gives.
  const value = (await checkData(whole, schema, { view, where })) as SchemaOutput<S>;

  const layers: Layers = { source, view, defaults, overrides, used, references, value, secrets };
  return {
    value,
    file,
    secrets,
    origin: (path) => explainValue(layers, path).origins[0],
    explain: (path) => explainValue(layers, path),
    entries: () => explainAll(layers),
  };
}
