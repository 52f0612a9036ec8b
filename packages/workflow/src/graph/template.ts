// Values with references in them: `${input.text}`, `${answer.items[0].id}`, "Refund ${answer.amount}?".
//
// 1. A text that is one reference keeps the type of what it refers to; in other texts, JSON is written out.
// 2. What is absent is null, and so is whatever is looked for in it.
// 3. `$${` stands for `${` itself. Only own fields are seen: never a prototype's.
import type { Json, JsonObject } from "@mofa/kernel";

interface Reference {
  /** `input` or the id of a node. */
  readonly root: string;
  readonly path: readonly (string | number)[];
}

/** Where references are looked up. */
export interface Scope {
  /** The value under a root name; `number` is the node's in the graph that the template is for, or -1. */
  look(root: string, number: number): Json;
}

/** The nodes of a graph by id, so that their outputs need not be looked for by name. */
type Numbers = ReadonlyMap<string, number>;

/** A value made ready: resolves its references. */
export type Template = (scope: Scope) => Json;

type Part = string | Reference;

/** A text as literal parts and references, or what is wrong with it. */
export function readText(text: string): { readonly parts: readonly Part[] } | { readonly problem: string } {
  const parts: Part[] = [];
  let literal = "";
  let position = 0;
  for (let start = text.indexOf("${"); start >= 0; start = text.indexOf("${", position)) {
    if (text[start - 1] === "$" && start > position) {
      literal += `${text.slice(position, start - 1)}\${`;
      position = start + 2;
      continue;
    }
    REFERENCE.lastIndex = start;
    const match = REFERENCE.exec(text);
    if (match === null)
      return {
        problem: `"${text.slice(start, start + 24)}" is no reference. Write \${node.field}, or $\${ for a literal \${.`,
      };
    literal += text.slice(position, start);
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push({ root: match[1] ?? "", path: readPath(match[2] ?? "") });
    position = REFERENCE.lastIndex;
  }
  literal += text.slice(position);
  if (literal !== "" || parts.length === 0) parts.push(literal);
  return { parts };
}

/** Makes a value ready; texts in it must have been checked. What has no references is given as it is. */
export function compileTemplate(value: Json, numbers: Numbers = NO_NUMBERS): Template {
  return hasDollar(value) ? compileValue(value, numbers) : () => value;
}

const NO_NUMBERS: Numbers = new Map();

function hasDollar(value: Json): boolean {
  if (typeof value === "string") return value.includes("${");
  return typeof value === "object" && value !== null && Object.values(value).some((item) => hasDollar(item ?? null));
}

function compileValue(value: Json, numbers: Numbers): Template {
  if (typeof value === "string") return compileText(value, numbers);
  if (value === null || typeof value !== "object") return () => value;
  if (!isList(value)) return compileFields(value, numbers);
  const items = value.map((item) => compileTemplate(item, numbers));
  return (scope) => items.map((item) => item(scope));
}

/** Only what hangs on references is made anew: the rest is there in one copy of an object of the same form. */
function compileFields(value: JsonObject, numbers: Numbers): Template {
  const form: Record<string, Json> = {};
  const changing: { readonly key: string; readonly item: Template }[] = [];
  // No definition has the key "__proto__": reading and checking refuse it.
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const changes = hasDollar(item);
    form[key] = changes ? null : item;
    if (changes) changing.push({ key, item: compileValue(item, numbers) });
  }
  return (scope) => {
    const result = { ...form };
    for (const { key, item } of changing) result[key] = item(scope);
    return result;
  };
}

function compileText(text: string, numbers: Numbers): Template {
  const read = readText(text);
  if ("problem" in read) return () => text;
  const parts = read.parts.map((part) => (typeof part === "string" ? part : compileReference(part, numbers)));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return typeof only === "string" ? () => only : only;
  return (scope) => parts.map((part) => (typeof part === "string" ? part : toText(part(scope)))).join("");
}

function compileReference({ root, path }: Reference, numbers: Numbers): Template {
  const number = numbers.get(root) ?? -1;
  if (path.length === 0) return (scope) => scope.look(root, number);
  return (scope) => valueAt(scope.look(root, number), path);
}

/** What stands at a path in a value; null when nothing does. */
export function valueAt(value: Json, path: readonly (string | number)[]): Json {
  let here: Json | undefined = value;
  for (const key of path) {
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, key)) return null;
    here = (here as JsonObject)[key];
  }
  return here ?? null;
}

function toText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Reads what may follow a name in a reference: `.items[0]["odd key"]`. */
export function readPath(text: string): readonly (string | number)[] {
  if (text === "") return [];
  const path: (string | number)[] = [];
  // Stepped by hand: matchAll makes a copy of the expression for every text.
  STEP.lastIndex = 0;
  for (let match = STEP.exec(text); match !== null; match = STEP.exec(text)) {
    path.push(match[1] ?? match[3] ?? Number(match[2]));
  }
  return path;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const REFERENCE = /\$\{\s*([A-Za-z_][\w-]*)((?:\??\.[\p{L}_$][\p{L}\p{N}_$-]*|\[\d+\]|\["[^"\\]*"\])*)\s*\}/uy;
const STEP = /\??\.([\p{L}_$][\p{L}\p{N}_$-]*)|\[(\d+)\]|\["([^"\\]*)"\]/gu;
