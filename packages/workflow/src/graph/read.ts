import { type Json, toJson } from "@mofa/kernel";
import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import { isCollection, isPair, LineCounter, type Node, parseDocument, type Range } from "yaml";
import { findJsonError, repeatsNames } from "./json-syntax.ts";
import type { Path, Problem } from "./problem.ts";

export type WorkflowFormat = "yaml" | "json";

/** A place in a text, counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

// Aliases can make a small text a huge value; workflows need few.
const MAX_ALIASES = 100;
const MAX_DEPTH = 64;
const MAX_VALUES = 200_000;

/** Reads a text into plain data, or says what is wrong with its syntax, and where. */
export function readData(
  text: string,
  format: WorkflowFormat,
): { readonly value: Json } | { readonly message: string; readonly place: TextPlace } {
  try {
    const value: unknown = format === "json" ? JSON.parse(text) : undefined;
    if (value !== undefined && isPlain(value, text)) return { value: value as Json };
  } catch (error) {
    return { message: sayJsonError(error), place: placeAt(text, findJsonError(text)) };
  }
  try {
    // What is odd in JSON is said here as well: JSON.parse takes the last of two equal keys without a word.
    const value: unknown = load(text, { schema: CORE_SCHEMA, maxAliases: MAX_ALIASES, maxDepth: MAX_DEPTH });
    // Without anchors nothing in it stands in two places, and it need not be copied.
    if (!text.includes("&") && isPlain(value)) return { value: value as Json };
    if (countValues(value, MAX_VALUES) < 0)
      return { message: `more than ${MAX_VALUES} values, aliases counted`, place: { line: 1, column: 1 } };
    return { value: toJson(value ?? null) };
  } catch (error) {
    if (!(error instanceof YAMLException))
      return { message: error instanceof Error ? error.message : String(error), place: { line: 1, column: 1 } };
    return {
      message: error.reason,
      place: { line: (error.mark?.line ?? 0) + 1, column: (error.mark?.column ?? 0) + 1 },
    };
  }
}

/** Finds where things stand in a text. Read only when there is a problem to show: keeping places costs ten times the reading. */
export function createLocator(text: string): (problem: Problem) => TextPlace {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, keepSourceTokens: false });
  return ({ at, key }) => {
    const offset =
      (key === true ? keyOffset(document.contents, at) : undefined) ?? valueOffset(document.contents, at) ?? 0;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
}

/** Where the value at a path begins, or the nearest thing around it that is there. */
function valueOffset(root: Node | null, at: Path): number | undefined {
  for (let length = at.length; length >= 0; length--) {
    const found = length === 0 ? root : isCollection(root) ? root.getIn(at.slice(0, length), true) : undefined;
    const range = (found as { range?: Range | null } | null | undefined)?.range;
    if (range !== undefined && range !== null) return range[0];
  }
  return undefined;
}

function keyOffset(root: Node | null, at: Path): number | undefined {
  const holder: unknown = at.length === 1 ? root : isCollection(root) ? root.getIn(at.slice(0, -1), true) : undefined;
  if (!isCollection(holder)) return undefined;
  const pair = holder.items.find((item) => isPair(item) && String(item.key) === String(at.at(-1)));
  return isPair(pair) ? (pair.key as { range?: Range | null } | null)?.range?.[0] : undefined;
}

interface Size {
  values: number;
  fields: number;
  finite: boolean;
}

/** Whether data is JSON, neither too deep nor too large to be looked at, and gives no field twice in its JSON text. */
function isPlain(value: unknown, json?: string): boolean {
  const size: Size = { values: 0, fields: 0, finite: true };
  if (!measure(value, MAX_DEPTH, size) || size.values > MAX_VALUES) return false;
  // YAML has words for numbers that JSON does not have.
  return json === undefined ? size.finite : !repeatsNames(json, size.fields);
}

function measure(value: unknown, depth: number, size: Size): boolean {
  size.values++;
  if (typeof value === "number") size.finite &&= Number.isFinite(value);
  if (typeof value !== "object" || value === null) return value !== undefined;
  if (depth === 0 || size.values > MAX_VALUES) return false;
  if (Array.isArray(value)) return value.every((item) => measure(item, depth - 1, size));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in fields) {
    size.fields++;
    if (name === "__proto__" || !measure(fields[name], depth - 1, size)) return false;
  }
  return true;
}

/** What is left of a budget of values; negative when it is used up. */
function countValues(value: unknown, budget: number): number {
  let left = budget - 1;
  if (typeof value !== "object" || value === null) return left;
  for (const item of Object.values(value)) {
    if (left < 0) return left;
    left = countValues(item, left);
  }
  return left;
}

function sayJsonError(error: unknown): string {
  // What V8 adds about places is said better by ours.
  return error instanceof Error
    ? error.message.replace(/(, .*is not valid JSON| in JSON at position.*)$/s, "")
    : String(error);
}

function placeAt(text: string, offset: number): TextPlace {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
