import { posix } from "node:path";
import { allows, layerOf } from "./rules.ts";
import type { Habit, Import, Source } from "./source.ts";

const longest = 400;

/** Where a file is, relative to the root. */
export interface Place {
  /** The package's folder. */
  readonly folder: string;
  readonly path: string;
}

/** Says whether a file is a test, which may do more than a source. */
function isTest({ folder, path }: Place): boolean {
  return /\.test(-d)?\.ts$/.test(path) || path.startsWith(`${folder}/test/`);
}

/** Says what is wrong with a file: what it imports, what it does and how long it is. */
export function checkFile(place: Place, source: Source): readonly string[] {
  const problems = source.imports.flatMap((each) => {
    const problem = checkImport(place, each);
    return problem === undefined ? [] : [`${place.path}:${each.line} ${problem}`];
  });
  if (isTest(place)) return problems;
  for (const { what, line } of source.habits)
    if (refuses(place, what)) problems.push(`${place.path}:${line} ${what}: ${instead[what]}.`);
  if (source.lines > longest)
    problems.push(`${place.path} has ${source.lines} lines: split it, ${longest} are the most.`);
  return problems;
}

const instead: Readonly<Record<Habit["what"], string>> = {
  "throws a bare Error": "throw one of the package's table of errors",
  "uses console": "use ctx.log or call.log",
  "has a default export": "export it by name",
};

// Programs for the terminal print; only what is published has to fail by a table.
function refuses({ folder, path }: Place, what: Habit["what"]): boolean {
  if (!path.startsWith(`${folder}/src/`)) return false;
  const isPackage = folder.startsWith("packages/") && folder !== "packages/devkit";
  return isPackage || (folder === "apps/cli" && what === "throws a bare Error");
}

function checkImport(place: Place, { from }: Import): string | undefined {
  if (from.startsWith("."))
    return toPath(place.path, from).startsWith(`${place.folder}/`) ? undefined : `leaves its package by "${from}".`;
  if (!from.startsWith("@mofa/")) return undefined;
  const name = from.slice("@mofa/".length);
  const layer = layerOf(place.folder);
  if (!place.path.startsWith(`${place.folder}/src/`) && name.startsWith("devkit/")) return undefined;
  if (isTest(place)) {
    const own = place.folder.split("/")[1];
    const inTests = [...layer.dependsOn, ...layer.optionalPeers, "kernel", own].flatMap((each) => [
      each ?? "",
      `${each}/*`,
    ]);
    return allows([...inTests, ...layer.imports], name) ? undefined : `may not import ${from}, not even in a test.`;
  }
  return allows(layer.imports, name) ? undefined : `may not import ${from}.`;
}

/** The path that a relative import leads to. */
export function toPath(path: string, from: string): string {
  return posix.normalize(posix.join(posix.dirname(path), from));
}
