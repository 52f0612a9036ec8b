// What a folder of plugins holds: `NAME/` with a manifest, and modules that stand alone. Other folders, and files that
// begin with an underscore, are there to be imported.
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { fail } from "../errors.ts";
import { type FoundFile, type Listing, listFolder, marksOf, readFiles } from "../folder/list.ts";
import { type HotModules, type Namespace, readHotModules } from "../modules/hot-modules.ts";
import { listPluginFolder, type PluginFiles, readPluginFiles, toText } from "./digest.ts";
import { MANIFEST, type PluginManifest } from "./manifest.ts";
import { type Trust, verifyFiles } from "./signature.ts";

/** Something in a folder of plugins that may be a plugin. */
export interface Candidate {
  /** Its name in the folder. */
  readonly id: string;
  readonly path: string;
  readonly mark: string;
  /** Reads and checks it; nothing is run. Undefined when it is being written. */
  read(): Promise<ReadPlugin | undefined>;
}

export interface ReadPlugin {
  readonly digest: string;
  readonly signedBy: string | undefined;
  readonly manifest: PluginManifest | undefined;
  readonly modules: HotModules;
  /** What tells the versions of its files apart. */
  readonly hashes: ReadonlyMap<string, string>;
}

export interface CandidatesOptions {
  readonly folder: string;
  readonly trust: Trust;
  readonly shared: Readonly<Record<string, Namespace>>;
  /** The hashes of the version of a plugin that was last used. */
  before(id: string): ReadonlyMap<string, string> | undefined;
}

const MODULE = /\.(?:ts|mts|js|mjs)$/u;
const NO_PLUGIN = /^_|\.(?:test|spec|d)\.\w+$/u;

/** Whether a file is a module that stands alone, and not one that others import or a test. */
export function isModule(name: string): boolean {
  return MODULE.test(name) && !NO_PLUGIN.test(name);
}

/** Finds what may be plugins, and the folders to watch. */
export async function findCandidates(
  options: CandidatesOptions,
): Promise<{ readonly units: readonly Candidate[]; readonly folders: readonly string[] }> {
  const { folder } = options;
  const top = await listFolder(folder, { deep: false });
  const folders = [folder];
  const library = new Map(top.files);
  const units: Candidate[] = [];
  for (const inner of top.folders.slice(1)) {
    const name = basename(inner);
    if (name === "node_modules") continue;
    const listing = await listInner(inner);
    folders.push(...listing.folders);
    if ("failure" in listing) units.push(brokenCandidate(name, inner, listing.failure));
    else if (listing.files.has(MANIFEST)) units.push(folderCandidate(name, inner, listing, options));
    else
      for (const [path, found] of listing.files) library.set(`${name}/${path}`, { ...found, path: `${name}/${path}` });
  }
  for (const [path, reason] of top.refused) units.push(brokenCandidate(path, join(folder, path), reason));
  const mark = marksOf(library.values());
  for (const [name] of top.files) if (isModule(name)) units.push(moduleCandidate(name, { mark, library }, options));
  return { units: units.sort((left, right) => (left.id < right.id ? -1 : 1)), folders };
}

/** A folder that may not be read is a plugin that fails: the others go on. */
async function listInner(folder: string): Promise<Listing & { readonly failure?: unknown }> {
  try {
    return await listPluginFolder(folder);
  } catch (failure) {
    return { files: new Map(), folders: [folder], refused: new Map(), failure };
  }
}

/** Something that may not be read, so that it fails by name. */
export function brokenCandidate(id: string, path: string, failure: unknown): Candidate {
  return { id, path, mark: String(failure), read: () => Promise.reject(failure) };
}

function folderCandidate(id: string, path: string, listing: Listing, options: CandidatesOptions): Candidate {
  const { trust, shared, before } = options;
  return {
    id,
    path,
    mark: marksOf(listing.files.values()),
    async read() {
      const found = await readPluginFiles(path, listing.files.values());
      if (found === undefined) return undefined;
      const { files, manifest, digest } = found;
      const hashes = hashesOf(files);
      const { signedBy } = verifyFiles(found, trust, firstDifference(before(id), hashes));
      return { digest, signedBy, manifest, hashes, modules: modulesOf(found, shared) };
    },
  };
}

function modulesOf({ folder, files, manifest }: PluginFiles, shared: CandidatesOptions["shared"]): HotModules {
  // What a digest covers is what is there to be loaded.
  return readHotModules(manifest.main, { folder, shared, text: textsOf(files) });
}

/** Files that a module may import. */
interface Library {
  readonly mark: string;
  readonly library: ReadonlyMap<string, FoundFile>;
}

/** A module that stands alone, with those of the library that it imports. */
export function moduleCandidate(id: string, { mark, library }: Library, options: CandidatesOptions): Candidate {
  const { folder, trust, shared } = options;
  const path = join(folder, id);
  return {
    id,
    path,
    mark,
    async read() {
      if (trust.required === true) throw fail("plugin.unsigned", { path });
      const sources = [...library.values()].filter((file) => MODULE.test(file.path) || file.path.endsWith(".json"));
      const files = await readFiles(sources);
      if (files === undefined) return undefined;
      const modules = readHotModules(id, { folder, shared, text: textsOf(files) });
      // Only what it imports counts: an edit of another plugin is none of this one.
      const own = new Map(modules.files.map((file) => [file, files.get(file) as Uint8Array]));
      const hashes = hashesOf(own);
      return { digest: digestOfHashes(hashes), signedBy: undefined, manifest: undefined, hashes, modules };
    },
  };
}

function textsOf(files: ReadonlyMap<string, Uint8Array>): (path: string) => string | undefined {
  return (path) => {
    const bytes = files.get(path);
    return bytes === undefined ? undefined : toText(bytes);
  };
}

function hashesOf(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, string> {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("base64");
  return new Map([...files].map(([path, bytes]) => [path, hash(bytes)]));
}

function digestOfHashes(hashes: ReadonlyMap<string, string>): string {
  const lines = [...hashes].map(([path, hash]) => `${path}\0${hash}\n`);
  return `sha256-${createHash("sha256").update(lines.sort().join("")).digest("base64")}`;
}

function firstDifference(
  before: ReadonlyMap<string, string> | undefined,
  now: ReadonlyMap<string, string>,
): string | undefined {
  if (before === undefined) return undefined;
  const paths = [...new Set([...before.keys(), ...now.keys()])].sort();
  return paths.find((path) => path !== MANIFEST && before.get(path) !== now.get(path));
}
