import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { fail } from "../errors.ts";
import { type FoundFile, listFolder, readFiles } from "../folder/list.ts";
import { MANIFEST, type PluginManifest, parseManifest } from "./manifest.ts";

/** A plugin's folder as it was read in one moment: what is checked is what runs. */
export interface PluginFiles {
  readonly folder: string;
  readonly manifest: PluginManifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly digest: string;
}

const HEADER = "mofa-plugin-1\n";

/** Reads a plugin's folder once, and computes its digest; undefined when it is being written. */
export async function readPluginFiles(folder: string, found?: Iterable<FoundFile>): Promise<PluginFiles | undefined> {
  const files = await readFiles(found ?? (await listPluginFolder(folder)).files.values());
  if (files === undefined) return undefined;
  const text = files.get(MANIFEST);
  if (text === undefined) throw fail("manifest.not_found", { folder });
  const file = join(folder, MANIFEST);
  const manifest = parseManifest(file, toText(text));
  if (!files.has(manifest.main)) throw fail("manifest.no_main", { file, main: manifest.main });
  return { folder, manifest, files, digest: digestOfFiles(files) };
}

/** Lists a plugin's folder; packages inside are refused, because Node would load them unchecked, and links out of it. */
export async function listPluginFolder(folder: string): ReturnType<typeof listFolder> {
  const listing = await listFolder(folder);
  const inside = listing.folders.find((each) => basename(each) === "node_modules");
  if (inside !== undefined) throw fail("folder.has_packages", { folder: inside });
  for (const reason of listing.refused.values()) throw reason;
  return listing;
}

/** The digest of a plugin's folder. */
export async function digestOf(folder: string): Promise<string> {
  return (await readSettled(folder)).digest;
}

/** Reads a plugin's folder that nobody is expected to be writing to. */
export async function readSettled(folder: string): Promise<PluginFiles> {
  const read = (await readPluginFiles(folder)) ?? (await readPluginFiles(folder));
  if (read === undefined) throw fail("folder.in_motion", { folder });
  return read;
}

/**
 * SHA-256 over all files in the order of their paths (by UTF-8 bytes): for each one its path, a zero byte, its length
 * in bytes as digits, a zero byte, and its bytes; before all of them the line `mofa-plugin-1`. The manifest counts as
 * its JSON without `digest` and `signature`, with the keys in order and no spaces.
 */
export function digestOfFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256").update(HEADER);
  const paths = [...files.keys()].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  for (const path of paths) {
    const bytes = files.get(path) as Uint8Array;
    const counted = path === MANIFEST ? Buffer.from(canonicalManifest(toText(bytes))) : bytes;
    hash.update(`${path}\0${counted.byteLength}\0`).update(counted);
  }
  return `sha256-${hash.digest("base64")}`;
}

/** The text of a file's bytes. */
export function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function canonicalManifest(text: string): string {
  const { digest: _, signature: __, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(inOrder(rest));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, inOrder(each)]));
}
