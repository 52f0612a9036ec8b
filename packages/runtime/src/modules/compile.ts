import { stripTypeScriptTypes } from "node:module";
import { Script } from "node:vm";
import { fail } from "../errors.ts";
import { type Declarations, type Edit, IMPORT, Refusal, readDeclarations } from "./declarations.ts";

/** What a compiled module is called with. */
interface Room {
  /** What each source gave, in the order of `declarations.sources`. */
  readonly from: readonly Readonly<Record<string, unknown>>[];
  /** Says what the module exports; called before its first statement. */
  exports(getters: Readonly<Record<string, () => unknown>>): void;
}

/** `import(…)` of a module, with `import.meta` on it. */
export interface ImportCall {
  (specifier: string): Promise<unknown>;
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface CompiledModule {
  readonly declarations: Declarations;
  run(importCall: ImportCall, room: Room): Promise<void>;
}

const ROOM = "$mofa_room";

/**
 * Compiles a module into a function, so that nothing but who uses it keeps it alive: the module registry of Node keeps
 * every module until the process ends. Lines and columns stay as they are in the file.
 */
export function compileModule(file: string, source: string): CompiledModule {
  const text = /\.m?ts$/u.test(file) ? withoutTypes(file, source) : source;
  const declarations = declarationsOf(file, text);
  const head = headOf(declarations);
  const code = `${head}${edited(text, declarations.edits)}\n})`;
  try {
    const script = new Script(code, { filename: file, columnOffset: -head.length });
    return { declarations, run: script.runInThisContext() as CompiledModule["run"] };
  } catch (cause) {
    throw syntaxError(cause, { file, text, head: head.length });
  }
}

function withoutTypes(file: string, source: string): string {
  try {
    return stripTypeScriptTypes(source, { mode: "strip" });
  } catch (cause) {
    throw syntaxError(cause, { file, text: source, head: 0 });
  }
}

function declarationsOf(file: string, text: string): Declarations {
  try {
    return readDeclarations(text);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const before = text.slice(0, thrown.at).split("\n");
    const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
    throw fail("module.syntax", { file, line, column, problem: thrown.problem });
  }
}

/** Everything in one line before the module's own first line. */
function headOf({ sources, exports }: Declarations): string {
  const imports = sources.map(({ imports }, index) => {
    const whole = imports.filter(({ name }) => name === "*").map(({ as }) => `const ${as} = ${ROOM}.from[${index}];`);
    const names = imports.filter(({ name }) => name !== "*").map(({ name, as }) => `${JSON.stringify(name)}: ${as}`);
    return `${whole.join("")}${names.length === 0 ? "" : `const { ${names.join(", ")} } = ${ROOM}.from[${index}];`}`;
  });
  const getters = exports.map(({ name, local }) => `${JSON.stringify(name)}: () => ${local}`);
  return `(async function (${IMPORT}, ${ROOM}) { "use strict"; ${imports.join("")} ${ROOM}.exports({ __proto__: null, ${getters.join(", ")} }); `;
}

function edited(text: string, edits: readonly Edit[]): string {
  let done = "";
  let at = 0;
  for (const edit of [...edits].sort((left, right) => left.start - right.start)) {
    done += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return done + text.slice(at);
}

/** Reads the text of a JSON file; what is wrong is told with its place. */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = (cause as Error).message;
    const told = /\(line (\d+) column (\d+)\)/u.exec(problem);
    const place = told === null ? placeInJson(text) : { line: Number(told[1]), column: Number(told[2]) };
    throw fail("module.syntax", { file, ...place, problem }, { cause });
  }
}

/** The parser of JSON does not always say where; as an expression the same text is wrong in the same place. */
function placeInJson(text: string): Place {
  try {
    new Script(`(${text}\n)`, { columnOffset: -1 });
    return { line: 1, column: 1 };
  } catch (error) {
    return placeOf(error as Error, 1);
  }
}

interface Compiled {
  readonly file: string;
  readonly text: string;
  /** How many characters were put before the first line. */
  readonly head: number;
}

function syntaxError(cause: unknown, { file, text, head }: Compiled): unknown {
  if (!(cause instanceof Error)) return cause;
  // A file that just stops is told without a place, or with one behind its end.
  const lines = text.trimEnd().split("\n");
  const end = { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
  const place = placeOf(cause, head);
  const stops = cause.message.includes("<eof>") || place.line > lines.length;
  return fail("module.syntax", { file, ...(stops ? end : place), problem: cause.message }, { cause });
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place stands in the first lines of the stack: `file:line`, the text up to it, and marks under the wrong piece. */
function placeOf(error: Error, head: number): Place {
  const found = /^.*:(\d+)\n(?:.*\n)*?( *)\^+/u.exec(error.stack ?? "");
  const line = Number(found?.[1] ?? 1);
  return { line, column: Math.max(1, (found?.[2]?.length ?? 0) + 1 - (line === 1 ? head : 0)) };
}
