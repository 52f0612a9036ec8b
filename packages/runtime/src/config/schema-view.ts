import { isStandardSchema, type JsonSchema, type Schema, toJsonSchema } from "@mofa/kernel";
import type { Path } from "./path.ts";

/** A place in a schema, as JSON Schema describes it, with the whole that its references point into. */
export interface SchemaView {
  readonly root: JsonSchema;
  /** What may stand here: more than one where there is a choice. */
  readonly choices: readonly JsonSchema[];
}

/** The format by which a text is known as a secret. */
export const SECRET_FORMAT = "secret";

interface Describing {
  readonly "~standard": {
    readonly jsonSchema?: { input(options: { target: string; libraryOptions: object }): JsonSchema };
  };
}

/** Looks at a schema from its top. */
export function viewOf(schema: Schema): SchemaView {
  const root = describe(schema);
  return { root, choices: choicesOf(root, root) };
}

/** What may stand at a key; undefined when the schema knows no such key. */
export function childOf({ root, choices }: SchemaView, key: string | number): SchemaView | undefined {
  const found = choices.flatMap((choice) => under(choice, key)).flatMap((schema) => choicesOf(schema, root));
  return found.length === 0 ? undefined : { root, choices: found };
}

export function viewAt(view: SchemaView, path: Path): SchemaView | undefined {
  return path.reduce<SchemaView | undefined>((here, key) => here && childOf(here, key), view);
}

/** The keys that are known by name. */
export function keysOf({ choices }: SchemaView): readonly string[] {
  return [...new Set(choices.flatMap((choice) => Object.keys(objectIn(choice, "properties"))))];
}

/** Whether only known keys may stand here. */
export function isClosed({ choices }: SchemaView): boolean {
  const objects = choices.filter((choice) => choice["properties"] !== undefined || choice["type"] === "object");
  return objects.length > 0 && objects.every((choice) => choice["additionalProperties"] === false);
}

export function isSecret({ choices }: SchemaView): boolean {
  return choices.some(({ format }) => format === SECRET_FORMAT);
}

/** Whether a text may stand here as it is; undefined when the schema does not say what may. */
export function takesText({ choices }: SchemaView): boolean | undefined {
  const types = choices.flatMap(typesOf);
  return types.length === 0 ? undefined : types.includes("string");
}

export function defaultOf({ choices }: SchemaView): unknown {
  return choices.find((choice) => choice["default"] !== undefined)?.["default"];
}

function describe(schema: Schema): JsonSchema {
  const { jsonSchema } = isStandardSchema(schema) ? (schema as unknown as Describing)["~standard"] : {};
  if (jsonSchema === undefined) return toJsonSchema(schema);
  // A config in TypeScript may hold what JSON cannot say (a function, a plugin): that is left open, not refused.
  return jsonSchema.input({ target: "draft-2020-12", libraryOptions: { unrepresentable: "any" } });
}

function choicesOf(schema: JsonSchema, root: JsonSchema, depth = 0): readonly JsonSchema[] {
  const reference = schema["$ref"];
  if (typeof reference === "string" && depth < 16) {
    const target = reference
      .split("/")
      .slice(1)
      .reduce<JsonSchema>((here, part) => objectIn(here, part), root);
    return choicesOf(target, root, depth + 1);
  }
  const parts = ["anyOf", "oneOf", "allOf"].flatMap((word) => (schema[word] ?? []) as readonly JsonSchema[]);
  return parts.length === 0 ? [schema] : [schema, ...parts.flatMap((part) => choicesOf(part, root, depth + 1))];
}

function under(schema: JsonSchema, key: string | number): readonly JsonSchema[] {
  if (typeof key === "number") return isSchema(schema["items"]) ? [schema["items"]] : [];
  const properties = objectIn(schema, "properties");
  const known = Object.hasOwn(properties, key) ? properties[key] : schema["additionalProperties"];
  return isSchema(known) ? [known] : [];
}

function typesOf(schema: JsonSchema): readonly unknown[] {
  const { type, const: only, enum: values } = schema;
  if (type !== undefined) return Array.isArray(type) ? type : [type];
  if (only !== undefined) return [typeof only];
  return Array.isArray(values) ? values.map((value) => typeof value) : [];
}

function objectIn(schema: JsonSchema, key: string): JsonSchema {
  const found = Object.hasOwn(schema, key) ? schema[key] : undefined;
  return isSchema(found) ? found : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
