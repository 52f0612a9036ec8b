import type { ScriptSource } from "@mofa/kernel";

/** Makes one source of many expressions of `input`, exported as `e0`, `e1` …: evaluated in one batch, they cross the border once. */
export function expressions(name: string, list: readonly string[]): ScriptSource {
  // A line of its own for the end: an expression may close with a comment.
  return { name, text: list.map((text, index) => `export const e${index} = (input) => (${text}\n);\n`).join("") };
}

// The text begins on the first line, so that errors name its own lines.
/** Makes a source of one expression of `input`, or, for work with a host, of `input` and `host` where `await` may stand. */
export function expression(name: string, text: string, host = false): ScriptSource {
  return { name, text: `export const run = ${host ? "async (input, host)" : "(input)"} => (${text}\n);\n` };
}
