// Documents in one map.
//
// 1. What is kept is a copy of what was given, and what is given out is a copy of what is kept.
// 2. Everything is decided before the first await: two callers cannot both win one version.
import type { Clock } from "../clock.ts";
import { toJson } from "../json.ts";
import { oldestOf } from "./old-filter.ts";
import { checkId, compareIds, refuse } from "./refuse.ts";
import type { Document, Store } from "./store.ts";

export interface InMemoryOptions {
  readonly clock: Clock;
  /** Default `memory`. */
  readonly name?: string;
}

/** The reference of a store: documents for as long as the process lives. */
export function inMemoryStore({ clock, name = "memory" }: InMemoryOptions): Store {
  const documents = new Map<string, Document>();

  function expectVersion(id: string, expected: number | undefined): number {
    const found = documents.get(checkId("document", id))?.version ?? 0;
    if (expected === undefined || expected === found) return found;
    throw refuse("document.conflict", { id, expected, found }, { stack: false });
  }

  return {
    name,
    async get(id) {
      const document = documents.get(checkId("document", id));
      return document === undefined ? undefined : copy(document);
    },
    async put(id, body, options = {}) {
      const kept = toJson(body);
      const version = expectVersion(id, options.version) + 1;
      const document = { id, version, body: kept, at: clock.now() };
      documents.set(id, document);
      return copy(document);
    },
    async delete(id, options = {}) {
      expectVersion(id, options.version);
      return documents.delete(id);
    },
    async prune(filter) {
      const gone = oldestOf([...documents.values()], filter);
      for (const { id } of gone) documents.delete(id);
      return gone.length;
    },
    async list({ prefix = "", after, limit = 100 } = {}) {
      return [...documents.values()]
        .filter(({ id }) => id.startsWith(prefix) && (after === undefined || compareIds(id, after) > 0))
        .sort((left, right) => compareIds(left.id, right.id))
        .slice(0, limit)
        .map(copy);
    },
  };
}

function copy(document: Document): Document {
  return { ...document, body: toJson(document.body) };
}
