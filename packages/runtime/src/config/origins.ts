import { basename } from "node:path";
import { nearest, type Secrets } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type Override, overrideOf } from "./overrides.ts";
import { isPlainObject, type Path, sayPath, toPath, valueAt } from "./path.ts";
import { defaultOf, keysOf, type SchemaView, viewAt } from "./schema-view.ts";
import type { Source } from "./source.ts";

/** Where a value comes from. */
export interface Origin {
  readonly from: "default" | "file" | "env" | "override" | "secret";
  /** `mofa.config.yaml:3:5`, `env PORT at mofa.config.yaml:3:5`, `MOFA__GATEWAY__PORT`, `default`. */
  readonly says: string;
  /** What was written there, before variables and references became values. */
  readonly written: unknown;
}

/** A value of a config, and the places that had a say in it. */
export interface Explanation {
  readonly path: string;
  /** What counts in the end; secrets are shown by name. */
  readonly value: unknown;
  /** The first one counts; each stands over those after it. Empty where nothing was said. */
  readonly origins: readonly Origin[];
}

/** All that was read, from which the origin of each value follows. */
export interface Layers {
  readonly source: Source;
  readonly view: SchemaView;
  readonly defaults: unknown;
  readonly overrides: readonly Override[];
  readonly used: ReadonlyMap<string, readonly string[]>;
  /** References to secrets (`env:NAME`), by path. */
  readonly references: ReadonlyMap<string, string>;
  readonly value: unknown;
  readonly secrets: Secrets;
}

/** Explains one value: `gateway.port`. Throws for a path that there cannot be. */
export function explainValue(layers: Layers, text: string): Explanation {
  const path = toPath(text);
  const value = valueAt(layers.value, path);
  if (value === undefined && viewAt(layers.view, path) === undefined) throw unknownPath(layers, text, path);
  return { path: sayPath(path), value: layers.secrets.redact(value), origins: originsOf(layers, path) };
}

/** Explains every single value, in order. */
export function explainAll(layers: Layers): readonly Explanation[] {
  return leavesOf(layers.value).map((path) => ({
    path: sayPath(path),
    value: layers.secrets.redact(valueAt(layers.value, path)),
    origins: originsOf(layers, path),
  }));
}

/** Lists are told as a whole: they are replaced as a whole. */
function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (value === undefined) return [];
  if (!isPlainObject(value) || (Object.keys(value).length === 0 && path.length > 0)) return [path];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

function originsOf(layers: Layers, path: Path): readonly Origin[] {
  const { source, overrides, defaults, view, secrets } = layers;
  const origins: Origin[] = [];
  const override = overrideOf(overrides, path);
  if (override !== undefined)
    origins.push({ from: "override", says: override.variable, written: secrets.redact(override.text) });
  const written = valueAt(source.value, path);
  if (written !== undefined) origins.push(originInFile(layers, path, written));
  const below = valueAt(defaults, path) ?? defaultAt(view, path);
  // What nobody wrote and the schema cannot tell of: it came out of the schema all the same.
  const standing = below ?? (origins.length === 0 ? valueAt(layers.value, path) : undefined);
  if (standing !== undefined) origins.push({ from: "default", says: "default", written: secrets.redact(standing) });
  return origins;
}

function originInFile({ source, used, references, secrets }: Layers, path: Path, written: unknown): Origin {
  const place = source.place(path);
  const file = basename(source.file);
  const at = place === undefined ? file : `${file}:${place.line}:${place.column}`;
  const shown = secrets.redact(written);
  const name = sayPath(path);
  const reference = references.get(name);
  if (reference !== undefined) return { from: "secret", says: `secret ${reference} at ${at}`, written: shown };
  const variables = used.get(name);
  if (variables !== undefined) return { from: "env", says: `env ${variables.join(", ")} at ${at}`, written: shown };
  return { from: "file", says: at, written: shown };
}

function defaultAt(view: SchemaView, path: Path): unknown {
  const here = viewAt(view, path);
  return here && defaultOf(here);
}

function unknownPath(layers: Layers, text: string, path: Path): Error {
  let view: SchemaView | undefined = layers.view;
  let depth = 0;
  for (let next = viewAt(view, path.slice(0, 1)); next !== undefined && depth < path.length; depth++) {
    view = next;
    next = viewAt(layers.view, path.slice(0, depth + 2));
  }
  const known = view === undefined ? [] : keysOf(view);
  const around = sayPath(path.slice(0, depth));
  return fail("config.unknown_path", {
    path: text,
    nearest: nearest(String(path[depth] ?? text), known),
    known: known.map((key) => (around === "" ? key : `${around}.${key}`)).join(", "),
  });
}
