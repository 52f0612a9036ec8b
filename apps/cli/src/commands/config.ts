import type { Explanation } from "@mofa/sdk/runtime";
import { openProject } from "../project/config.ts";
import type { Terminal } from "../terminal.ts";

/** Prints every value of a project's config with its origin. */
export async function printConfig(folder: string, terminal: Terminal): Promise<number> {
  const { loaded } = await openProject(folder, process.env, terminal.secrets);
  const rows = loaded.entries().map(({ path, value, origins }) => [path, say(value), origins[0]?.says ?? ""] as const);
  terminal.print(`# ${loaded.file}\n${toTable(rows)}`);
  return 0;
}

/** Prints one value, or a branch value by value, with the chain of what was put over what. */
export async function explainConfig(key: string, folder: string, terminal: Terminal): Promise<number> {
  const { loaded } = await openProject(folder, process.env, terminal.secrets);
  const asked = loaded.explain(key);
  const below = loaded.entries().filter(({ path }) => path.startsWith(`${asked.path}.`));
  terminal.print((below.length === 0 ? [asked] : below).map(explain).join("\n\n"));
  return 0;
}

function explain({ path, value, origins }: Explanation): string {
  const rows = origins.map(
    ({ says, written }, index) => [index === 0 ? "  from" : "  over", says, say(written)] as const,
  );
  const head = `${path} = ${say(value)}`;
  return rows.length === 0 ? `${head}\n  nobody said anything about it` : `${head}\n${toTable(rows)}`;
}

function say(value: unknown): string {
  return value === undefined ? "(not set)" : (JSON.stringify(value) ?? String(value));
}

function toTable(rows: readonly (readonly [string, string, string])[]): string {
  const width = (column: 0 | 1) => Math.min(60, Math.max(0, ...rows.map((row) => row[column].length)));
  const [first, second] = [width(0), width(1)];
  return rows.map(([one, two, three]) => `${one.padEnd(first)}  ${two.padEnd(second)}  ${three}`.trimEnd()).join("\n");
}
