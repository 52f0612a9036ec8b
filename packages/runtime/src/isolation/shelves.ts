import {
  type Call,
  type Json,
  type JsonObject,
  type KindName,
  type Named,
  type Schema,
  toJson,
  toJsonSchema,
} from "@mofa/kernel";
import { METHODS, type Shelves } from "./wire.ts";

/** Gives what stands on some shelves as plain data, when it is not what it was the last time. */
export function createShelfReader(kinds: readonly string[]): (call: Call) => Shelves | undefined {
  const all = [...new Set([...Object.keys(METHODS), ...kinds])];
  let last: readonly (readonly Named[])[] | undefined;
  return (call) => {
    if (last?.every((list, index) => isSame(call.list(all[index] as KindName), list))) return undefined;
    const things = all.map((kind): readonly Named[] => call.list(kind as KindName));
    last = things;
    return Object.fromEntries(all.map((kind, index) => [kind, (things[index] ?? []).map(describe)]));
  };
}

function isSame(list: readonly Named[], other: readonly Named[]): boolean {
  return list.length === other.length && list.every((thing, index) => thing === other[index]);
}

/** What of a thing is plain data; schemas as JSON Schema, where they can be told. */
function describe(thing: Named): JsonObject & { readonly name: string } {
  const told: Record<string, Json> = {};
  for (const [key, value] of Object.entries(thing)) {
    const part = key === "input" || key === "output" ? describeSchema(value as Schema) : plain(value);
    if (part !== undefined) told[key] = part;
  }
  return { ...told, name: thing.name };
}

function describeSchema(schema: Schema): Json | undefined {
  try {
    return toJsonSchema(schema);
  } catch {
    // The kernel checks the input by the schema itself; only its description is missing afar.
    return undefined;
  }
}

function plain(value: unknown): Json | undefined {
  if (value === undefined || typeof value === "function") return undefined;
  try {
    return toJson(value);
  } catch {
    // Connections, caches and the like stay where they are.
    return undefined;
  }
}
