import type { StandardSchemaV1 } from "@standard-schema/spec";
import { fail } from "./errors.ts";
import type { Json, JsonObject } from "./json.ts";
import { compileJsonSchema } from "./json-schema.ts";

/** A JSON Schema (draft 2020-12 vocabulary) as plain data. */
export type JsonSchema = JsonObject;

/** What describes an input or output: any Standard Schema (zod, valibot, arktype …) or a JSON Schema. */
export type Schema = StandardSchemaV1 | JsonSchema;

/** What a caller may give to something described by this schema. */
export type SchemaInput<S> = S extends StandardSchemaV1<infer Input, unknown> ? Input : JsonObject;

/** What is left after validation, defaults and transformations included. */
export type SchemaOutput<S> = S extends StandardSchemaV1<unknown, infer Output> ? Output : JsonObject;

/** One thing wrong with a value: where (`city`, `items[2].price`; "" is the whole) and what. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

export type Checked = { readonly value: unknown } | { readonly issues: readonly Issue[] };

/** A schema made ready: answers at once where the schema does, with a promise where it must wait. */
export type Check = (value: unknown) => Checked | Promise<Checked>;

/** Makes a schema ready for checking values. */
export function toCheck(schema: Schema): Check {
  if (!isStandardSchema(schema)) {
    const validate = compileJsonSchema(schema);
    return (value) => {
      const issues = validate(value);
      return issues.length === 0 ? { value } : { issues };
    };
  }
  const standard = schema["~standard"];
  return (value) => {
    const result = standard.validate(value);
    return result instanceof Promise ? result.then(fromStandard) : fromStandard(result);
  };
}

/** Gives the JSON Schema of what callers may send: for function calling, forms and documents. */
export function toJsonSchema(schema: Schema): JsonSchema {
  if (!isStandardSchema(schema)) return schema;
  const standard = schema["~standard"] as StandardSchemaV1["~standard"] & Partial<JsonSchemaSource>;
  if (standard.jsonSchema === undefined) throw fail("schema.no_json_form", { vendor: standard.vendor });
  try {
    return standard.jsonSchema.input({ target: "draft-2020-12" });
  } catch (cause) {
    throw fail("schema.no_json_form", { vendor: standard.vendor }, { cause });
  }
}

/** Says several issues in half a sentence: `city: expected a string; days: must be at most 7`. */
export function sayIssues(issues: readonly Issue[]): string {
  const shown = issues.slice(0, 5).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return shown.join("; ") + (issues.length > 5 ? `; and ${issues.length - 5} more` : "");
}

export function isStandardSchema(schema: Schema): schema is StandardSchemaV1 {
  return "~standard" in schema;
}

// The "jsonSchema" part of Standard JSON Schema (standardschema.dev), which libraries add to "~standard".
interface JsonSchemaSource {
  readonly jsonSchema: { input(options: { target: string }): JsonSchema };
}

function fromStandard(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return { value: result.value };
  return { issues: result.issues.map((issue) => ({ path: sayPath(issue.path ?? []), message: issue.message })) };
}

function sayPath(path: NonNullable<StandardSchemaV1.Issue["path"]>): string {
  let text = "";
  for (const part of path) {
    const key = typeof part === "object" ? part.key : part;
    text += typeof key === "number" ? `[${key}]` : text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** An object schema that takes anything: what an action without an input schema tells a model. */
export const anyObject: JsonSchema = { type: "object" } satisfies Json;
