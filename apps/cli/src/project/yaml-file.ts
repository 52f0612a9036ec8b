import { readFile } from "node:fs/promises";
import { nearest } from "@mofa/sdk";
import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { fail } from "../errors.ts";

/** Reads a YAML file of a known shape: `${VAR}` comes from the environment, and every complaint names its place. */
export async function readYamlFile<S extends z.ZodType>(
  file: string,
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): Promise<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(await readFile(file, "utf8"), { lineCounter: lines, maxAliasCount: 50 } as object);
  const problem = document.errors[0];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw fail("config.syntax", { file, line, column: col, problem: problem.message.split("\n")[0] ?? "not YAML" });
  }
  const source: Source = { file, document, lines };
  const parsed = schema.safeParse(expand(document.toJS({ maxAliasCount: 50 }) ?? {}, [], source, env));
  if (parsed.success) return parsed.data;
  throw explain(parsed.error, schema, source);
}

interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

type Path = readonly (string | number)[];

/** Puts environment variables into texts: `${NAME}`, or `${NAME:-default}`. */
function expand(
  value: unknown,
  path: Path,
  source: Source,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (typeof value === "string") {
    return value.replace(/\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/gu, (_, variable: string, fallback?: string) => {
      const found = env[variable] ?? fallback;
      if (found !== undefined && (found !== "" || fallback === undefined)) return found;
      if (fallback !== undefined) return fallback;
      throw fail("config.no_variable", { file: source.file, ...placeOf(source, path), variable });
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => expand(item, [...path, index], source, env));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key], source, env)]),
  );
}

function explain(error: z.ZodError, schema: z.ZodType, source: Source): Error {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue?.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const known = keysAt(schema, path);
    const full = [...path, key];
    const place = placeOf(source, full);
    return fail("config.unknown_key", {
      file: source.file,
      ...place,
      path: full.join("."),
      nearest: nearest(key, known),
      known: known.join(", "),
    });
  }
  return fail("config.bad_value", {
    file: source.file,
    ...placeOf(source, path),
    path: path.join("."),
    problem: issue?.message ?? "is not right",
  });
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let here: unknown = schema;
  for (const part of path) here = shapeOf(here)?.[String(part)];
  return Object.keys(shapeOf(here) ?? {});
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  let here = schema as { shape?: Readonly<Record<string, unknown>>; unwrap?: () => unknown } | undefined;
  while (here !== undefined && here.shape === undefined && typeof here.unwrap === "function") {
    here = here.unwrap() as typeof here;
  }
  return here?.shape;
}

/** Where a path stands in the file: at its key, or at the nearest thing around it. */
function placeOf({ document, lines }: Source, path: Path): { readonly line: number; readonly column: number } {
  for (let length = path.length; length > 0; length--) {
    const around = document.getIn(path.slice(0, length - 1), true) ?? document.contents;
    const key = path[length - 1];
    const pair = isMap(around) ? around.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    const offset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    if (offset !== undefined) {
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    }
  }
  return { line: 1, column: 1 };
}
