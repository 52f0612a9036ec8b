// The shelves: a stack per name.
//
// 1. The newest provider of a name wins; taking it back uncovers the one below.
// 2. Watchers are told after every change, synchronously; what one of them refuses is not put there.
// 3. Finding by name, finding the newest of a kind and taking back cost the same however much there is.
import { nearest } from "../error.ts";
import { fail } from "../errors.ts";
import type { Named } from "../kind.ts";
import type { ShelfEntry } from "../kinds/control.ts";

export interface Registry {
  provide(kind: string, thing: Named, owner: string): () => void;
  /** Throws when the kind or the thing has no proper name. */
  check(kind: string, thing: Named): void;
  /** The newest of that name; throws `registry.not_found`. */
  get(kind: string, name: string): Named;
  /** The newest of that name, or of that kind; undefined when there is none. */
  find(kind: string, name?: string): Named | undefined;
  /** One for each name, newest first. */
  list(kind: string): readonly Named[];
  /** Who brought a thing that is there; undefined when it is not. */
  owner(kind: string, thing: Named): string | undefined;
  shelves(): Readonly<Record<string, readonly ShelfEntry[]>>;
  watch(changed: RegistryWatcher): () => void;
}

type RegistryWatcher = (kind: string, thing: Named, there: boolean) => void;

/** One thing on a shelf, linked through itself: by when it came, and to the one of its name that it covers. */
class Entry {
  readonly thing: Named;
  readonly owner: string;
  /** Undefined once it was taken back. */
  shelf: Shelf | undefined;
  older: Entry | undefined;
  newer: Entry | undefined = undefined;
  below: Entry | undefined;

  constructor(thing: Named, owner: string, shelf: Shelf) {
    this.thing = thing;
    this.owner = owner;
    this.shelf = shelf;
    this.older = shelf.newest;
    this.below = shelf.tops.get(thing.name);
  }
}

class Shelf {
  readonly kind: string;
  /** The newest of each name. */
  readonly tops = new Map<string, Entry>();
  newest: Entry | undefined = undefined;

  constructor(kind: string) {
    this.kind = kind;
  }

  add(thing: Named, owner: string): Entry {
    const entry = new Entry(thing, owner, this);
    if (this.newest !== undefined) this.newest.newer = entry;
    this.newest = entry;
    this.tops.set(thing.name, entry);
    return entry;
  }

  remove(entry: Entry): void {
    const { older, newer, below, thing } = entry;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    if (older !== undefined) older.newer = newer;
    const top = this.tops.get(thing.name);
    if (top !== entry) this.#uncover(top, entry);
    else if (below === undefined) this.tops.delete(thing.name);
    else this.tops.set(thing.name, below);
    entry.shelf = undefined;
  }

  #uncover(top: Entry | undefined, covered: Entry): void {
    let above = top;
    while (above !== undefined && above.below !== covered) above = above.below;
    if (above !== undefined) above.below = covered.below;
  }
}

const KIND = /^[a-z][\w-]{0,63}$/u;
const NAME = /^[\p{L}\p{N}_./:@-]{1,128}$/u;

export function createRegistry(): Registry {
  const shelves = new Map<string, Shelf>();
  // Never changed in place, so that a round of telling ends with those it began with.
  let watchers: readonly RegistryWatcher[] = [];

  const tell = (kind: string, thing: Named, there: boolean) => {
    for (const watcher of watchers) watcher(kind, thing, there);
  };

  function shelfOf(kind: string): Shelf {
    const known = shelves.get(kind);
    if (known !== undefined) return known;
    const shelf = new Shelf(kind);
    shelves.set(kind, shelf);
    return shelf;
  }

  function takeBack(entry: Entry): void {
    const { shelf, thing } = entry;
    if (shelf === undefined) return;
    shelf.remove(entry);
    tell(shelf.kind, thing, false);
  }

  const registry: Registry = {
    provide(kind, thing, owner) {
      registry.check(kind, thing);
      const entry = shelfOf(kind).add(thing, owner);
      try {
        tell(kind, thing, true);
      } catch (error) {
        takeBack(entry);
        throw error;
      }
      return () => takeBack(entry);
    },
    check(kind, { name }) {
      if (!shelves.has(kind) && !KIND.test(kind)) throw fail("registry.bad_kind", { kind });
      // What comes from a file knows no types.
      if (typeof name !== "string" || !NAME.test(name)) throw fail("registry.bad_name", { kind, name: String(name) });
    },
    get(kind, name) {
      const found = shelves.get(kind)?.tops.get(name);
      if (found !== undefined) return found.thing;
      const names = registry.list(kind).map((thing) => thing.name);
      throw fail("registry.not_found", {
        kind,
        name,
        known: names.slice(0, 20).join(", "),
        nearest: nearest(name, names),
      });
    },
    find(kind, name) {
      const shelf = shelves.get(kind);
      return (name === undefined ? shelf?.newest : shelf?.tops.get(name))?.thing;
    },
    list: (kind) => [...newestFirst(shelves.get(kind))].filter(isTop).map(({ thing }) => thing),
    owner(kind, thing) {
      let entry = shelves.get(kind)?.tops.get(thing.name);
      while (entry !== undefined && entry.thing !== thing) entry = entry.below;
      return entry?.owner;
    },
    shelves() {
      const all: Record<string, readonly ShelfEntry[]> = {};
      for (const [kind, shelf] of shelves) {
        if (shelf.newest !== undefined) all[kind] = [...newestFirst(shelf)].map(describe);
      }
      return all;
    },
    watch(changed) {
      // One of its own, so that the same function may watch twice and leave once.
      const watcher: RegistryWatcher = (kind, thing, there) => changed(kind, thing, there);
      watchers = [...watchers, watcher];
      return () => {
        watchers = watchers.filter((other) => other !== watcher);
      };
    },
  };
  return registry;
}

function* newestFirst(shelf: Shelf | undefined): Generator<Entry> {
  for (let entry = shelf?.newest; entry !== undefined; entry = entry.older) yield entry;
}

function isTop(entry: Entry): boolean {
  return entry.shelf?.tops.get(entry.thing.name) === entry;
}

function describe({ thing, owner }: Entry): ShelfEntry {
  const description = "description" in thing && typeof thing.description === "string" ? thing.description : undefined;
  return description === undefined ? { name: thing.name, owner } : { name: thing.name, owner, description };
}
