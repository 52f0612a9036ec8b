// Checks values against JSON Schema (draft 2020-12: the assertions of the core and validation vocabularies that tools,
// scripts and workflows use). A keyword that would not be enforced is refused when the schema is made ready, never ignored.
//
// A good value is only asked whether it is good; what is wrong with a bad one is found out in a second look.
import { fail } from "./errors.ts";
import type { Json } from "./json.ts";
import { demand, isFields, KEYWORDS, type Ok, own, type Test, together } from "./json-schema-keywords.ts";
import type { Issue, JsonSchema } from "./schema.ts";

/** Checks one value; an empty list means that it is good. */
export type Validate = (value: unknown) => readonly Issue[];

const NONE: readonly Issue[] = Object.freeze([]);

/** Makes a JSON Schema ready: closures over the schema, no generated code, so untrusted schemas are safe. */
export function compileJsonSchema(schema: JsonSchema): Validate {
  const test = compile(schema, { root: schema, seen: new Map() }, "$");
  return (value) => {
    try {
      if (test.ok(value)) return NONE;
      const issues: Issue[] = [];
      test.tell(value, issues);
      return issues;
    } catch (error) {
      // The stack ends where a recursive schema meets a value without end, or itself.
      if (error instanceof RangeError) return [{ path: "", message: "is nested too deeply to be checked" }];
      throw error;
    }
  };
}

interface Compiling {
  readonly root: JsonSchema;
  readonly seen: Map<unknown, Test>;
}

const ANYTHING: Test = { ok: () => true, tell: () => {} };
const NOTHING = demand(() => false, "is not allowed");

const ANNOTATIONS = new Set(
  "$schema $id $anchor $comment $defs definitions title description default examples deprecated readOnly writeOnly format contentMediaType contentEncoding".split(
    " ",
  ),
);

function compile(schema: Json | undefined, compiling: Compiling, at: string): Test {
  if (schema === true || schema === undefined) return ANYTHING;
  if (schema === false) return NOTHING;
  const known = compiling.seen.get(schema);
  if (known !== undefined) return known;
  if (!isFields(schema)) throw fail("schema.bad_keyword", { keyword: at, path: at, wanted: "a schema" });
  let made = ANYTHING;
  // Registered before its parts, so that a recursive $ref finds it.
  compiling.seen.set(schema, { ok: (value) => made.ok(value), tell: (value, issues) => made.tell(value, issues) });
  made = fuse(schema as JsonSchema, testsOf(schema as JsonSchema, compiling, at), compiling);
  compiling.seen.set(schema, made);
  return made;
}

function testsOf(schema: JsonSchema, compiling: Compiling, at: string): ReadonlyMap<string, Test> {
  const tests = new Map<string, Test>();
  const inner = (part: Json | undefined, where: string) => compile(part, compiling, where);
  for (const [name, argument] of Object.entries(schema)) {
    if (argument === undefined || ANNOTATIONS.has(name) || name.startsWith("x-") || name.startsWith("~")) continue;
    const keyword = KEYWORDS.get(name);
    if (keyword === undefined) throw fail("schema.unknown_keyword", { keyword: name, path: at });
    const test = keyword({ name, argument, schema, root: compiling.root, at, compile: inner });
    if (test !== undefined) tests.set(name, test);
  }
  return tests;
}

const OF_OBJECTS: readonly string[] = ["type", "properties", "required"];

/** Puts the demands of one schema together: what every object schema asks for is asked in one go through its fields. */
function fuse(schema: JsonSchema, tests: ReadonlyMap<string, Test>, { seen }: Compiling): Test {
  const all = together([...tests.values()]);
  const properties = schema["properties"];
  if (schema["type"] !== "object" || properties === undefined || Array.isArray(schema["type"])) return all;
  const needed = new Set((schema["required"] ?? []) as readonly string[]);
  const fields = Object.entries(properties as JsonSchema).map(([name, part]) => ({
    name,
    needed: needed.delete(name),
    ok: (seen.get(part) ?? (part === false ? NOTHING : ANYTHING)).ok,
  }));
  for (const name of needed) fields.push({ name, needed: true, ok: ANYTHING.ok });
  const rest = [...tests].filter(([name]) => !OF_OBJECTS.includes(name)).map(([, test]) => test);
  if (rest.length === 0) return { ok: fieldsOk(fields), tell: all.tell };
  return { ok: together([{ ok: fieldsOk(fields), tell: all.tell }, ...rest]).ok, tell: all.tell };
}

interface Field {
  readonly name: string;
  readonly needed: boolean;
  readonly ok: Ok;
}

function fieldsOk(fields: readonly Field[]): Ok {
  return (value) => {
    if (!isFields(value)) return false;
    for (let index = 0; index < fields.length; index++) {
      const { name, needed, ok } = fields[index] as Field;
      const item = own(value, name);
      if (item === undefined ? needed : !ok(item)) return false;
    }
    return true;
  };
}
