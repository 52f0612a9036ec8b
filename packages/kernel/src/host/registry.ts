// The shelves: a stack per name.
//
// 1. The newest provider of a name wins; taking it back uncovers the one below.
// 2. Watchers are told after every change, synchronously.
import { nearest } from "../error.ts";
import { fail } from "../errors.ts";
import type { Named } from "../kind.ts";
import type { ShelfEntry } from "../kinds/control.ts";

export interface Registry {
  provide(kind: string, thing: Named, owner: string): () => void;
  /** The newest of that name; throws `registry.not_found`. */
  get(kind: string, name: string): Named;
  /** The newest of that name, or of that kind; undefined when there is none. */
  find(kind: string, name?: string): Named | undefined;
  /** One for each name, newest first. */
  list(kind: string): readonly Named[];
  shelves(): Readonly<Record<string, readonly ShelfEntry[]>>;
  watch(changed: (kind: string, thing: Named, there: boolean) => void): () => void;
}

interface Entry {
  readonly thing: Named;
  readonly owner: string;
}

const NAME = /^[\p{L}\p{N}_./:@-]{1,128}$/u;

export function createRegistry(): Registry {
  const kinds = new Map<string, Entry[]>();
  const watchers = new Set<(kind: string, thing: Named, there: boolean) => void>();
  const tell = (kind: string, thing: Named, there: boolean) => {
    for (const watcher of [...watchers]) watcher(kind, thing, there);
  };
  const newestFirst = (kind: string) => (kinds.get(kind) ?? []).toReversed();

  const registry: Registry = {
    provide(kind, thing, owner) {
      if (!NAME.test(thing.name)) throw fail("registry.bad_name", { kind, name: thing.name });
      const entry = { thing, owner };
      const shelf = kinds.get(kind);
      if (shelf === undefined) kinds.set(kind, [entry]);
      else shelf.push(entry);
      tell(kind, thing, true);
      return () => {
        const entries = kinds.get(kind) ?? [];
        const index = entries.indexOf(entry);
        if (index < 0) return;
        entries.splice(index, 1);
        tell(kind, thing, false);
      };
    },
    get(kind, name) {
      const found = registry.find(kind, name);
      if (found !== undefined) return found;
      const names = registry.list(kind).map((thing) => thing.name);
      throw fail("registry.not_found", {
        kind,
        name,
        known: names.slice(0, 20).join(", "),
        nearest: nearest(name, names),
      });
    },
    find: (kind, name) => kinds.get(kind)?.findLast((entry) => name === undefined || entry.thing.name === name)?.thing,
    list: (kind) => newestOfEachName(newestFirst(kind)).map((entry) => entry.thing),
    shelves() {
      const all: Record<string, readonly ShelfEntry[]> = {};
      for (const kind of kinds.keys()) {
        const entries = newestFirst(kind).map(describe);
        if (entries.length > 0) all[kind] = entries;
      }
      return all;
    },
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
  };
  return registry;
}

function newestOfEachName(entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>();
  return entries.filter(({ thing }) => !seen.has(thing.name) && seen.add(thing.name));
}

function describe({ thing, owner }: Entry): ShelfEntry {
  const description = "description" in thing && typeof thing.description === "string" ? thing.description : undefined;
  return description === undefined ? { name: thing.name, owner } : { name: thing.name, owner, description };
}
