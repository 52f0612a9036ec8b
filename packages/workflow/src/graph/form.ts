// What values may be made of: each form looks at a value, and says itself in JSON Schema.
import { isMofaError, type JsonObject, type JsonSchema, nearest, type Schema, toCheck } from "@mofa/kernel";
import { toMilliseconds } from "./definition.ts";
import type { Problem } from "./problem.ts";

/** `at` grows and shrinks on the way, because most values are good: a problem takes a copy of it. */
type Look = (value: unknown, at: (string | number)[], problems: Problem[]) => void;

/** What a value must be: how it is looked at, and how that is said in JSON Schema. */
export interface Form {
  readonly look: Look;
  readonly schema: JsonSchema;
}

interface Field extends Form {
  readonly required?: boolean;
  /** Why a field that is known is refused all the same. */
  readonly refused?: string;
}

export type Fields = Readonly<Record<string, Field>>;

export const say = (is: (value: unknown) => boolean, message: string, schema: JsonSchema): Form => ({
  look(value, at, problems) {
    if (!is(value)) problems.push({ at: [...at], message });
  },
  schema,
});

/** `good` says of many texts without asking the pattern that they fit it. */
export const text = (pattern: RegExp, message: string, good: (value: string) => boolean = () => false) =>
  say((value) => typeof value === "string" && (good(value) || pattern.test(value)), message, {
    type: "string",
    pattern: pattern.source,
  });

export const anyText = () => true;
export const hasNoOutcome = (value: string) => value !== "" && !value.includes(":");
export const isPrinted = (value: string) => value.charCodeAt(0) > 32 && value.charCodeAt(0) < 127;

export const whole = (least: number, most: number) =>
  say(
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    `must be a whole number from ${least} to ${most}`,
    { type: "integer", minimum: least, maximum: most },
  );

export const duration = say(
  (value) => toMilliseconds(value) !== undefined,
  "must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h",
  {
    anyOf: [
      { type: "number", minimum: 0 },
      { type: "string", pattern: "^\\s*\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*$" },
    ],
  },
);

export const anything: Form = { look() {}, schema: {} };

export const jsonSchema: Form = {
  look(value, at, problems) {
    if (!isObject(value)) return void problems.push({ at: [...at], message: "must be a JSON Schema" });
    try {
      toCheck(value as Schema);
    } catch (error) {
      problems.push({ at: [...at], message: isMofaError(error) ? error.message : String(error) });
    }
  },
  schema: { type: "object" },
};

export const list = (item: Form, least: number): Form => ({
  look(value, at, problems) {
    if (!Array.isArray(value)) return void problems.push({ at: [...at], message: "must be a list" });
    if (value.length < least) problems.push({ at: [...at], message: `must have at least ${least} item(s)` });
    for (const [index, each] of value.entries()) {
      at.push(index);
      item.look(each, at, problems);
      at.pop();
    }
  },
  schema: { type: "array", items: item.schema, ...(least > 0 && { minItems: least }) },
});

export function object(fields: Fields): Form {
  const known = new Map(Object.entries(fields));
  const allowed = Object.entries(fields).filter(([, { refused }]) => refused === undefined);
  const required = allowed.filter(([, field]) => field.required === true).map(([name]) => name);
  return {
    look(value, at, problems) {
      if (!isObject(value)) return void problems.push({ at: [...at], message: "must be an object" });
      for (const name in value) {
        const field = known.get(name);
        const refused = field === undefined ? unknownField(name, Object.fromEntries(allowed)) : field.refused;
        if (refused !== undefined) problems.push({ at: [...at, name], key: true, message: refused });
        else if (field !== undefined) {
          at.push(name);
          field.look(value[name], at, problems);
          at.pop();
        }
      }
      for (const name of required) {
        if (value[name] === undefined) problems.push({ at: [...at], message: `"${name}" is missing` });
      }
    },
    schema: {
      type: "object",
      properties: Object.fromEntries(allowed.map(([name, { schema }]) => [name, schema])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    },
  };
}

/** Things of one form by name. */
export const record = (names: RegExp, message: string, item: Form): Form => ({
  look(value, at, problems) {
    if (!isObject(value)) return void problems.push({ at: [...at], message: "must be an object" });
    if (Object.keys(value).length === 0) problems.push({ at: [...at], message: "must have at least one entry" });
    for (const [name, each] of Object.entries(value)) {
      if (!names.test(name)) problems.push({ at: [...at, name], key: true, message });
      at.push(name);
      item.look(each, at, problems);
      at.pop();
    }
  },
  schema: {
    type: "object",
    minProperties: 1,
    propertyNames: { pattern: names.source },
    additionalProperties: item.schema,
  },
});

function unknownField(name: string, fields: Fields): string {
  const near = nearest(name, Object.keys(fields));
  return `unknown field "${name}". ${near === undefined ? `Known: ${Object.keys(fields).join(", ")}.` : `Did you mean "${near}"?`}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
