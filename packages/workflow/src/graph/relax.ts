import type { Json, JsonObject, JsonSchema, Schema } from "@mofa/kernel";

const REFERENCE: JsonSchema = { type: "string", pattern: "\\$\\{" };

/** The same schema for settings whose references are not resolved yet; undefined where that cannot be said. */
export function relaxed(schema: Schema): JsonSchema | undefined {
  if ("~standard" in schema) return undefined;
  // A part that refers to another would be relaxed for ever.
  return JSON.stringify(schema).includes('"$ref"') ? undefined : (relax(schema) as JsonSchema);
}

/** Whether a text is, or a value holds, something that stands for another value. */
export function hasReference(value: unknown): boolean {
  if (typeof value === "string") return value.includes("${");
  return typeof value === "object" && value !== null && Object.values(value).some(hasReference);
}

function relax(schema: Json | undefined): Json {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema ?? true;
  return Object.fromEntries(
    Object.entries(schema as JsonObject).flatMap(([name, argument]) => relaxKeyword(name, argument)),
  );
}

function relaxKeyword(name: string, argument: Json | undefined): readonly (readonly [string, Json])[] {
  if (argument === undefined) return [];
  if (name === "properties" || name === "patternProperties") {
    const parts = Object.entries(argument as JsonObject).map(([key, part]) => [key, orReference(part)] as const);
    return [[name, Object.fromEntries(parts)]];
  }
  if (name === "items" || name === "additionalProperties") return [[name, orReference(argument)]];
  if (name === "prefixItems") return [[name, (argument as readonly Json[]).map(orReference)]];
  if (name === "allOf" || name === "anyOf") return [[name, (argument as readonly Json[]).map(relax)]];
  // Which one it is may hang on a reference; where only names are asked for, it does not.
  if (name === "oneOf") return [[onlyNames(argument) ? "oneOf" : "anyOf", (argument as readonly Json[]).map(relax)]];
  return [[name, argument]];
}

function orReference(schema: Json | undefined): Json {
  if (schema === undefined || typeof schema === "boolean") return schema ?? true;
  return Object.keys(schema as JsonObject).length === 0 ? {} : { anyOf: [relax(schema), REFERENCE] };
}

function onlyNames(parts: Json): boolean {
  return (parts as readonly JsonObject[]).every((part) => Object.keys(part).every((name) => name === "required"));
}
