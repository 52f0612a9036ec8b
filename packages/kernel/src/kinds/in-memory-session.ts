// Conversations in one map of lists.
//
// 1. Entries are only ever added at the end; positions have no gaps.
// 2. What is kept is a copy of what was given, and what is given out is a copy of what is kept.
import { type Json, toJson } from "../json.ts";
import type { InMemoryOptions } from "./in-memory-store.ts";
import { oldestOf } from "./old-filter.ts";
import { checkId, compareIds, refuse } from "./refuse.ts";
import type { SessionEntry, SessionStore, SessionSummary } from "./session.ts";

/** The reference of a session store: conversations for as long as the process lives. */
export function inMemorySession({ clock, name = "memory" }: InMemoryOptions): SessionStore {
  const sessions = new Map<string, SessionEntry[]>();

  return {
    name,
    async length(id) {
      return sessions.get(checkId("session", id))?.length ?? 0;
    },
    async load(id, { until, last } = {}) {
      const entries = (sessions.get(checkId("session", id)) ?? []).slice(0, until);
      const wanted = last === undefined ? entries : entries.slice(Math.max(0, entries.length - last));
      return wanted.map((entry) => ({ ...entry, body: toJson(entry.body) }));
    },
    async append(id, bodies, { at, turn }) {
      const kept = bodies.map((body) => toJson(body));
      const entries = sessions.get(checkId("session", id)) ?? [];
      if (entries[at]?.turn === turn) return;
      if (entries.length !== at) {
        throw refuse("session.conflict", { id, expected: at, found: entries.length }, { stack: false });
      }
      if (kept.length === 0) return;
      const now = clock.now();
      entries.push(...kept.map((body: Json, index) => ({ index: at + index, turn, body, at: now })));
      sessions.set(id, entries);
    },
    async delete(id) {
      return sessions.delete(checkId("session", id));
    },
    async prune(filter) {
      const gone = oldestOf([...sessions].map(toSummary), filter);
      for (const { id } of gone) sessions.delete(id);
      return gone.length;
    },
    async list({ prefix = "", limit = 100 } = {}) {
      return [...sessions]
        .filter(([id]) => id.startsWith(prefix))
        .map(toSummary)
        .sort((left, right) => right.at - left.at || compareIds(left.id, right.id))
        .slice(0, limit);
    },
  };
}

function toSummary([id, entries]: readonly [string, readonly SessionEntry[]]): SessionSummary {
  return { id, length: entries.length, at: entries.at(-1)?.at ?? 0 };
}
