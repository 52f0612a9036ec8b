import { isMofaError, type Json, type JsonSchema, toCheck } from "@mofa/kernel";

/** A schema with its references followed and its parts joined, and where it came from. */
export interface View {
  readonly schema: JsonSchema;
  /** The references that were followed to get here: one that comes again is a recursion. */
  readonly path: readonly string[];
}

// A reference that leads to itself would never end.
const DEEPEST = 12;

/** Says whether a schema was reached through itself. */
export function isRecursive({ path }: Pick<View, "path">): boolean {
  return new Set(path).size < path.length;
}

/** Follows `$ref` and joins `allOf`, so that one object says what a value must be. */
export function viewOf(schema: Json | undefined, root: JsonSchema, path: readonly string[] = []): View {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return { schema: {}, path };
  const { $ref, allOf, ...own } = schema as JsonSchema;
  let view: View = { schema: own, path };
  if (typeof $ref === "string" && path.filter((step) => step === $ref).length < DEEPEST) {
    const target = viewOf(follow($ref, root), root, [...path, $ref]);
    view = { schema: { ...target.schema, ...own }, path: target.path };
  }
  for (const part of Array.isArray(allOf) ? allOf : []) view = join(view, viewOf(part, root, view.path));
  return view;
}

/** The name of the JSON type that a schema wants; where it does not say, what its keywords speak of. */
export function typeOf({ type, properties, required, items, prefixItems, ...rest }: JsonSchema): string {
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(type.find((name) => name !== "null") ?? "null");
  if (properties !== undefined || required !== undefined) return "object";
  if (items !== undefined || prefixItems !== undefined) return "array";
  const numeric = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
  return numeric.some((keyword) => rest[keyword] !== undefined) ? "number" : "string";
}

/** Makes a test of values against one part of a schema; what cannot be checked is let through. */
export function acceptsOf(schema: JsonSchema, root: JsonSchema): (value: unknown) => boolean {
  const { $defs, definitions } = root;
  const whole = {
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
    ...schema,
  };
  try {
    const check = toCheck(whole);
    return (value) => "value" in check(value);
  } catch (error) {
    // A keyword that the kernel's validator does not know: the caller's own validator has the last word.
    if (isMofaError(error, "schema.unknown_keyword")) return () => true;
    throw error;
  }
}

/** The properties of an object schema and which of them are required. */
export function fieldsOf(schema: JsonSchema): {
  readonly properties: readonly (readonly [string, Json | undefined])[];
  readonly required: readonly string[];
} {
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  return { properties: Object.entries((schema["properties"] ?? {}) as JsonSchema), required };
}

function join(left: View, right: View): View {
  const properties = { ...(left.schema["properties"] as JsonSchema), ...(right.schema["properties"] as JsonSchema) };
  const required = [...new Set([...fieldsOf(left.schema).required, ...fieldsOf(right.schema).required])];
  const schema = {
    ...left.schema,
    ...right.schema,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
  return { schema, path: right.path };
}

function follow(reference: string, root: JsonSchema): Json | undefined {
  if (reference === "#") return root;
  let here: Json | undefined = root;
  for (const part of reference.replace(/^#\//, "").split("/")) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    here = typeof here === "object" && here !== null && !Array.isArray(here) ? (here as JsonSchema)[key] : undefined;
  }
  return here;
}
