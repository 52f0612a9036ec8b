// A folder of scripts that is followed while it is edited.
//
// 1. What a file brings is taken back when the file goes, or when its next version is in place: never before.
// 2. A version that cannot be brought changes nothing; it is tried again when the file changes.
// 3. One look at the folder at a time; changes seen meanwhile cause another look. Files are known by time, size and
//    inode, so that an editor's write-beside-and-rename is a change like any other.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Log, ScriptSource } from "@mofa/kernel";
import { fail } from "./errors.ts";
import { followFolder } from "./follow.ts";

export interface FolderOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Brings what a file says; the returned function takes it back. Throws when the file is wrong. */
  bring(source: ScriptSource): Promise<() => void>;
  changed(change: {
    readonly path: string;
    readonly status: "loaded" | "failed" | "removed";
    readonly reason?: string;
  }): void;
}

interface Known {
  readonly mark: string;
  readonly takeBack: (() => void) | undefined;
}

/** Loads each `*.js` of a folder, and follows it until it is closed. */
export async function loadFolder(options: FolderOptions): Promise<AsyncDisposable> {
  const { path, clock, log } = options;
  const known = new Map<string, Known>();
  const follow = followFolder(path, clock, () => void look());
  let closed = false;
  let again = false;
  let looking: Promise<void> | undefined;

  function look(): Promise<void> {
    if (looking !== undefined) {
      again = true;
      return looking;
    }
    looking = lookOnce()
      .catch((error: unknown) => log.error(`The folder "${path}" could not be read.`, { reason: String(error) }))
      .finally(() => {
        looking = undefined;
        if (again) follow.later();
        again = false;
      });
    return looking;
  }

  async function lookOnce() {
    if (!follow.watching()) follow.open();
    const marks = await marksOf(path);
    const changed = [...marks].filter(([file, mark]) => known.get(file)?.mark !== mark);
    await Promise.all(changed.map(([file, mark]) => load(file, mark)));
    for (const file of known.keys()) if (!marks.has(file)) remove(file);
  }

  async function load(file: string, mark: string) {
    const whole = join(path, file);
    const before = known.get(file)?.takeBack;
    try {
      const takeBack = await options.bring({ name: file, text: await readFile(whole, "utf8") });
      if (closed) return takeBack();
      known.set(file, { mark, takeBack });
      before?.();
      options.changed({ path: whole, status: "loaded" });
    } catch (error) {
      if (closed) return;
      const reason = error instanceof Error ? error.message : String(error);
      known.set(file, { mark, takeBack: before });
      log.error(
        `The script file "${whole}" was not loaded${before === undefined ? "" : "; the version before it stays"}.`,
        { reason },
      );
      options.changed({ path: whole, status: "failed", reason });
    }
  }

  function remove(file: string) {
    const gone = known.get(file);
    known.delete(file);
    gone?.takeBack?.();
    if (!closed) options.changed({ path: join(path, file), status: "removed" });
  }

  try {
    await readdir(path);
  } catch (cause) {
    throw fail("script.no_folder", { path, reason: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
  await look();
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      follow.close();
      await looking;
    },
  };
}

/** What tells the versions of each script apart; nothing when there is no such folder. */
async function marksOf(path: string): Promise<Map<string, string>> {
  const marks = new Map<string, string>();
  let files: string[];
  try {
    files = await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return marks;
    throw error;
  }
  for (const file of files) {
    if (!file.endsWith(".js") || file.startsWith(".")) continue;
    // A file may go between the list and the look at it.
    const found = await stat(join(path, file), { bigint: true }).catch(() => undefined);
    if (found?.isFile()) marks.set(file, `${found.mtimeNs} ${found.size} ${found.ino}`);
  }
  return marks;
}
