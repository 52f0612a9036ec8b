// The form of a workflow, said once: the same table checks definitions and is printed as JSON Schema.
import { isMofaError, type JsonObject, type JsonSchema, nearest, type Schema, toCheck } from "@mofa/kernel";
import { toMilliseconds } from "./definition.ts";
import type { Path, Problem } from "./problem.ts";

type Look = (value: unknown, at: Path, problems: Problem[]) => void;

/** What a value must be: how it is looked at, and how that is said in JSON Schema. */
interface Form {
  readonly look: Look;
  readonly schema: JsonSchema;
}

interface Field extends Form {
  readonly required?: boolean;
  /** Why a field that is known is refused all the same. */
  readonly refused?: string;
}

type Fields = Readonly<Record<string, Field>>;

/** Checks that every field of a workflow is known and well formed; nodes and references are looked at elsewhere. */
export function checkShape(value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  WORKFLOW_FORM.look(value, [], problems);
  return problems;
}

/** The JSON Schema of a workflow, node kinds not looked at, and of what it is made of. */
export function shapeSchema(): {
  readonly workflow: JsonSchema;
  readonly graph: JsonSchema;
  readonly node: JsonSchema;
} {
  return { workflow: WORKFLOW_FORM.schema, graph: object(GRAPH).schema, node: object(NODE).schema };
}

const say = (is: (value: unknown) => boolean, message: string, schema: JsonSchema): Form => ({
  look(value, at, problems) {
    if (!is(value)) problems.push({ at, message });
  },
  schema,
});

const text = (pattern: RegExp, message: string) =>
  say((value) => typeof value === "string" && pattern.test(value), message, {
    type: "string",
    pattern: pattern.source,
  });

const whole = (least: number, most: number) =>
  say(
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    `must be a whole number from ${least} to ${most}`,
    { type: "integer", minimum: least, maximum: most },
  );

const duration = say(
  (value) => toMilliseconds(value) !== undefined,
  "must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h",
  {
    anyOf: [
      { type: "number", minimum: 0 },
      { type: "string", pattern: "^\\s*\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*$" },
    ],
  },
);

const anything: Form = { look() {}, schema: {} };

const jsonSchema: Form = {
  look(value, at, problems) {
    if (!isObject(value)) return void problems.push({ at, message: "must be a JSON Schema" });
    try {
      toCheck(value as Schema);
    } catch (error) {
      problems.push({ at, message: isMofaError(error) ? error.message : String(error) });
    }
  },
  schema: { type: "object" },
};

const list = (item: Form, least: number): Form => ({
  look(value, at, problems) {
    if (!Array.isArray(value)) return void problems.push({ at, message: "must be a list" });
    if (value.length < least) problems.push({ at, message: `must have at least ${least} item(s)` });
    for (const [index, each] of value.entries()) item.look(each, [...at, index], problems);
  },
  schema: { type: "array", items: item.schema, ...(least > 0 && { minItems: least }) },
});

function object(fields: Fields): Form {
  const allowed = Object.entries(fields).filter(([, { refused }]) => refused === undefined);
  const required = allowed.filter(([, field]) => field.required === true).map(([name]) => name);
  return {
    look(value, at, problems) {
      if (!isObject(value)) return void problems.push({ at, message: "must be an object" });
      for (const [name, item] of Object.entries(value)) {
        const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
        const refused = field === undefined ? unknownField(name, Object.fromEntries(allowed)) : field.refused;
        if (refused !== undefined) problems.push({ at: [...at, name], key: true, message: refused });
        else field?.look(item, [...at, name], problems);
      }
      for (const name of required) {
        if (value[name] === undefined) problems.push({ at, message: `"${name}" is missing` });
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
const record = (names: RegExp, message: string, item: Form): Form => ({
  look(value, at, problems) {
    if (!isObject(value)) return void problems.push({ at, message: "must be an object" });
    if (Object.keys(value).length === 0) problems.push({ at, message: "must have at least one entry" });
    for (const [name, each] of Object.entries(value)) {
      if (!names.test(name)) problems.push({ at: [...at, name], key: true, message });
      item.look(each, [...at, name], problems);
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

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nodes hold graphs and graphs hold nodes, so one of them is looked up when it is needed. */
const graph: Form = {
  look: (value, at, problems) => object(GRAPH).look(value, at, problems),
  schema: { $ref: "#/$defs/graph" },
};

const node: Form = {
  look: (value, at, problems) => NODE_FORM.look(value, at, problems),
  schema: { $ref: "#/$defs/node" },
};

const STEP: Fields = {
  use: { ...text(/./, "must name a node kind"), required: true },
  with: say(isObject, "must be an object", { type: "object" }),
  retry: object({ times: { ...whole(1, 100), required: true }, backoff: duration }),
  timeout: duration,
};

const MAX_EDGES = 10_000;
const edges = whole(1, MAX_EDGES);
const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_EDGES;

const join = say(
  (value) =>
    value === "any" ||
    value === "all" ||
    isCount(value) ||
    (isObject(value) && Object.keys(value).length === 1 && isCount(value["first"])),
  'must be "any", "all", a number of edges, or { first: number }',
  {
    anyOf: [
      { enum: ["any", "all"] },
      edges.schema,
      { type: "object", properties: { first: edges.schema }, required: ["first"], additionalProperties: false },
    ],
  },
);

const NODE: Fields = {
  id: {
    ...text(
      /^(?!(?:input|__proto__)$)[A-Za-z_][\w-]{0,63}$/,
      'must be a name: letters, digits, "_" or "-", not beginning with a digit, and not "input" or "__proto__"',
    ),
    required: true,
  },
  description: text(/^/, "must be text"),
  ...STEP,
  body: graph,
  branches: record(
    /^(?!__proto__$)[A-Za-z_][\w-]{0,63}$/,
    'must be a name: letters, digits, "_" or "-", not beginning with a digit, and not "__proto__"',
    graph,
  ),
  after: list(text(/^[^:]+(:.+)?$/, 'must be "node" or "node:outcome"'), 0),
  join,
  effect: say(
    (value) => value === "none" || value === "idempotent" || value === "once",
    'must be "none", "idempotent" or "once"',
    { enum: ["none", "idempotent", "once"] },
  ),
  compensate: object(STEP),
  queue: {
    ...anything,
    refused:
      'there are no queues yet. Remove "queue"; "concurrency" of the workflow bounds the nodes that work at a time.',
  },
};

const NODE_FORM = object(NODE);

const GRAPH: Fields = { nodes: { ...list(node, 1), required: true }, output: anything };

const WORKFLOW_FORM = object({
  name: {
    ...text(/^[\p{L}\p{N}_./:@-]{1,128}$/u, "must be a name: letters, digits, and _ . / : @ -"),
    required: true,
  },
  version: { ...text(/./, 'must be text, in quotes where it looks like a number: "1.0"'), required: true },
  description: text(/^/, "must be text"),
  input: jsonSchema,
  timeout: duration,
  concurrency: whole(1, 10_000),
  ...GRAPH,
});
