import { parse, TomlError } from "smol-toml";
import { fail } from "../errors.ts";
import { isPlainObject, type Path, sayPath } from "./path.ts";
import type { Parsed, Place } from "./source.ts";

// A value over more lines than this has no place: finding its end reads it again for each line.
const MAX_LINES = 200;

/** Reads TOML 1.0. */
export function parseToml(text: string, file: string): Parsed {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    const place = cause instanceof TomlError ? { line: cause.line, column: cause.column } : {};
    throw fail("config.syntax", { file, ...place, problem }, { cause });
  }
  let lines: ReadonlyMap<string, number> | undefined;
  const place = (path: Path): Place | undefined => {
    lines ??= findLines(text);
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(sayPath(path.slice(0, length)));
      if (line !== undefined) return { line, column: 1 };
    }
    return undefined;
  };
  return { value, place };
}

/**
 * The line of each key. The parser tells no places, so statements are read one by one: a statement is what can be read
 * by itself, and its keys belong to the table whose head was read last.
 */
function findLines(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const lists = new Map<string, number>();
  const lines = text.split(/\r?\n/u);
  let table: Path = [];
  for (let from = 0; from < lines.length; ) {
    const statement = readStatement(lines, from);
    if (statement === undefined) break;
    const isHead = (lines[from] ?? "").trimStart().startsWith("[");
    if (isHead) table = toTable(statement.value, lists);
    for (const path of isHead ? [table] : pathsIn(statement.value, table)) {
      const key = sayPath(path);
      if (!found.has(key)) found.set(key, from + 1);
    }
    from = statement.end;
  }
  return found;
}

function readStatement(lines: readonly string[], from: number) {
  for (let end = from + 1; end <= Math.min(lines.length, from + MAX_LINES); end++) {
    try {
      return { value: parse(lines.slice(from, end).join("\n")), end };
    } catch {
      // Not yet whole: the value goes on in the next line. The text as a whole was read before, so there is an end.
    }
  }
  return undefined;
}

/** The path that the head of a table opens: `[a.b]`, or the next item of `[[a.b]]`. */
function toTable(head: unknown, lists: Map<string, number>): Path {
  const path: (string | number)[] = [];
  let here = head;
  while (isPlainObject(here) && Object.keys(here).length > 0) {
    const key = Object.keys(here)[0] as string;
    path.push(key);
    here = here[key];
    const name = sayPath(path);
    const last = lists.get(name);
    if (Array.isArray(here)) {
      lists.set(name, (last ?? -1) + 1);
      return [...path, (last ?? -1) + 1];
    }
    if (last !== undefined) path.push(last);
  }
  return path;
}

function pathsIn(value: unknown, around: Path): readonly Path[] {
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : isPlainObject(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, item]) => [[...around, key], ...pathsIn(item, [...around, key])]);
}
