// Follows a folder, and calls back once things have come to rest.
//
// 1. One timer: many changes in a row are one.
// 2. What is watched is the folder that has the path now: one that was moved away or replaced is let go.
// 3. Closed, it neither calls back nor holds anything.
import { type FSWatcher, statSync, watch } from "node:fs";
import type { Clock } from "@mofa/kernel";

export interface Follow {
  /** Whether the folder that has the path now is watched. */
  watching(): boolean;
  /** Begins to watch it, before it is looked at: no change may fall between the two. Tries again when it is not there. */
  open(): void;
  /** Calls back after a while. */
  later(): void;
  close(): void;
}

const DEBOUNCE = 50;
const COME_BACK = 500;

/** Makes a follower of a folder, not yet watching. */
export function followFolder(path: string, clock: Clock, changed: () => void): Follow {
  let watcher: FSWatcher | undefined;
  let watched: number | undefined;
  let closed = false;
  let cancel = () => {};

  function after(ms: number) {
    cancel();
    if (!closed) cancel = clock.after(ms, changed);
  }

  function unwatch() {
    watcher?.close();
    watcher = undefined;
    watched = undefined;
  }

  return {
    watching: () => watched !== undefined && watched === inode(path),
    open() {
      unwatch();
      if (closed) return;
      const found = inode(path);
      try {
        watcher = watch(path, { persistent: false }, () => after(DEBOUNCE));
      } catch {
        // It may be on its way back: folders are replaced by a removal and a rename.
        return after(COME_BACK);
      }
      watcher.on("error", () => after(COME_BACK));
      watched = found;
    },
    later: () => after(DEBOUNCE),
    close() {
      closed = true;
      cancel();
      unwatch();
    },
  };
}

function inode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
