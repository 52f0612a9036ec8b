// The form of a workflow, said to each validator in its own way. Each gives the value back, or throws.
import type { Peers } from "../../peer.ts";

type CheckForm = (value: unknown) => unknown;

export function checks(peers: Peers): Readonly<Record<string, () => Promise<CheckForm | undefined>>> {
  return {
    ajv: () => withAjv(peers),
    typebox: () => withTypebox(peers),
    valibot: () => withValibot(peers),
    zod: () => withZod(peers),
  };
}

const ID = "^[A-Za-z_][\\w-]{0,63}$";

const NODE = {
  type: "object",
  properties: {
    id: { type: "string", pattern: ID },
    description: { type: "string" },
    use: { type: "string", minLength: 1 },
    with: { type: "object" },
    after: { type: "array", items: { type: "string", minLength: 1 } },
    retry: {
      type: "object",
      properties: { times: { type: "integer", minimum: 1, maximum: 100 }, backoff: { type: "string" } },
      required: ["times"],
      additionalProperties: false,
    },
  },
  required: ["id", "use"],
  additionalProperties: false,
};

const WORKFLOW = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 128 },
    version: { type: "string", minLength: 1 },
    nodes: { type: "array", items: NODE, minItems: 1 },
    output: {},
  },
  required: ["name", "version", "nodes"],
  additionalProperties: false,
};

async function withAjv(peers: Peers): Promise<CheckForm | undefined> {
  type Ajv = new () => { compile(schema: unknown): (value: unknown) => boolean };
  const peer = await peers.load<{ Ajv: Ajv }>("ajv");
  return peer && refusing(new peer.Ajv().compile(WORKFLOW));
}

async function withTypebox(peers: Peers): Promise<CheckForm | undefined> {
  const peer = await peers.load<{ Compile(schema: unknown): { Check(value: unknown): boolean } }>("typebox/compile");
  if (peer === undefined) return undefined;
  const compiled = peer.Compile(WORKFLOW);
  return refusing((value) => compiled.Check(value));
}

function refusing(check: (value: unknown) => boolean): CheckForm {
  return (value) => {
    if (!check(value)) throw new Error("The workflow was refused.");
    return value;
  };
}

type Part = Readonly<Record<string, unknown>>;

async function withValibot(peers: Peers): Promise<CheckForm | undefined> {
  interface Valibot {
    strictObject(fields: Part): unknown;
    optional(part: unknown): unknown;
    array(item: unknown): unknown;
    record(key: unknown, value: unknown): unknown;
    string(): unknown;
    number(): unknown;
    unknown(): unknown;
    integer(): unknown;
    minValue(least: number): unknown;
    maxValue(most: number): unknown;
    minLength(least: number): unknown;
    maxLength(most: number): unknown;
    regex(pattern: RegExp): unknown;
    pipe(...parts: readonly unknown[]): unknown;
    parse(schema: unknown, value: unknown): unknown;
  }
  const v = await peers.load<Valibot>("valibot");
  if (v === undefined) return undefined;
  const text = v.pipe(v.string(), v.minLength(1));
  const times = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100));
  const node = v.strictObject({
    id: v.pipe(v.string(), v.regex(new RegExp(ID))),
    description: v.optional(v.string()),
    use: text,
    with: v.optional(v.record(v.string(), v.unknown())),
    after: v.optional(v.array(text)),
    retry: v.optional(v.strictObject({ times, backoff: v.optional(v.string()) })),
  });
  const schema = v.strictObject({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
    version: text,
    nodes: v.pipe(v.array(node), v.minLength(1)),
    output: v.unknown(),
  });
  return (value) => v.parse(schema, value);
}

async function withZod(peers: Peers): Promise<CheckForm | undefined> {
  interface Zod {
    strictObject(fields: Part): { parse(value: unknown): unknown } & Some;
    array(item: unknown): Some;
    record(key: unknown, value: unknown): Some;
    string(): Some;
    int(): Some;
    unknown(): Some;
  }
  interface Some {
    optional(): Some;
    min(least: number): Some;
    max(most: number): Some;
    regex(pattern: RegExp): Some;
  }
  const peer = await peers.load<{ z: Zod }>("zod");
  if (peer === undefined) return undefined;
  const { z } = peer;
  const text = z.string().min(1);
  const node = z.strictObject({
    id: z.string().regex(new RegExp(ID)),
    description: z.string().optional(),
    use: text,
    with: z.record(z.string(), z.unknown()).optional(),
    after: z.array(text).optional(),
    retry: z.strictObject({ times: z.int().min(1).max(100), backoff: z.string().optional() }).optional(),
  });
  const nodes = z.array(node).min(1);
  const schema = z.strictObject({ name: text.max(128), version: text, nodes, output: z.unknown() });
  return (value) => schema.parse(value);
}
