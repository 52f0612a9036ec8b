// Compares the public interface of every package with its report in docs/api; with --write, writes the reports.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Package, readPublic, root } from "../workspace.ts";
import { describe, type Entry } from "./report.ts";

const folder = join(root, "docs", "api");
const reports = new Map([...describe(readPublic().flatMap(listEntries))].map(([entry, text]) => [fileOf(entry), text]));

if (process.argv.includes("--write")) write();
else compare();

function listEntries({ folder, manifest }: Package): readonly Entry[] {
  return Object.entries(manifest.publishConfig?.exports ?? {}).flatMap(([path, target]) => {
    const types = typeof target === "string" ? undefined : target["types"];
    return types === undefined ? [] : [{ name: join(manifest.name, path), file: join(root, folder, types) }];
  });
}

// @mofa/sdk/llm/rehearsal is told in sdk.llm-rehearsal.api.md.
function fileOf({ name }: Entry): string {
  const [, pack, ...entry] = name.split("/");
  return `${pack}.${entry.join("-") || "index"}.api.md`;
}

function write(): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith(".api.md")) rmSync(join(folder, name));
  for (const [name, text] of reports) writeFileSync(join(folder, name), text);
  console.log(`api: ${reports.size} reports written to docs/api`);
}

function compare(): void {
  const changed = [...reports].filter(([name, text]) => !isSame(join(folder, name), text)).map(([name]) => name);
  const gone = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(".api.md") && !reports.has(name))
    : [];
  for (const name of [...changed, ...gone]) console.log(`docs/api/${name} is not what the package exports.`);
  if (changed.length + gone.length > 0)
    console.log('The public interface has changed: run "npm run api" and commit what it writes.');
  process.exitCode = changed.length + gone.length === 0 ? 0 : 1;
}

function isSame(file: string, text: string): boolean {
  return existsSync(file) && readFileSync(file, "utf8") === text;
}
