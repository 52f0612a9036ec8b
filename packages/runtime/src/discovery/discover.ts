import { readFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { type ErrorJson, toErrorJson } from "@mofa/kernel";
import { isGone, type Listing, listFolder } from "../folder/list.ts";
import { isModule } from "../plugins/candidates.ts";
import { MANIFEST, parseManifest } from "../plugins/manifest.ts";

/** The folders that a project may have. */
export type ProjectFolder = "agents" | "tools" | "workflows" | "rules" | "plugins";

/** Something in a project that can be loaded. */
export interface FoundPart {
  readonly path: string;
  /** Its name in the folder: what it is called itself is known once it is loaded. */
  readonly name: string;
  readonly form: "description" | "module" | "script" | "package";
  /** For a plugin with a manifest. */
  readonly version?: string;
}

/** Why something in a project is not loaded. */
export interface FoundProblem {
  readonly path: string;
  readonly error: ErrorJson;
}

/** What is in a project folder. */
export interface Discovered {
  readonly folder: string;
  /** Which of the folders are there. */
  readonly there: readonly ProjectFolder[];
  readonly parts: Readonly<Record<ProjectFolder, readonly FoundPart[]>>;
  readonly problems: readonly FoundProblem[];
}

interface Finding {
  readonly parts: readonly FoundPart[];
  readonly problems: readonly FoundProblem[];
}

const FOLDERS: readonly ProjectFolder[] = ["agents", "tools", "workflows", "rules", "plugins"];

const FORMS: Readonly<Record<Exclude<ProjectFolder, "plugins">, (name: string) => FoundPart["form"] | undefined>> = {
  agents: (name) => (/\.(?:ya?ml|json|toml)$/u.test(name) ? "description" : isModule(name) ? "module" : undefined),
  workflows: (name) => (/\.(?:ya?ml|json)$/u.test(name) ? "description" : undefined),
  tools: (name) => (name.endsWith(".js") ? "script" : undefined),
  rules: (name) => (name.endsWith(".js") ? "script" : undefined),
};

/** Looks at what a project folder holds, by where it lies and how it is called; nothing is run. */
export async function discover(folder: string): Promise<Discovered> {
  const absolute = resolve(folder);
  const found = await Promise.all(FOLDERS.map((name) => lookInto(name, join(absolute, name))));
  const parts = Object.fromEntries(FOLDERS.map((name, index) => [name, found[index]?.parts ?? []]));
  return {
    folder: absolute,
    there: FOLDERS.filter((_, index) => found[index] !== undefined),
    parts: parts as Discovered["parts"],
    problems: found.flatMap((each) => each?.problems ?? []),
  };
}

async function lookInto(name: ProjectFolder, folder: string): Promise<Finding | undefined> {
  let listing: Listing;
  try {
    listing = await listFolder(folder, { deep: false });
  } catch (error) {
    if (isGone((error as Error).cause)) return undefined;
    return { parts: [], problems: [{ path: folder, error: toErrorJson(error) }] };
  }
  const files = [...listing.files.keys()];
  const refused = [...listing.refused].map(([path, reason]) => ({
    path: join(folder, path),
    error: toErrorJson(reason),
  }));
  if (name !== "plugins")
    return { parts: files.flatMap((file) => partOf(folder, file, FORMS[name](file))), problems: refused };
  const modules = files.flatMap((file) => partOf(folder, file, isModule(file) ? "module" : undefined));
  const packages = await Promise.all(listing.folders.slice(1).map(packageOf));
  return {
    parts: [...modules, ...packages.flatMap((each) => each?.parts ?? [])],
    problems: [...refused, ...packages.flatMap((each) => each?.problems ?? [])],
  };
}

function partOf(folder: string, file: string, form: FoundPart["form"] | undefined): readonly FoundPart[] {
  return form === undefined ? [] : [{ path: join(folder, file), name: file.slice(0, -extname(file).length), form }];
}

/** A folder without a manifest holds what others import: no plugin, and nothing wrong. */
async function packageOf(folder: string): Promise<Finding | undefined> {
  const file = join(folder, MANIFEST);
  try {
    const { name, version } = parseManifest(file, await readFile(file, "utf8"));
    return { parts: [{ path: folder, name, version, form: "package" }], problems: [] };
  } catch (error) {
    if (isGone(error)) return undefined;
    return { parts: [], problems: [{ path: folder, error: toErrorJson(error) }] };
  }
}
