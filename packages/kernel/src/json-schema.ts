// Checks values against JSON Schema (draft 2020-12: the assertions of the core and validation vocabularies that tools,
// scripts and workflows use). A keyword that would not be enforced is refused when the schema is made ready, never ignored.
import { fail } from "./errors.ts";
import { canonicalJson, type Json } from "./json.ts";
import type { Issue, JsonSchema } from "./schema.ts";

/** Checks one value; an empty list means that it is good. */
export type Validate = (value: unknown) => readonly Issue[];

/** Makes a JSON Schema ready: closures over the schema, no generated code, so untrusted schemas are safe. */
export function compileJsonSchema(schema: JsonSchema): Validate {
  const test = compile(schema, { root: schema, seen: new Map() }, "$");
  return (value) => {
    const issues: Issue[] = [];
    try {
      test(value, issues);
    } catch (error) {
      // The stack ends where a recursive schema meets a value without end, or itself.
      if (error instanceof RangeError) return [{ path: "", message: "is nested too deeply to be checked" }];
      throw error;
    }
    return issues;
  };
}

/** Adds what is wrong with a value; the place is said from here on, and whoever looked further up puts its own before it. */
type Test = (value: unknown, issues: Issue[]) => void;
interface Compiling {
  readonly root: JsonSchema;
  readonly seen: Map<unknown, Test>;
}
/** Where a keyword stands: what it says, the schema around it, and how to name the place in errors. */
interface Place {
  readonly name: string;
  readonly argument: Json;
  readonly schema: JsonSchema;
  readonly compiling: Compiling;
  readonly at: string;
}
type Keyword = (place: Place) => Test | undefined;
type Fields = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(
  "$schema $id $anchor $comment $defs definitions title description default examples deprecated readOnly writeOnly format contentMediaType contentEncoding".split(
    " ",
  ),
);

function compile(schema: Json | undefined, compiling: Compiling, at: string): Test {
  if (schema === true || schema === undefined) return () => {};
  if (schema === false) return (_, issues) => void issues.push({ path: "", message: "is not allowed" });
  const known = compiling.seen.get(schema);
  if (known !== undefined) return known;
  if (!isFields(schema)) throw fail("schema.bad_keyword", { keyword: at, path: at, wanted: "a schema" });
  const tests: Test[] = [];
  const all: Test = (value, issues) => {
    for (let index = 0; index < tests.length; index++) tests[index]?.(value, issues);
  };
  // Registered before its parts, so that a recursive $ref finds it.
  compiling.seen.set(schema, all);
  for (const [name, argument] of Object.entries(schema as JsonSchema)) {
    if (argument === undefined || ANNOTATIONS.has(name) || name.startsWith("x-") || name.startsWith("~")) continue;
    const keyword = KEYWORDS.get(name);
    if (keyword === undefined) throw fail("schema.unknown_keyword", { keyword: name, path: at });
    const test = keyword({ name, argument, schema: schema as JsonSchema, compiling, at });
    if (test !== undefined) tests.push(test);
  }
  const [only] = tests;
  return only !== undefined && tests.length === 1 ? only : all;
}

const when =
  <T>(is: (value: unknown) => value is T, bad: (value: T) => boolean, message: string): Test =>
  (value, issues) => {
    if (is(value) && bad(value)) issues.push({ path: "", message });
  };
const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Refuses a keyword whose argument could not be enforced as it stands. */
function wrong({ name, at }: Place, wanted: string): Error {
  return fail("schema.bad_keyword", { keyword: name, path: at, wanted });
}

function listOf<T>(place: Place, is: (item: unknown) => item is T, wanted: string): readonly T[] {
  const { argument } = place;
  if (isList(argument) && argument.every(is)) return argument as readonly T[];
  throw wrong(place, wanted);
}

function partsOf(place: Place): readonly (readonly [string, Json | undefined])[] {
  if (!isFields(place.argument)) throw wrong(place, "an object of schemas");
  return Object.entries(place.argument as JsonSchema);
}

function expressionOf(place: Place, text: unknown): RegExp {
  try {
    if (isText(text)) return new RegExp(text, "u");
  } catch {
    // Said below: why it is not an expression is of no use to whoever wrote the value.
  }
  throw wrong(place, "a regular expression");
}

const TYPES = new Map<unknown, (value: unknown) => boolean>([
  ["string", isText],
  ["number", (value) => Number.isFinite(value)],
  ["integer", Number.isInteger],
  ["boolean", (value) => typeof value === "boolean"],
  ["null", (value) => value === null],
  ["array", isList],
  ["object", isFields],
]);

const SIZES = {
  number: { is: isNumber, size: (value: number) => value },
  // JSON Schema counts characters, not UTF-16 units.
  text: { is: isText, size: countCharacters },
  list: { is: isList, size: (value: readonly unknown[]) => value.length },
  fields: { is: isFields, size: (value: Fields) => Object.keys(value).length },
};

function limit(
  of: keyof typeof SIZES,
  bad: (size: number, bound: number) => boolean,
  say: (bound: number) => string,
): Keyword {
  const { is, size } = SIZES[of] as { is: (value: unknown) => value is unknown; size: (value: unknown) => number };
  return (place) => {
    const bound = place.argument;
    const counts = of !== "number";
    if (!isNumber(bound) || (counts && (bound < 0 || !Number.isInteger(bound)))) {
      throw wrong(place, counts ? "a whole number, not negative" : "a number");
    }
    return when(is, (value) => bad(size(value), bound), say(bound));
  };
}

const below = (size: number, bound: number) => size < bound;
const above = (size: number, bound: number) => size > bound;

const KEYWORDS = new Map<string, Keyword>(
  Object.entries({
    type: (place) => {
      const names = isList(place.argument) ? place.argument : [place.argument];
      const tests = names.flatMap((name) => TYPES.get(name) ?? []);
      if (tests.length < names.length) throw wrong(place, `one or several of ${[...TYPES.keys()].join(", ")}`);
      const message = `expected ${names.join(" or ")}`;
      const [only] = tests;
      if (only !== undefined && tests.length === 1) {
        return (value, issues) => void (only(value) || issues.push({ path: "", message }));
      }
      return (value, issues) => void (tests.some((test) => test(value)) || issues.push({ path: "", message }));
    },
    enum: (place) => {
      const options = listOf(place, (item): item is Json => item !== undefined, "a list");
      const message = `must be one of ${options.map((option) => JSON.stringify(option)).join(", ")}`;
      return (value, issues) =>
        void (options.some((option) => sameJson(option, value)) || issues.push({ path: "", message }));
    },
    const: ({ argument }) => {
      const message = `must be ${JSON.stringify(argument)}`;
      return (value, issues) => void (sameJson(argument, value) || issues.push({ path: "", message }));
    },
    minimum: limit("number", below, (bound) => `must be at least ${bound}`),
    maximum: limit("number", above, (bound) => `must be at most ${bound}`),
    exclusiveMinimum: limit(
      "number",
      (n, bound) => n <= bound,
      (bound) => `must be more than ${bound}`,
    ),
    exclusiveMaximum: limit(
      "number",
      (n, bound) => n >= bound,
      (bound) => `must be less than ${bound}`,
    ),
    multipleOf: (place) => {
      const bound = place.argument;
      if (!isNumber(bound) || bound <= 0) throw wrong(place, "a number above 0");
      return when(isNumber, (value) => !isMultiple(value, bound), `must be a multiple of ${bound}`);
    },
    minLength: limit("text", below, (bound) => `must have at least ${bound} characters`),
    maxLength: limit("text", above, (bound) => `must have at most ${bound} characters`),
    minItems: limit("list", below, (bound) => `must have at least ${bound} items`),
    maxItems: limit("list", above, (bound) => `must have at most ${bound} items`),
    minProperties: limit("fields", below, (bound) => `must have at least ${bound} fields`),
    maxProperties: limit("fields", above, (bound) => `must have at most ${bound} fields`),
    pattern: (place) => {
      const expression = expressionOf(place, place.argument);
      return when(isText, (value) => !expression.test(value), `must match ${String(place.argument)}`);
    },
    uniqueItems: (place) => {
      if (typeof place.argument !== "boolean") throw wrong(place, "true or false");
      if (!place.argument) return undefined;
      return when(isList, (value) => new Set(value.map(identity)).size < value.length, "must not repeat items");
    },
    required: (place) => {
      const names = listOf(place, isText, "a list of names");
      return (value, issues) => {
        if (!isFields(value)) return;
        for (const name of names) {
          if (own(value, name) === undefined) issues.push({ path: name, message: "is missing" });
        }
      };
    },
    properties: (place) => {
      const { compiling, at } = place;
      const tests = partsOf(place).map(([name, part]) => {
        return { name, test: compile(part, compiling, `${at}.properties.${name}`) };
      });
      return (value, issues) => {
        if (!isFields(value)) return;
        for (let index = 0; index < tests.length; index++) {
          const { name, test } = tests[index] as (typeof tests)[number];
          const item = own(value, name);
          if (item !== undefined) inside(name, test, item, issues);
        }
      };
    },
    additionalProperties: (place) => {
      const { argument, schema, compiling, at } = place;
      const declared = new Set(Object.keys((schema["properties"] ?? {}) as JsonSchema));
      const patterns = Object.keys((schema["patternProperties"] ?? {}) as JsonSchema).map((text) =>
        expressionOf(place, text),
      );
      const test = compile(argument, compiling, `${at}.additionalProperties`);
      return (value, issues) => {
        if (!isFields(value)) return;
        for (const name of Object.keys(value)) {
          if (declared.has(name) || patterns.some((pattern) => pattern.test(name))) continue;
          if (value[name] !== undefined) inside(name, test, value[name], issues);
        }
      };
    },
    patternProperties: (place) => {
      const { compiling, at } = place;
      const tests = partsOf(place).map(
        ([text, part]) => [expressionOf(place, text), compile(part, compiling, `${at}.patternProperties`)] as const,
      );
      return (value, issues) => {
        if (!isFields(value)) return;
        for (const [name, item] of Object.entries(value)) {
          for (const [pattern, test] of tests) if (pattern.test(name)) inside(name, test, item, issues);
        }
      };
    },
    propertyNames: ({ argument, compiling, at }) => {
      const test = compile(argument, compiling, `${at}.propertyNames`);
      return (value, issues) => {
        if (isFields(value)) for (const name of Object.keys(value)) inside(name, test, name, issues);
      };
    },
    prefixItems: (place) => {
      const tests = branches(place);
      return (value, issues) => {
        if (!isList(value)) return;
        for (const [index, test] of tests.entries())
          if (index < value.length) inside(index, test, value[index], issues);
      };
    },
    items: ({ argument, schema, compiling, at }) => {
      const test = compile(argument, compiling, `${at}.items`);
      const from = ((schema["prefixItems"] ?? []) as readonly Json[]).length;
      return (value, issues) => {
        if (!isList(value)) return;
        for (let index = from; index < value.length; index++) inside(index, test, value[index], issues);
      };
    },
    allOf: (place) => {
      const tests = branches(place);
      return (value, issues) => {
        for (const test of tests) test(value, issues);
      };
    },
    anyOf: (place) => {
      const tests = branches(place);
      const message = "matches none of the allowed forms";
      return (value, issues) => void (tests.some((test) => passes(test, value)) || issues.push({ path: "", message }));
    },
    oneOf: (place) => {
      const tests = branches(place);
      return (value, issues) => {
        const count = tests.filter((test) => passes(test, value)).length;
        if (count !== 1)
          issues.push({ path: "", message: `must match exactly one of the allowed forms, not ${count}` });
      };
    },
    not: ({ argument, compiling, at }) => {
      const test = compile(argument, compiling, `${at}.not`);
      return (value, issues) => {
        if (passes(test, value)) issues.push({ path: "", message: "has a form that is not allowed" });
      };
    },
    $ref: ({ argument, compiling, at }) => {
      const target = resolve(String(argument), compiling.root);
      if (target === undefined) {
        throw fail("schema.unknown_keyword", { keyword: `$ref ${String(argument)}`, path: at });
      }
      return compile(target, compiling, String(argument));
    },
  } satisfies Record<string, Keyword>),
);

function branches(place: Place): readonly Test[] {
  const { argument, compiling, at, name } = place;
  if (!isList(argument)) throw wrong(place, "a list of schemas");
  return (argument as readonly Json[]).map((part, index) => compile(part, compiling, `${at}.${name}[${index}]`));
}

function passes(test: Test, value: unknown): boolean {
  const issues: Issue[] = [];
  test(value, issues);
  return issues.length === 0;
}

/** The value of a field of its own: `toString` is not a field of every object. */
function own(value: Fields, name: string): unknown {
  const item = value[name];
  // Only what every object inherits needs a second look: a method that nobody wrote into the value.
  const suspect = typeof item === "function" || item === Object.prototype;
  return suspect && !Object.hasOwn(value, name) ? undefined : item;
}

function resolve(reference: string, root: JsonSchema): Json | undefined {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let here: Json | undefined = root;
  for (const part of reference.slice(2).split("/")) {
    if (typeof here !== "object" || here === null) return undefined;
    const key = fieldOf(part);
    here = Object.hasOwn(here, key) ? (here as JsonSchema)[key] : undefined;
  }
  return here;
}

function fieldOf(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    // A "%" that escapes nothing stands for itself.
    return part.replaceAll("~1", "/").replaceAll("~0", "~");
  }
}

function sameJson(left: Json, right: unknown): boolean {
  if (typeof left !== "object" || left === null) return left === right;
  if (typeof right !== "object" || right === null || isList(left) !== isList(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && sameJson((left as JsonSchema)[key] as Json, (right as Fields)[key]),
  );
}

/** Text that is equal for equal items; what is not JSON is equal only to itself. */
function identity(item: unknown): unknown {
  return typeof item === "object" && item !== null
    ? `json ${canonicalJson(item as Json)}`
    : isText(item)
      ? `text ${item}`
      : item;
}

function isMultiple(value: number, bound: number): boolean {
  if (Number.isInteger(value) && Number.isInteger(bound)) return value % bound === 0;
  const quotient = value / bound;
  // 19.99 / 0.01 is 1998.9999999999998: as near as doubles come to a whole number.
  return Math.abs(quotient - Math.round(quotient)) <= 2 * Number.EPSILON * Math.abs(quotient);
}

function countCharacters(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A high surrogate and the low one after it are one character.
    if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) count--;
  }
  return count;
}

/** Tests a part of a value; the place is put before what was found only when something was. */
function inside(key: string | number, test: Test, part: unknown, issues: Issue[]): void {
  const before = issues.length;
  test(part, issues);
  for (let index = before; index < issues.length; index++) {
    const { path, message } = issues[index] as Issue;
    const head = typeof key === "number" ? `[${key}]` : key;
    issues[index] = { path: path === "" || path.startsWith("[") ? head + path : `${head}.${path}`, message };
  }
}
