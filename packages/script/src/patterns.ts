// The patterns in a script's schemas are matched by the host, where nothing can stop them. So before they are let in, they
// are matched in an isolate against texts that make greedy patterns try for ever: under its time limit.
import type { Json, JsonSchema, ScriptSource } from "@mofa/kernel";

const PROBE = String.raw`
const units = (pattern) => {
  const letters = [...new Set([...pattern.replace(/\\./g, "").replace(/[^\p{L}\p{N}_@. -]/gu, ""), "a", "0", "-", " "])].slice(0, 16);
  const pairs = letters.slice(0, 5).flatMap((one) => letters.slice(0, 5).map((two) => one + two));
  return [...letters, ...pairs];
};
for (const pattern of patterns) {
  const test = new RegExp(pattern, "u");
  for (const unit of units(pattern)) test.test(unit.repeat(1000) + "\u0000");
}
export const checked = patterns.length;
`;

/** Makes the source of a probe of a schema's patterns, or nothing when there are none; one that runs out of time failed. */
export function patternProbe(name: string, schemas: readonly (JsonSchema | undefined)[]): ScriptSource | undefined {
  const patterns = new Set<string>();
  for (const schema of schemas) if (schema !== undefined) collect(schema, patterns);
  if (patterns.size === 0) return undefined;
  return { name, text: `const patterns = ${JSON.stringify([...patterns])};${PROBE}` };
}

// Whatever stands under these words is taken for a pattern: a property that is called so costs a needless look, no more.
function collect(value: Json | undefined, patterns: Set<string>): void {
  if (value === null || typeof value !== "object") return;
  for (const [key, item] of Object.entries(value) as [string, Json | undefined][]) {
    if (key === "pattern" && typeof item === "string") patterns.add(item);
    if (key === "patternProperties" && typeof item === "object" && item !== null)
      for (const name of Object.keys(item)) patterns.add(name);
    collect(item, patterns);
  }
}
