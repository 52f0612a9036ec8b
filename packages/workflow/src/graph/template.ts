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

/** Gives the value under a root name. */
export type Scope = (root: string) => Json;

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
export function compileTemplate(value: Json): Template {
  return hasDollar(value) ? compileValue(value) : () => value;
}

function hasDollar(value: Json): boolean {
  if (typeof value === "string") return value.includes("${");
  return typeof value === "object" && value !== null && Object.values(value).some((item) => hasDollar(item ?? null));
}

function compileValue(value: Json): Template {
  if (typeof value === "string") return compileText(value);
  if (value === null || typeof value !== "object") return () => value;
  if (isList(value)) {
    const items = value.map(compileTemplate);
    return (scope) => items.map((item) => item(scope));
  }
  const fields = Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : [[key, compileTemplate(item)] as const],
  );
  return (scope) => Object.fromEntries(fields.map(([key, item]) => [key, item(scope)]));
}

function compileText(text: string): Template {
  const read = readText(text);
  if ("problem" in read) return () => text;
  const { parts } = read;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined)
    return typeof only === "string" ? () => only : (scope) => look(scope, only);
  return (scope) => parts.map((part) => (typeof part === "string" ? part : toText(look(scope, part)))).join("");
}

function look(scope: Scope, { root, path }: Reference): Json {
  return valueAt(scope(root), path);
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
