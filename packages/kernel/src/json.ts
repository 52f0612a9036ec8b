import { fail } from "./errors.ts";

/** Plain data: what messages, documents, events, errors and journals are made of. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object; a property that is `undefined` is stored as absent. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * Copies a value into plain JSON, or throws `json.not_json` naming the path of what is not.
 * `undefined` in an object is absent, an object with `toJSON` (a date) becomes what that returns;
 * functions, symbols, big integers, NaN, infinities and cycles are refused.
 */
export function toJson(value: unknown): Json {
  return copy(value, "$", []);
}

/** Writes JSON with sorted keys, so that equal values have equal text: the basis of input hashes. */
export function canonicalJson(value: Json | undefined): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
    .join(",")}}`;
}

// Deeper than any honest data, and far from the end of the stack.
const MAX_DEPTH = 1000;

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function copy(value: unknown, path: string, open: unknown[]): Json {
  if (value === null) return null;
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw fail("json.not_json", { path, what: `the number ${value}` });
    case "object":
      return copyObject(value, path, open);
    default:
      throw fail("json.not_json", { path, what: `a value of type ${typeof value}` });
  }
}

function copyObject(value: object, path: string, open: unknown[]): Json {
  if (open.includes(value)) throw fail("json.not_json", { path, what: "a cycle" });
  if (open.length === MAX_DEPTH)
    throw fail("json.not_json", { path: "$", what: `something nested more than ${MAX_DEPTH} deep` });
  open.push(value);
  try {
    if ("toJSON" in value && typeof value.toJSON === "function") return copy(value.toJSON(), path, open);
    // Array.from, because map leaves the holes of a sparse list.
    if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item ?? null, `${path}[${index}]`, open));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw fail("json.not_json", { path, what: `an instance of ${value.constructor?.name ?? "a class"}` });
    }
    const result: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) {
      // An own "__proto__" key would pollute whoever merges this object later.
      if (key === "__proto__") throw fail("json.not_json", { path, what: 'the key "__proto__"' });
      if (item !== undefined) result[key] = copy(item, `${path}.${key}`, open);
    }
    return result;
  } finally {
    open.pop();
  }
}
