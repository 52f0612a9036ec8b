import {
  type Check,
  type Checked,
  type Issue,
  type Json,
  type JsonObject,
  type JsonSchema,
  type Schema,
  type SchemaInput,
  type SchemaOutput,
  toCheck,
  toJsonSchema,
} from "@mofa/kernel";

/** What may be given to a port of this schema. */
export type PortInput<S> = S extends JsonSchema ? Json : SchemaInput<S>;

/** What a port of this schema holds once it is checked. */
export type PortValue<S> = S extends JsonSchema ? Json : SchemaOutput<S>;

/** A named way in or out of an agent. */
export interface Port {
  readonly name: string;
  readonly schema: Schema;
  /** It may be missing. */
  readonly optional: boolean;
  /** In: the topic whose messages it takes. Out: the address its value is sent to. */
  readonly address: string | undefined;
}

/** A Standard Schema, as libraries make them. */
type PortsSchema = Exclude<Schema, JsonSchema>;

/** A check of an object with exactly these ports. */
export function checkPorts(ports: readonly Port[]): Check {
  const checks = ports.map((port) => ({ port, check: toCheck(port.schema) }));
  const known = new Set(ports.map(({ name }) => name));
  return (given) => {
    // An agent without ports of this side is asked, or answers, with nothing.
    const value = given ?? {};
    if (typeof value !== "object" || Array.isArray(value))
      return { issues: [{ path: "", message: `must be an object with the ports ${[...known].join(", ")}` }] };
    const entries = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(entries).filter((name) => !known.has(name));
    const parts = checks.map(({ port, check }) => checkPort(port, check, entries[port.name]));
    const waiting = parts.some((part) => part instanceof Promise);
    if (waiting) return Promise.all(parts).then((checked) => join(ports, checked, unknown));
    return join(ports, parts as readonly Checked[], unknown);
  };
}

function checkPort(port: Port, check: Check, value: unknown): Checked | Promise<Checked> {
  if (value !== undefined) return check(value);
  if (port.optional) return { value: undefined };
  const checked = check(value);
  // A schema with a default accepts that nothing was given; a JSON Schema does not know the question.
  const filled = (result: Checked): Checked =>
    "value" in result && result.value !== undefined ? result : { issues: [{ path: "", message: "is missing" }] };
  return checked instanceof Promise ? checked.then(filled) : filled(checked);
}

function join(ports: readonly Port[], parts: readonly Checked[], unknown: readonly string[]): Checked {
  const value: Record<string, unknown> = {};
  const issues: Issue[] = unknown.map((name) => ({ path: name, message: "is no port of this agent" }));
  ports.forEach(({ name }, index) => {
    const part = parts[index];
    if (part === undefined) return;
    if ("issues" in part) issues.push(...part.issues.map((issue) => ({ ...issue, path: under(name, issue.path) })));
    else if (part.value !== undefined) value[name] = part.value;
  });
  return issues.length > 0 ? { issues } : { value };
}

function under(name: string, path: string): string {
  if (path === "") return name;
  return path.startsWith("[") ? `${name}${path}` : `${name}.${path}`;
}

/** Describes ports as one schema; `check` decides what passes. */
export function portsSchema(ports: readonly Port[], check: Check): PortsSchema {
  const describe = (): JsonObject => ({
    type: "object",
    properties: Object.fromEntries(ports.map(({ name, schema }) => [name, toJsonSchema(schema)])),
    required: ports.filter(({ optional }) => !optional).map(({ name }) => name),
    additionalProperties: false,
  });
  const standard = {
    version: 1 as const,
    vendor: "mofa",
    validate: (value: unknown) => {
      const checked = check(value);
      return checked instanceof Promise ? checked.then(toStandard) : toStandard(checked);
    },
    jsonSchema: { input: describe, output: describe },
  };
  return { "~standard": standard };
}

function toStandard(checked: Checked) {
  if ("value" in checked) return { value: checked.value };
  return { issues: checked.issues.map(({ path, message }) => ({ message, ...(path === "" ? {} : { path: [path] }) })) };
}
