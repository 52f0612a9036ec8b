// Lists a folder as what may be loaded from it: no hidden files, none that editors keep beside the real ones, and
// nothing that a link brings in from elsewhere.
import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { fail } from "../errors.ts";

export interface Listing {
  /** Where each file is, and what tells its versions apart; by path with forward slashes. */
  readonly files: ReadonlyMap<string, FoundFile>;
  /** The folder itself and all in it, absolute: what to watch. */
  readonly folders: readonly string[];
  /** What is there but may not be loaded, and why; by path. */
  readonly refused: ReadonlyMap<string, unknown>;
}

export interface FoundFile {
  readonly path: string;
  readonly real: string;
  readonly mark: string;
  readonly size: number;
}

const MOST_FILES = 2_000;
const MOST_BYTES = 32 * 1024 * 1024;
// Backups and half-written files of editors, downloads and other tools.
const BESIDE = /^[.#]|~$|^4913$|\.(?:swp|swx|swo|tmp|temp|bak|orig|rej|part|partial|crdownload)$|___jb_/u;

/** Whether a name is that of a hidden file, or of one that an editor or a tool keeps beside the real one. */
function isBeside(name: string): boolean {
  return BESIDE.test(name);
}

/** Lists the files of a folder, of the folders in it too. */
export async function listFolder(folder: string, { deep = true }: { readonly deep?: boolean } = {}): Promise<Listing> {
  const root = await rootOf(folder);
  const files = new Map<string, FoundFile>();
  const folders: string[] = [folder];
  const refused = new Map<string, unknown>();
  let bytes = 0;

  async function visit(under: string): Promise<void> {
    for (const entry of await entriesOf(join(folder, under))) {
      const path = under === "" ? entry.name : `${under}/${entry.name}`;
      if (isBeside(entry.name)) continue;
      const found = await look(entry, path);
      if (found === "folder") {
        folders.push(join(folder, path));
        // Packages are never listed: Node finds them itself.
        if (deep && entry.name !== "node_modules") await visit(path);
      } else if (found !== undefined) {
        files.set(path, found);
        bytes += found.size;
      }
      if (files.size > MOST_FILES) throw fail("folder.too_large", { folder, what: "files", most: MOST_FILES });
      if (bytes > MOST_BYTES) throw fail("folder.too_large", { folder, what: "bytes", most: MOST_BYTES });
    }
  }

  async function look(entry: Dirent, path: string): Promise<FoundFile | "folder" | undefined> {
    if (entry.isDirectory()) return "folder";
    let real = join(folder, path);
    if (entry.isSymbolicLink()) {
      // One that points to nothing is as good as not there.
      const target = await realpath(real).catch(() => undefined);
      if (target === undefined) return undefined;
      if (!target.startsWith(root + sep)) {
        refused.set(path, fail("folder.link_out", { folder, path, target }));
        return undefined;
      }
      real = target;
    }
    const found = await stat(real, { bigint: true }).catch(() => undefined);
    return found?.isFile() ? { path, real, mark: markOf(found), size: Number(found.size) } : undefined;
  }

  await visit("");
  return { files, folders, refused };
}

/** Reads files once, all of the same moment; undefined when one of them is being written. */
export async function readFiles(files: Iterable<FoundFile>): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const read = new Map<string, Uint8Array>();
  for (const { path, real, mark } of files) {
    try {
      const bytes = await readFile(real);
      if (markOf(await stat(real, { bigint: true })) !== mark) return undefined;
      read.set(path, bytes);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }
  return read;
}

/** What tells the versions of many files apart. */
export function marksOf(files: Iterable<FoundFile>): string {
  return [...files].map(({ path, mark }) => `${path} ${mark}`).join("\n");
}

/** Whether an error says that there is no such file or folder. */
export function isGone(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException)?.code ?? "");
}

async function rootOf(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (cause) {
    throw fail("folder.not_found", { folder, reason: (cause as Error).message }, { cause });
  }
}

/** In the order of their names, whatever order the disk keeps; none when the folder has just gone. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

interface Times {
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly size: bigint;
  readonly ino: bigint;
}

function markOf({ mtimeNs, ctimeNs, size, ino }: Times): string {
  return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
}
