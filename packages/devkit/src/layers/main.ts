// Checks what a compiler does not: which package may use which, no import cycles, and the habits of the house.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Package, readWorkspace, root } from "../workspace.ts";
import { findCycles } from "./cycles.ts";
import { checkFile, type Place, toPath } from "./file.ts";
import { checkManifest } from "./manifest.ts";
import { readSource } from "./source.ts";

const workspace = readWorkspace();
const files = workspace.flatMap(listFiles).map((place) => ({ place, source: readSource(place.path, read(place)) }));
const graph = new Map(
  files.map(({ place, source }) => [
    place.path,
    source.imports
      .filter(({ from, typeOnly }) => !typeOnly && from.startsWith("."))
      .map(({ from }) => toPath(place.path, from)),
  ]),
);
const problems = [
  ...workspace.flatMap(checkManifest),
  ...files.flatMap(({ place, source }) => checkFile(place, source)),
  ...findCycles(graph).map((cycle) => `Import cycle: ${[...cycle, cycle[0]].join(" → ")}`),
];
for (const problem of problems) console.log(problem);
console.log(`layers: ${files.length} files of ${workspace.length} packages, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function listFiles({ folder }: Package): readonly Place[] {
  return ["src", "test", "."]
    .filter((part) => existsSync(join(root, folder, part)))
    .flatMap((part) =>
      readdirSync(join(root, folder, part), { recursive: part !== ".", encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
        .map((name) => ({ folder, path: join(folder, part, name).replaceAll("\\", "/") })),
    );
}

function read({ path }: Place): string {
  return readFileSync(join(root, path), "utf8");
}
