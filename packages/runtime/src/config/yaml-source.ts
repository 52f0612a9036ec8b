import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { fail } from "../errors.ts";
import type { Path } from "./path.ts";
import type { Parsed, Place } from "./source.ts";

// An alias that is used often is made into as many copies: a few lines could fill the memory.
const MAX_ALIASES = 50;

/** Reads YAML 1.2. */
export function parseYaml(text: string, file: string): Parsed {
  const lines = new LineCounter();
  const toPlace = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const document = parse(text, lines, file);
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw fail("config.syntax", { file, ...toPlace(problem.pos[0]), problem: firstLine(problem.message) });
  }
  return { value: toValue(document, file), place: (path) => placeOf(document, path, toPlace) };
}

function parse(text: string, lines: LineCounter, file: string): Document {
  try {
    return parseDocument(text, { lineCounter: lines });
  } catch (cause) {
    throw fail("config.syntax", { file, ...reasonOf(cause) }, { cause });
  }
}

function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw fail("config.syntax", { file, ...reasonOf(cause) }, { cause });
  }
}

function reasonOf(cause: unknown): { readonly problem: string } {
  return { problem: cause instanceof Error ? firstLine(cause.message) : String(cause) };
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/:$/u, "");
}

function placeOf(document: Document, path: Path, toPlace: (offset: number) => Place): Place {
  for (let length = path.length; length > 0; length--) {
    const around = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const offset = offsetIn(around, path[length - 1]);
    if (offset !== undefined) return toPlace(offset);
  }
  return { line: 1, column: 1 };
}

function offsetIn(around: unknown, key: string | number | undefined): number | undefined {
  if (isSeq(around)) return (around.items[Number(key)] as Node | undefined)?.range?.[0];
  if (!isMap(around)) return undefined;
  const pair = around.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
}
