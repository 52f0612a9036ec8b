import { isMofaError, type JsonObject, nearest, type Schema, toCheck } from "@mofa/kernel";
import { toMilliseconds } from "./definition.ts";
import type { Path, Problem } from "./problem.ts";

type Look = (value: unknown, at: Path, problems: Problem[]) => void;

interface Field {
  readonly look: Look;
  readonly required?: boolean;
}

type Fields = Readonly<Record<string, Field>>;

/** Checks that every field of a workflow is known and well formed; nodes and references are looked at elsewhere. */
export function checkShape(value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  object(WORKFLOW)(value, [], problems);
  return problems;
}

const say =
  (is: (value: unknown) => boolean, message: string): Look =>
  (value, at, problems) => {
    if (!is(value)) problems.push({ at, message });
  };

const text = (pattern: RegExp, message: string) =>
  say((value) => typeof value === "string" && pattern.test(value), message);

const duration = say(
  (value) => toMilliseconds(value) !== undefined,
  "must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h",
);

const anything: Look = () => {};

const schema: Look = (value, at, problems) => {
  if (!isObject(value)) return void problems.push({ at, message: "must be a JSON Schema" });
  try {
    toCheck(value as Schema);
  } catch (error) {
    problems.push({ at, message: isMofaError(error) ? error.message : String(error) });
  }
};

const list =
  (look: Look, least: number): Look =>
  (value, at, problems) => {
    if (!Array.isArray(value)) return void problems.push({ at, message: "must be a list" });
    if (value.length < least) problems.push({ at, message: `must have at least ${least} item(s)` });
    for (const [index, item] of value.entries()) look(item, [...at, index], problems);
  };

const object =
  (fields: Fields): Look =>
  (value, at, problems) => {
    if (!isObject(value)) return void problems.push({ at, message: "must be an object" });
    for (const [name, item] of Object.entries(value)) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field === undefined) problems.push({ at: [...at, name], key: true, message: unknownField(name, fields) });
      else field.look(item, [...at, name], problems);
    }
    for (const [name, { required }] of Object.entries(fields)) {
      if (required === true && value[name] === undefined) problems.push({ at, message: `"${name}" is missing` });
    }
  };

function unknownField(name: string, fields: Fields): string {
  const near = nearest(name, Object.keys(fields));
  return `unknown field "${name}". ${near === undefined ? `Known: ${Object.keys(fields).join(", ")}.` : `Did you mean "${near}"?`}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const RETRY: Fields = {
  times: {
    look: say(
      (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100,
      "must be a whole number from 1 to 100",
    ),
    required: true,
  },
  backoff: { look: duration },
};

const NODE: Fields = {
  id: {
    look: text(
      /^(?!input$)[A-Za-z_][\w-]{0,63}$/,
      'must be a name: letters, digits, "_" or "-", not beginning with a digit, and not "input"',
    ),
    required: true,
  },
  use: { look: text(/./, "must name a node kind"), required: true },
  with: { look: say(isObject, "must be an object") },
  after: { look: list(text(/^[^:]+(:.+)?$/, 'must be "node" or "node:outcome"'), 0) },
  join: { look: say((value) => value === "any" || value === "all", 'must be "any" or "all"') },
  retry: { look: object(RETRY) },
  timeout: { look: duration },
};

const WORKFLOW: Fields = {
  name: {
    look: text(/^[\p{L}\p{N}_./:@-]{1,128}$/u, "must be a name: letters, digits, and _ . / : @ -"),
    required: true,
  },
  version: { look: text(/./, 'must be text, in quotes where it looks like a number: "1.0"'), required: true },
  description: { look: text(/^/, "must be text") },
  input: { look: schema },
  timeout: { look: duration },
  nodes: { look: list(object(NODE), 1), required: true },
  output: { look: anything },
};
