/** Where something is in nested data. */
export type Path = readonly (string | number)[];

/** Says a path as people write it: `gateway.hosts[0]`. */
export function sayPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/** Reads a path as `sayPath` writes it. */
export function toPath(text: string): Path {
  const parts = text.match(/\[\d+\]|[^.[\]]+/gu) ?? [];
  return parts.map((part) => (part.startsWith("[") ? Number(part.slice(1, -1)) : part));
}

/** What stands at a path; undefined when nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[part];
  }
  return here;
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm, as a sandboxed config makes them, is plain when its prototype ends the chain.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The same nesting with every text, number or other single value replaced; lists and plain objects are walked. */
export function mapLeaves(value: unknown, change: (leaf: unknown, path: Path) => unknown, path: Path = []): unknown {
  if (Array.isArray(value)) return value.map((item, index) => mapLeaves(item, change, [...path, index]));
  if (!isPlainObject(value)) return change(value, path);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change, [...path, key])]));
}

/** The second over the first: objects key by key, everything else as a whole. */
export function mergeOver(below: unknown, above: unknown): unknown {
  if (!isPlainObject(below) || !isPlainObject(above)) return above === undefined ? below : above;
  const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(keys.map((key) => [key, mergeOver(own(below, key), own(above, key))]));
}

/** A copy with something else at a path; what is missing on the way is made. */
export function withValueAt(value: unknown, path: Path, put: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return put;
  const here = isPlainObject(value) ? value : {};
  return { ...here, [first]: withValueAt(own(here, String(first)), rest, put) };
}

function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
