// Makes a valid instance of a JSON Schema: filled from what was said where possible, invented where not.
import { canonicalJson, type Json, type JsonSchema } from "@mofa/kernel";
import { findOption, findValue } from "./fill.ts";
import { fromPattern } from "./from-pattern.ts";
import { pick, type Random } from "./random.ts";
import { acceptsOf, fieldsOf, isRecursive, typeOf, type View, viewOf } from "./schema-view.ts";
import { sentenceFor } from "./sentence-for.ts";
import type { Source } from "./want.ts";

/** What an instance is made from. */
export interface Making {
  readonly root: JsonSchema;
  readonly source: Source;
  readonly random: Random;
  /** What would be answered in words: what fields like `answer` hold. */
  readonly answer: string;
}

interface Spot {
  readonly view: View;
  readonly name: string;
  readonly depth: number;
  /** The how-manieth in a list: what makes items differ. */
  readonly index: number;
}

// Deeper than this only what is required is made: a recursive schema would never end.
const DEEPEST = 5;
const ATTEMPTS = 8;

/** Makes an instance; when nothing valid is found, the last attempt. */
export function toInstance(making: Making): Json {
  const { root } = making;
  const accepts = acceptsOf(root, root);
  const spot = { view: viewOf(root, root), name: "", depth: 0, index: 0 };
  let made: Json = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // Later attempts leave out what was said: some schemas forbid just that.
    const source = attempt < 2 ? making.source : { ...making.source, texts: [], answers: [] };
    made = make({ ...making, source }, { ...spot, index: attempt > 2 ? attempt : 0 });
    if (accepts(made)) return made;
  }
  return made;
}

function make(making: Making, spot: Spot): Json {
  const { schema } = spot.view;
  if (schema["const"] !== undefined) return schema["const"];
  const options = schema["enum"];
  if (Array.isArray(options)) return chooseOption(options, making, spot);
  const branches = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(branches)) return makeBranch(branches, making, spot);
  switch (typeOf(schema)) {
    case "object":
      return makeObject(making, spot);
    case "array":
      return makeList(making, spot);
    case "null":
      return null;
    case "boolean":
      return findHere(making, spot) ?? false;
    case "integer":
    case "number":
      return (spot.index === 0 ? findHere(making, spot) : undefined) ?? makeNumber(schema, making.random, spot.index);
    default:
      return makeText(making, spot);
  }
}

function findHere({ root, source }: Making, { view, name }: Spot): Json | undefined {
  return name === ""
    ? undefined
    : findValue({ name, schema: view.schema, root, required: false, path: view.path }, source);
}

// Nothing said speaks for one: then the one that says so itself, otherwise any.
function chooseOption(options: readonly Json[], { source, random }: Making, { name, index }: Spot): Json {
  const rest =
    index === 0 ? options : [...options.slice(index % options.length), ...options.slice(0, index % options.length)];
  if (index > 0) return rest[0] ?? null;
  const found = findOption(options, source, { name });
  if (found !== undefined) return found;
  const vague = options.find(
    (option) =>
      typeof option === "string" && /^(other|unknown|none|general|neutral|normal|unsure|question)$/i.test(option),
  );
  const [first, ...others] = options;
  return vague ?? (first === undefined ? null : pick(random, [first, ...others]));
}

function makeBranch(branches: readonly Json[], making: Making, spot: Spot): Json {
  const { anyOf, oneOf, ...shared } = spot.view.schema;
  const { root } = making;
  const accepts = acceptsOf(spot.view.schema, root);
  const views = branches.map((branch) => viewOf({ allOf: [shared, branch] }, root, spot.view.path));
  const found = views
    .map((view) => findHere(making, { ...spot, view }))
    .find((value) => value !== undefined && accepts(value));
  if (found !== undefined) return found;
  const deep = spot.depth >= DEEPEST;
  // In the deep, the branch that ends comes first.
  const order = deep
    ? views.toSorted((left, right) => weight(left) - weight(right))
    : views.filter(({ schema }) => typeOf(schema) !== "null");
  for (const view of [...order, ...views]) {
    const made = make(making, { ...spot, view, depth: spot.depth + (deep ? 1 : 0) });
    if (accepts(made)) return made;
    if (spot.depth > DEEPEST + 2) break;
  }
  return null;
}

function weight({ schema }: View): number {
  return ["null", "boolean", "number", "integer", "string", "array", "object"].indexOf(typeOf(schema));
}

function makeObject(making: Making, { view, depth, index }: Spot): Json {
  const { schema, path } = view;
  const { properties, required } = fieldsOf(schema);
  const value: Record<string, Json> = {};
  const most = typeof schema["maxProperties"] === "number" ? schema["maxProperties"] : Number.POSITIVE_INFINITY;
  const order = [...properties].sort(
    ([left], [right]) => Number(required.includes(right)) - Number(required.includes(left)),
  );
  for (const [name, part] of order) {
    const asked = required.includes(name);
    if (part === false || (!asked && (depth >= DEEPEST || Object.keys(value).length >= most))) continue;
    const inner = viewOf(part, making.root, path);
    if (!asked && isRecursive(inner)) continue;
    value[name] = make(making, { view: inner, name, depth: depth + 1, index });
  }
  for (const name of required)
    if (value[name] === undefined)
      value[name] = make(making, {
        view: viewOf(extraSchema(schema, name), making.root, path),
        name,
        depth: depth + 1,
        index,
      });
  const least = typeof schema["minProperties"] === "number" ? schema["minProperties"] : 0;
  for (let number = 1; Object.keys(value).length < least; number++) {
    const name = `entry${number}`;
    value[name] = make(making, {
      view: viewOf(extraSchema(schema, name), making.root, path),
      name,
      depth: depth + 1,
      index: 0,
    });
  }
  return inOrder(
    value,
    properties.map(([name]) => name),
  );
}

function extraSchema(schema: JsonSchema, name: string): Json | undefined {
  const patterns = Object.entries((schema["patternProperties"] ?? {}) as JsonSchema);
  return patterns.find(([pattern]) => new RegExp(pattern, "u").test(name))?.[1] ?? schema["additionalProperties"];
}

// As the schema lists them: reasons before verdicts is how schemas are written to be read.
function inOrder(value: Record<string, Json>, names: readonly string[]): Json {
  const listed = names.filter((name) => value[name] !== undefined);
  const others = Object.keys(value).filter((name) => !listed.includes(name));
  return Object.fromEntries([...listed, ...others].map((name) => [name, value[name]]));
}

function makeList(making: Making, spot: Spot): Json {
  const { schema, path } = spot.view;
  const { root } = making;
  const prefix = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
  const items: Json[] = prefix.map((part, index) =>
    make(making, { ...spot, view: viewOf(part, root, path), depth: spot.depth + 1, index }),
  );
  const least = typeof schema["minItems"] === "number" ? schema["minItems"] : 0;
  const most = typeof schema["maxItems"] === "number" ? schema["maxItems"] : Math.max(least, 20);
  const found = prefix.length === 0 ? findHere(making, spot) : undefined;
  if (Array.isArray(found)) items.push(...(found as readonly Json[]).slice(0, most));
  const view = viewOf(schema["items"], root, path);
  const wanted = items.length === 0 && !isRecursive(view) && spot.depth < DEEPEST ? Math.min(1, most) : 0;
  const enough = Math.max(least, wanted);
  const singular = spot.name.replace(/ies$/, "y").replace(/s$/, "");
  for (let index = 0; items.length < enough && index < enough + 50; index++) {
    if (schema["items"] === false) break;
    const item = make(making, { view, name: singular, depth: spot.depth + 1, index });
    const known = schema["uniqueItems"] === true && items.some((other) => canonicalJson(other) === canonicalJson(item));
    if (!known) items.push(item);
  }
  return items.slice(0, Math.max(most, prefix.length));
}

function makeNumber(schema: JsonSchema, random: Random, index: number): number {
  const bound = (keyword: string) => (typeof schema[keyword] === "number" ? schema[keyword] : undefined);
  const whole = typeOf(schema) === "integer";
  const step = bound("multipleOf") ?? (whole ? 1 : 0.01);
  const above = bound("exclusiveMinimum");
  const below = bound("exclusiveMaximum");
  const low = bound("minimum") ?? above;
  const high = bound("maximum") ?? below;
  const bottom = low ?? (high === undefined ? 1 : high - 9 * step);
  const top = high ?? bottom + 9 * Math.max(1, step);
  // Counted in steps, so that every candidate is a multiple.
  const first =
    Math.ceil(bottom / step - 1e-9) + (above !== undefined && Math.ceil(bottom / step - 1e-9) * step <= above ? 1 : 0);
  const last =
    Math.floor(top / step + 1e-9) - (below !== undefined && Math.floor(top / step + 1e-9) * step >= below ? 1 : 0);
  if (last < first) return (bottom + top) / 2;
  const chosen = first + ((Math.floor(random() * (last - first + 1)) + index) % (last - first + 1));
  return Number((chosen * step).toPrecision(12));
}

const FORMATS: Readonly<Record<string, (n: number) => string>> = {
  email: (n) => `rehearsal${n === 0 ? "" : n}@example.com`,
  uri: (n) => `https://example.com/${n}`,
  url: (n) => `https://example.com/${n}`,
  uuid: (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  date: (n) => `2026-01-${String(1 + (n % 28)).padStart(2, "0")}`,
  "date-time": (n) => `2026-01-${String(1 + (n % 28)).padStart(2, "0")}T09:00:00Z`,
  time: (n) => `${String(9 + (n % 12)).padStart(2, "0")}:00:00Z`,
  hostname: (n) => `host${n}.example.com`,
  ipv4: (n) => `192.0.2.${1 + (n % 250)}`,
  ipv6: (n) => `2001:db8::${n + 1}`,
};

function makeText(making: Making, spot: Spot): string {
  const { schema } = spot.view;
  const accepts = acceptsOf(schema, making.root);
  const found = spot.index === 0 ? findHere(making, spot) : undefined;
  if (typeof found === "string") return found;
  const format = FORMATS[String(schema["format"] ?? "")];
  if (format !== undefined) return format(spot.index);
  const pattern = schema["pattern"];
  if (typeof pattern === "string") {
    for (let extra = 0; extra < 64; extra++) {
      const text = fromPattern(pattern, extra + spot.index);
      if (text !== undefined && accepts(text)) return text;
    }
  }
  return fit(sentenceFor(spot.name, making, spot.index), schema);
}

// Lengths count characters, not UTF-16 units.
function fit(text: string, schema: JsonSchema): string {
  const least = typeof schema["minLength"] === "number" ? schema["minLength"] : 0;
  const most = typeof schema["maxLength"] === "number" ? schema["maxLength"] : 4000;
  let characters = [...text];
  while (characters.length < least) characters = [...characters, ..." and so on"];
  const cut = characters.slice(0, Math.max(most, 0)).join("");
  return [...cut.trimEnd()].length >= least ? cut.trimEnd() : cut;
}
