import { fail } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { mapLeaves, sayPath } from "./path.ts";
import type { Source } from "./source.ts";

/** Data with its variables put in, and which of them were found in the environment. */
export interface Expanded {
  readonly value: unknown;
  /** By path: the variables whose values are in the text there. */
  readonly used: ReadonlyMap<string, readonly string[]>;
}

/** Puts environment variables into texts: `${NAME}`, or `${NAME:-default}`, which also stands in for an empty one. */
export function expandVariables(source: Source, env: Environment): Expanded {
  const used = new Map<string, string[]>();
  const value = mapLeaves(source.value, (leaf, path) => {
    if (typeof leaf !== "string") return leaf;
    return leaf.replace(/\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/gu, (_, variable: string, fallback?: string) => {
      const found = env[variable];
      if (fallback !== undefined && (found === undefined || found === "")) return fallback;
      if (found === undefined) {
        throw fail("config.no_variable", { file: source.file, ...source.place(path), path: sayPath(path), variable });
      }
      used.set(sayPath(path), [...(used.get(sayPath(path)) ?? []), variable]);
      return found;
    });
  });
  return { value, used };
}
