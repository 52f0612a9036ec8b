import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Secrets } from "@mofa/kernel";
import type { Where } from "../config/check.ts";
import type { Environment } from "../config/environment.ts";
import { type Override, overrideOf } from "../config/overrides.ts";
import { mapLeaves, type Path, sayPath, valueAt } from "../config/path.ts";
import { isSecret, type SchemaView, viewAt } from "../config/schema-view.ts";
import { fail } from "../errors.ts";

export interface SecretSources {
  readonly env: Environment;
  /** What the paths of files are relative to. */
  readonly folder: string;
  readonly secrets: Secrets;
  readonly where: Where;
  readonly overrides: readonly Override[];
  /** Whether a text was put together out of environment variables. */
  fromOutside(path: string): boolean;
}

export interface Resolved {
  readonly value: unknown;
  /** What stood there, by path. */
  readonly references: ReadonlyMap<string, string>;
}

const MAX_BYTES = 65_536;

/** Puts values in place of references to secrets (`env:NAME`, `file:PATH`), and sees to it that they are hidden. */
export async function resolveSecrets(value: unknown, view: SchemaView, sources: SecretSources): Promise<Resolved> {
  const references = new Map<string, string>();
  const values = new Map<string, string>();
  for (const { path, text } of secretsIn(value, view)) {
    const name = sayPath(path);
    const reference = /^(env|file):(.+)$/su.exec(text);
    if (reference === null) assertMayBePlain(path, value, sources);
    else references.set(name, text);
    const found = reference === null ? text : await follow(reference, path, sources);
    // Nothing to hide: the schema says whether nothing is enough.
    if (found === "") continue;
    sources.secrets.add(name, found);
    values.set(name, found);
  }
  return { value: mapLeaves(value, (leaf, path) => values.get(sayPath(path)) ?? leaf), references };
}

function secretsIn(value: unknown, view: SchemaView): readonly { readonly path: Path; readonly text: string }[] {
  const found: { readonly path: Path; readonly text: string }[] = [];
  mapLeaves(value, (leaf, path) => {
    const here = viewAt(view, path);
    if (typeof leaf === "string" && here !== undefined && isSecret(here)) found.push({ path, text: leaf });
    return leaf;
  });
  return found;
}

function assertMayBePlain(path: Path, value: unknown, { overrides, fromOutside, where }: SecretSources): void {
  const name = sayPath(path);
  if (fromOutside(name) || overrideOf(overrides, path) !== undefined) return;
  if (valueAt(value, ["allowPlainSecrets"]) === true) return;
  const variable = name
    .replace(/([a-z])([A-Z])/gu, "$1_$2")
    .replace(/\W+/gu, "_")
    .toUpperCase();
  throw fail("config.plain_secret", { ...where(path), path: name, variable });
}

async function follow([, from, name = ""]: RegExpExecArray, path: Path, sources: SecretSources): Promise<string> {
  const place = { ...sources.where(path), path: sayPath(path) };
  if (from === "env") {
    const found = sources.env[name];
    if (found === undefined || found === "") throw fail("config.no_secret_variable", { ...place, variable: name });
    return found;
  }
  const file = resolve(sources.folder, name);
  const text = await readSecret(file).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail("config.no_secret_file", { ...place, secretFile: file, reason }, { cause });
  });
  if (text === "") throw fail("config.no_secret_file", { ...place, secretFile: file, reason: "it is empty" });
  return text;
}

/** Editors and `echo` end a file with a new line that is no part of the secret: one is taken away. */
async function readSecret(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MAX_BYTES) throw fail("config.too_large", { file, bytes: size, max: MAX_BYTES });
  return (await readFile(file, "utf8")).replace(/\r?\n$/u, "");
}
