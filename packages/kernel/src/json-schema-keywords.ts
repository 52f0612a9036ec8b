// The keywords of JSON Schema that are enforced: what each asks of a value, and what it says when it does not get it.
import { fail } from "./errors.ts";
import { canonicalJson, type Json } from "./json.ts";
import type { Issue, JsonSchema } from "./schema.ts";

/** Says whether a value is good; allocates nothing. */
export type Ok = (value: unknown) => boolean;

/** One demand on a value. */
export interface Test {
  readonly ok: Ok;
  /**
   * Adds what is wrong, if anything is; the place is said from here on, and whoever looked further up puts its own
   * before it.
   */
  tell(value: unknown, issues: Issue[]): void;
}

/** Where a keyword stands: what it says, the schema around it, and how to name the place in errors. */
interface Place {
  readonly name: string;
  readonly argument: Json;
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  readonly at: string;
  /** Makes a schema inside of this one ready. */
  compile(schema: Json | undefined, at: string): Test;
}
type Keyword = (place: Place) => Test | undefined;
export type Fields = Readonly<Record<string, unknown>>;

/** A demand that says one thing about the whole value. */
export function demand(ok: Ok, message: string): Test {
  return {
    ok,
    tell: (value, issues) => {
      if (!ok(value)) issues.push({ path: "", message });
    },
  };
}

const when = <T>(is: (value: unknown) => value is T, bad: (value: T) => boolean, message: string): Test =>
  demand((value) => !is(value) || !bad(value), message);
const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
export const isFields = (value: unknown): value is Fields =>
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

const TYPES = new Map<unknown, Ok>([
  ["string", isText],
  ["number", (value) => Number.isFinite(value)],
  ["integer", Number.isInteger],
  ["boolean", (value) => typeof value === "boolean"],
  ["null", (value) => value === null],
  ["array", isList],
  ["object", isFields],
]);

const SIZES = {
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
    if (!isNumber(bound) || bound < 0 || !Number.isInteger(bound)) throw wrong(place, "a whole number, not negative");
    return when(is, (value) => bad(size(value), bound), say(bound));
  };
}

const below = (size: number, bound: number) => size < bound;
const above = (size: number, bound: number) => size > bound;

/** A bound on numbers; each is written out, because it is asked of every number that comes. */
function range(within: (bound: number) => Ok, say: string): Keyword {
  return (place) => {
    const bound = place.argument;
    if (!isNumber(bound)) throw wrong(place, "a number");
    return demand(within(bound), `must be ${say} ${bound}`);
  };
}

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>(
  Object.entries({
    type: (place) => {
      const names = isList(place.argument) ? place.argument : [place.argument];
      const tests = names.flatMap((name) => TYPES.get(name) ?? []);
      if (tests.length < names.length) throw wrong(place, `one or several of ${[...TYPES.keys()].join(", ")}`);
      const message = `expected ${names.join(" or ")}`;
      const [only] = tests;
      if (only !== undefined && tests.length === 1) return demand(only, message);
      return demand((value) => tests.some((test) => test(value)), message);
    },
    enum: (place) => {
      const options = listOf(place, (item): item is Json => item !== undefined, "a list");
      const message = `must be one of ${options.map((option) => JSON.stringify(option)).join(", ")}`;
      return demand((value) => options.some((option) => sameJson(option, value)), message);
    },
    const: ({ argument }) => demand((value) => sameJson(argument, value), `must be ${JSON.stringify(argument)}`),
    minimum: range((bound) => (value) => !isNumber(value) || !(value < bound), "at least"),
    maximum: range((bound) => (value) => !isNumber(value) || !(value > bound), "at most"),
    exclusiveMinimum: range((bound) => (value) => !isNumber(value) || !(value <= bound), "more than"),
    exclusiveMaximum: range((bound) => (value) => !isNumber(value) || !(value >= bound), "less than"),
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
      return {
        ok: (value) => !isFields(value) || names.every((name) => own(value, name) !== undefined),
        tell(value, issues) {
          if (!isFields(value)) return;
          for (const name of names) {
            if (own(value, name) === undefined) issues.push({ path: name, message: "is missing" });
          }
        },
      };
    },
    properties: (place) => {
      const parts = partsOf(place).map(([name, part]) => {
        return { name, test: place.compile(part, `${place.at}.properties.${name}`) };
      });
      return ofFields((value, visit) => {
        for (const { name, test } of parts) {
          const item = own(value, name);
          if (item !== undefined && !visit(name, test, item)) return false;
        }
        return true;
      });
    },
    additionalProperties: (place) => {
      const { argument, schema, at } = place;
      const declared = new Set(Object.keys((schema["properties"] ?? {}) as JsonSchema));
      const patterns = Object.keys((schema["patternProperties"] ?? {}) as JsonSchema).map((text) =>
        expressionOf(place, text),
      );
      const test = place.compile(argument, `${at}.additionalProperties`);
      return ofFields((value, visit) => {
        for (const name of Object.keys(value)) {
          if (declared.has(name) || patterns.some((pattern) => pattern.test(name))) continue;
          if (value[name] !== undefined && !visit(name, test, value[name])) return false;
        }
        return true;
      });
    },
    patternProperties: (place) => {
      const tests = partsOf(place).map(
        ([text, part]) => [expressionOf(place, text), place.compile(part, `${place.at}.patternProperties`)] as const,
      );
      return ofFields((value, visit) => {
        for (const [name, item] of Object.entries(value)) {
          for (const [pattern, test] of tests) if (pattern.test(name) && !visit(name, test, item)) return false;
        }
        return true;
      });
    },
    propertyNames: (place) => {
      const test = place.compile(place.argument, `${place.at}.propertyNames`);
      return ofFields((value, visit) => Object.keys(value).every((name) => visit(name, test, name)));
    },
    prefixItems: (place) => {
      const tests = branches(place);
      return ofItems((value, visit) =>
        tests.every((test, index) => index >= value.length || visit(index, test, value[index])),
      );
    },
    items: (place) => {
      const test = place.compile(place.argument, `${place.at}.items`);
      const from = ((place.schema["prefixItems"] ?? []) as readonly Json[]).length;
      return ofItems((value, visit) => {
        for (let index = from; index < value.length; index++) if (!visit(index, test, value[index])) return false;
        return true;
      });
    },
    allOf: (place) => together(branches(place)),
    anyOf: (place) => {
      const tests = branches(place);
      return demand((value) => tests.some((test) => test.ok(value)), "matches none of the allowed forms");
    },
    oneOf: (place) => {
      const tests = branches(place);
      const count = (value: unknown) => tests.filter((test) => test.ok(value)).length;
      return {
        ok: (value) => count(value) === 1,
        tell(value, issues) {
          const found = count(value);
          if (found === 1) return;
          issues.push({ path: "", message: `must match exactly one of the allowed forms, not ${found}` });
        },
      };
    },
    not: (place) => {
      const test = place.compile(place.argument, `${place.at}.not`);
      return demand((value) => !test.ok(value), "has a form that is not allowed");
    },
    $ref: ({ argument, root, at, compile }) => {
      const target = resolve(String(argument), root);
      if (target === undefined) {
        throw fail("schema.unknown_keyword", { keyword: `$ref ${String(argument)}`, path: at });
      }
      return compile(target, String(argument));
    },
  } satisfies Record<string, Keyword>),
);

function branches(place: Place): readonly Test[] {
  const { argument, at, name } = place;
  if (!isList(argument)) throw wrong(place, "a list of schemas");
  return (argument as readonly Json[]).map((part, index) => place.compile(part, `${at}.${name}[${index}]`));
}

/** Several demands on one value. */
export function together(tests: readonly Test[]): Test {
  const [first, second, third] = tests;
  if (first !== undefined && tests.length === 1) return first;
  const tell: Test["tell"] = (value, issues) => {
    for (const test of tests) test.tell(value, issues);
  };
  if (first !== undefined && second !== undefined && tests.length === 2)
    return { ok: (value) => first.ok(value) && second.ok(value), tell };
  if (first !== undefined && second !== undefined && third !== undefined && tests.length === 3)
    return { ok: (value) => first.ok(value) && second.ok(value) && third.ok(value), tell };
  return { ok: (value) => tests.every((test) => test.ok(value)), tell };
}

/** Goes through the parts of a value; ends with false as soon as a visit gives that. */
type Walk<Value> = (value: Value, visit: Visit) => boolean;
type Visit = (key: string | number, test: Test, part: unknown) => boolean;

const passes: Visit = (_, test, part) => test.ok(part);

/** A demand on the fields of an object; anything else is let be. */
function ofFields(walk: Walk<Fields>): Test {
  return {
    ok: (value) => !isFields(value) || walk(value, passes),
    tell(value, issues) {
      if (isFields(value)) walk(value, visiting(issues));
    },
  };
}

/** A demand on the items of a list; anything else is let be. */
function ofItems(walk: Walk<readonly unknown[]>): Test {
  return {
    ok: (value) => !isList(value) || walk(value, passes),
    tell(value, issues) {
      if (isList(value)) walk(value, visiting(issues));
    },
  };
}

/** Tells of every part, and puts its place before what was found there. */
function visiting(issues: Issue[]): Visit {
  return (key, test, part) => {
    const before = issues.length;
    test.tell(part, issues);
    for (let index = before; index < issues.length; index++) {
      const { path, message } = issues[index] as Issue;
      const head = typeof key === "number" ? `[${key}]` : key;
      issues[index] = { path: path === "" || path.startsWith("[") ? head + path : `${head}.${path}`, message };
    }
    return true;
  };
}

/** The value of a field of its own: `toString` is not a field of every object. */
export function own(value: Fields, name: string): unknown {
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
