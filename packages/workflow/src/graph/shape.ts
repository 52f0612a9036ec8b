// The form of a workflow, said once: the same table checks definitions and is printed as JSON Schema.
import type { JsonSchema } from "@mofa/kernel";
import { readTicks, zoneProblem } from "../schedules/ticks.ts";
import {
  anyText,
  anything,
  duration,
  type Fields,
  type Form,
  hasNoOutcome,
  isObject,
  isPrinted,
  jsonSchema,
  list,
  object,
  record,
  say,
  text,
  whole,
} from "./form.ts";
import type { Problem } from "./problem.ts";

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
  return { workflow: WORKFLOW_FORM.schema, graph: GRAPH_FORM.schema, node: NODE_FORM.schema };
}

/** Nodes hold graphs and graphs hold nodes, so one of them is looked up when it is needed. */
const graph: Form = {
  look: (value, at, problems) => GRAPH_FORM.look(value, at, problems),
  schema: { $ref: "#/$defs/graph" },
};

const node: Form = {
  look: (value, at, problems) => NODE_FORM.look(value, at, problems),
  schema: { $ref: "#/$defs/node" },
};

const STEP: Fields = {
  use: { ...text(/./, "must name a node kind", isPrinted), required: true },
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
  description: text(/^/, "must be text", anyText),
  ...STEP,
  body: graph,
  branches: record(
    /^(?!__proto__$)[A-Za-z_][\w-]{0,63}$/,
    'must be a name: letters, digits, "_" or "-", not beginning with a digit, and not "__proto__"',
    graph,
  ),
  after: list(text(/^[^:]+(:.+)?$/, 'must be "node" or "node:outcome"', hasNoOutcome), 0),
  join,
  effect: say(
    (value) => value === "none" || value === "idempotent" || value === "once",
    'must be "none", "idempotent" or "once"',
    { enum: ["none", "idempotent", "once"] },
  ),
  compensate: object(STEP),
  queue: text(/./, "must name a queue", isPrinted),
};

const NODE_FORM = object(NODE);

const GRAPH: Fields = { nodes: { ...list(node, 1), required: true }, output: anything };

const GRAPH_FORM = object(GRAPH);

/** `problem` gives the end of a sentence about text that is not good. */
const checked = (problem: (value: string) => string | undefined): Form => ({
  look(value, at, problems) {
    const found = typeof value === "string" ? problem(value) : "it must be text";
    if (found !== undefined) problems.push({ at: [...at], message: `cannot be kept: ${found}` });
  },
  schema: { type: "string" },
});

const oneOf = (...values: readonly string[]): Form =>
  say((value) => values.some((each) => each === value), `must be ${values.map((each) => `"${each}"`).join(" or ")}`, {
    enum: values,
  });

const cronProblem = (cron: string) => {
  const ticks = readTicks({ cron });
  return typeof ticks === "string" ? ticks : undefined;
};

const SCHEDULE: Fields = {
  cron: { ...checked(cronProblem), required: true },
  timeZone: checked(zoneProblem),
  input: anything,
  missed: oneOf("skip", "once", "all"),
  overlap: oneOf("allow", "skip"),
  queue: text(/./, "must name a queue"),
};

const WORKFLOW_FORM = object({
  name: {
    ...text(/^[\p{L}\p{N}_./:@-]{1,128}$/u, "must be a name: letters, digits, and _ . / : @ -"),
    required: true,
  },
  version: { ...text(/./, 'must be text, in quotes where it looks like a number: "1.0"'), required: true },
  description: text(/^/, "must be text", anyText),
  input: jsonSchema,
  timeout: duration,
  concurrency: whole(1, 10_000),
  schedule: object(SCHEDULE),
  ...GRAPH,
});
