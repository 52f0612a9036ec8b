import { type Checked, nearest, type Schema, toCheck } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { isPlainObject, type Path, sayPath, toPath, valueAt } from "./path.ts";
import { childOf, isClosed, keysOf, type SchemaView } from "./schema-view.ts";
import type { Place } from "./source.ts";

/** Where a path was said: in a file, or in an environment variable. */
export type Where = (path: Path) => { readonly file: string } & Partial<Place>;

/** Checks data against a schema, and names the place of the first thing that is wrong. */
export async function checkData(value: unknown, schema: Schema, look: { view: SchemaView; where: Where }) {
  refuseUnknownKeys(value, look.view, { where: look.where, path: [] });
  const checked: Checked = await toCheck(schema)(value);
  if ("value" in checked) return checked.value;
  const issue = checked.issues[0] ?? { path: "", message: "is not right" };
  const more = checked.issues.length - 1;
  const said = sayIssue(issue.message, valueAt(value, toPath(issue.path)));
  const problem = more === 0 ? said : `${said} (and ${more} more)`;
  throw fail("config.bad_value", { ...look.where(toPath(issue.path)), path: issue.path, problem });
}

// What libraries begin every complaint with; the sentence around it says that already.
const OPENING = /^Invalid (?:input|option): /u;

function sayIssue(message: string, value: unknown): string {
  if (!OPENING.test(message)) return message;
  return value === undefined ? "must be given" : message.replace(OPENING, "");
}

interface Position {
  readonly where: Where;
  readonly path: Path;
}

function refuseUnknownKeys(value: unknown, view: SchemaView, { where, path }: Position): void {
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : isPlainObject(value)
      ? Object.entries(value)
      : [];
  for (const [key, item] of entries) {
    const here = [...path, key];
    const child = childOf(view, key);
    if (child !== undefined) refuseUnknownKeys(item, child, { where, path: here });
    else if (typeof key === "string" && isClosed(view)) throw unknownKey(key, view, { where, path: here });
  }
}

function unknownKey(key: string, view: SchemaView, { where, path }: Position): Error {
  const known = keysOf(view);
  const names = { path: sayPath(path), nearest: nearest(key, known), known: known.join(", ") };
  return fail("config.unknown_key", { ...where(path), ...names });
}
