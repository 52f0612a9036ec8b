// Follows folders, and looks at them again once things have come to rest.
//
// 1. One look at a time. Who asks for a look gets one that began after the asking.
// 2. One timer: many changes in a row are one look.
// 3. What is watched is the folder that has the path now: one that was moved away or replaced is let go, and watched
//    again when it is back. A folder that is new to the watch is looked at once more, so that nothing falls between.
// 4. Closed, it neither looks nor holds anything.
import { type FSWatcher, statSync, watch } from "node:fs";
import { type Clock, type Log, toErrorJson } from "@mofa/kernel";

export interface FollowOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds of quiet before a look. */
  readonly debounce: number;
  /** Looks, and gives the folders to watch, the one that must be there first; `again` when things were in motion. */
  look(): Promise<{ readonly folders: readonly string[]; readonly again: boolean }>;
}

export interface Follower extends AsyncDisposable {
  /** Looks now. */
  look(): Promise<void>;
  /** Ends the watching at once; does not wait for a look in work. */
  close(): void;
}

interface Watched {
  readonly inode: number;
  readonly watcher: FSWatcher;
}

const COME_BACK = 500;

/** Makes a follower; it begins to watch at its first look. */
export function createFollower({ clock, log, debounce, look }: FollowOptions): Follower {
  const watched = new Map<string, Watched>();
  let current: Promise<void> = Promise.resolve();
  let queued: Promise<void> | undefined;
  let cancel = () => {};
  let closed = false;
  let said: string | undefined;

  function later(ms = debounce): void {
    cancel();
    if (!closed) cancel = clock.after(ms, () => void lookSoon().catch(report));
  }

  /** Said once: a folder that cannot be read is tried again and again. */
  function report(error: unknown): void {
    const { message } = toErrorJson(error);
    if (message !== said) log.error(`A folder could not be looked at: ${message}`);
    said = message;
  }

  function lookSoon(): Promise<void> {
    queued ??= current
      .catch(() => {})
      .then(() => {
        queued = undefined;
        current = lookOnce();
        return current;
      });
    return queued;
  }

  async function lookOnce(): Promise<void> {
    if (closed) return;
    cancel();
    const { folders, again } = await look().catch((error: unknown) => {
      later(COME_BACK);
      throw error;
    });
    said = undefined;
    const isNew = watchThese(folders);
    if (isNew || again) later();
  }

  function watchThese(folders: readonly string[]): boolean {
    if (closed) return false;
    const wanted = new Set(folders);
    for (const folder of watched.keys()) if (!wanted.has(folder)) unwatch(folder);
    return folders.map(watchOne).includes(true);
  }

  function watchOne(folder: string): boolean {
    const inode = statSync(folder, { throwIfNoEntry: false })?.ino;
    if (watched.get(folder)?.inode === inode && inode !== undefined) return false;
    unwatch(folder);
    if (inode === undefined) {
      // It may be on its way back: folders are replaced by a removal and a rename.
      later(COME_BACK);
      return false;
    }
    try {
      const watcher = watch(folder, { persistent: false }, () => later());
      watcher.on("error", () => later(COME_BACK));
      watched.set(folder, { inode, watcher });
    } catch {
      later(COME_BACK);
      return false;
    }
    return true;
  }

  function unwatch(folder: string): void {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  }

  function close(): void {
    closed = true;
    cancel();
    for (const folder of [...watched.keys()]) unwatch(folder);
  }

  return {
    look: lookSoon,
    close,
    async [Symbol.asyncDispose]() {
      close();
      await (queued ?? current).catch(() => {});
    },
  };
}
