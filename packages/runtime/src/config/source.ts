import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { fail } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { parseJson } from "./json-source.ts";
import { isPlainObject, type Path } from "./path.ts";
import { readScript } from "./script-source.ts";
import { parseToml } from "./toml-source.ts";
import { parseYaml } from "./yaml-source.ts";

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What a text says, and where in it each thing stands. */
export interface Parsed {
  readonly value: unknown;
  /** Where a path stands: at its key, or at the nearest thing around it; undefined where the format cannot tell. */
  place(path: Path): Place | undefined;
}

export interface Source extends Parsed {
  readonly file: string;
}

const MAX_BYTES = 1_048_576;
const MAX_DEPTH = 64;

type Parse = (text: string, file: string) => Parsed;

const PARSERS: Readonly<Record<string, Parse>> = {
  ".yaml": parseYaml,
  ".yml": parseYaml,
  ".json": parseJson,
  ".toml": parseToml,
};

/** The endings of files that `readSource` knows. */
export const ENDINGS = ["yaml", "yml", "json", "toml", "ts", "js", "mjs"] as const;

/** Reads a file of data, or a script that gives data. */
export async function readSource(file: string, env: Environment): Promise<Source> {
  const parse = PARSERS[extname(file)];
  const parsed = parse === undefined ? await readScript(file, env) : parse(await readText(file), file);
  const source = { file, value: parsed.value ?? {}, place: parsed.place };
  if (!isPlainObject(source.value)) throw fail("config.not_object", { file });
  assertHarmless(source.value, source, []);
  return source;
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw fail("config.too_large", { file, bytes: size, max: MAX_BYTES });
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
    return text;
  } catch (cause) {
    if (cause instanceof Error && ("errno" in cause || cause instanceof TypeError))
      throw fail("config.unreadable", { file, reason: cause.message }, { cause });
    throw cause;
  }
}

/** Refuses what could change more than this config: keys that reach prototypes, and depths that end the process. */
function assertHarmless(value: unknown, source: Source, path: Path): void {
  const broken = (problem: string) => fail("config.syntax", { file: source.file, ...source.place(path), problem });
  if (path.length > MAX_DEPTH) throw broken(`this is nested more than ${MAX_DEPTH} deep`);
  if (path.at(-1) === "__proto__") throw broken('"__proto__" cannot be a key');
  if (Array.isArray(value)) value.forEach((item, index) => void assertHarmless(item, source, [...path, index]));
  else if (isPlainObject(value))
    for (const key of Object.keys(value)) assertHarmless(value[key], source, [...path, key]);
}
