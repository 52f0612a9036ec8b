import { nearest } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { isPlainObject, type Path, sayPath, valueAt, withValueAt } from "./path.ts";
import { childOf, keysOf, type SchemaView, takesText } from "./schema-view.ts";

/** A value that an environment variable puts over what the file says. */
export interface Override {
  readonly variable: string;
  readonly path: Path;
  /** As the environment has it. */
  readonly text: string;
  readonly value: unknown;
}

const PREFIX = "MOFA__";

/** Finds overrides (`MOFA__GATEWAY__PORT=80`) and the places that they mean; whole branches come before their parts. */
export function findOverrides(env: Environment, view: SchemaView, value: unknown): readonly Override[] {
  const found: Override[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const { path, at } = resolve(variable, view, value);
    found.push({ variable, path, text, value: read(variable, text, at) });
  }
  return found.sort((left, right) => left.path.length - right.path.length || (left.variable < right.variable ? -1 : 1));
}

export function applyOverrides(value: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce<unknown>((here, { path, value: put }) => withValueAt(here, path, put), value);
}

/** The override that decides about a path: its own, or that of a branch around it. */
export function overrideOf(overrides: readonly Override[], path: Path): Override | undefined {
  const name = sayPath(path);
  return overrides.findLast((one) => {
    const around = sayPath(one.path);
    return name === around || name.startsWith(`${around}.`) || name.startsWith(`${around}[`);
  });
}

function resolve(variable: string, view: SchemaView, value: unknown): { readonly path: Path; readonly at: SchemaView } {
  let path: Path = [];
  let at = view;
  for (const part of variable.slice(PREFIX.length).split("__")) {
    const here = valueAt(value, path);
    const known = [...new Set([...keysOf(at), ...(isPlainObject(here) ? Object.keys(here) : [])])];
    const key = known.find((one) => one.toLowerCase() === part.toLowerCase()) ?? part.toLowerCase();
    const child = part === "" ? undefined : childOf(at, key);
    if (child === undefined) {
      const names = { path: sayPath([...path, key]), nearest: nearest(key, known), known: known.join(", ") };
      throw fail("config.unknown_override", { variable, ...names });
    }
    path = [...path, key];
    at = child;
  }
  return { path, at };
}

function read(variable: string, text: string, at: SchemaView): unknown {
  const asText = takesText(at);
  if (asText === true) return text;
  try {
    return JSON.parse(text);
  } catch {
    // A schema that says nothing about the type takes what is there.
    if (asText === undefined) return text;
    throw fail("config.bad_override", { variable });
  }
}
