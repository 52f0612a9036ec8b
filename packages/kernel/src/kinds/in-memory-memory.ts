// Facts in one map of namespaces.
//
// 1. A search sees the facts of its own namespace only, and counts words among those only.
// 2. Scores are BM25 over words: a rare word weighs more, a repeated one less each time, and long facts are held back.
// 3. Vectors are asked for before anything changes; then a list of facts is written at once.
import { toJson } from "../json.ts";
import type { Embedder } from "./embedder.ts";
import type { InMemoryOptions } from "./in-memory-store.ts";
import type { FoundFact, KeptFact, Memory } from "./memory.ts";
import { fits, type ReadyFact, readyFacts } from "./memory-facts.ts";
import { createNearest, fuse, type Ranked } from "./memory-ranks.ts";
import { readQuery, type Search } from "./memory-search.ts";
import { BM25, rarity } from "./memory-words.ts";
import { countOld } from "./old-filter.ts";
import { checkId, compareIds } from "./refuse.ts";

export interface InMemoryMemoryOptions extends InMemoryOptions {
  /** Who makes vectors of texts, asked anew each time. Default: nobody, facts are found by their words alone. */
  readonly embedder?: () => Embedder | undefined;
}

interface Held extends ReadyFact {
  readonly n: number;
  readonly at: number;
}

type Namespace = Map<string, Held>;

/** The reference of a memory: facts for as long as the process lives. */
export function inMemoryMemory({ clock, name = "memory", embedder }: InMemoryMemoryOptions): Memory {
  const namespaces = new Map<string, Namespace>();
  let remembered = 0;

  function put(ready: ReadyFact): void {
    const { namespace, id } = ready.fact;
    const facts: Namespace = namespaces.get(namespace) ?? new Map();
    facts.set(id, { ...ready, n: ++remembered, at: clock.now() });
    namespaces.set(namespace, facts);
  }

  function take(namespace: string, ids: readonly string[]): number {
    const facts = namespaces.get(namespace);
    const found = ids.filter((id) => facts?.delete(id)).length;
    if (facts?.size === 0) namespaces.delete(namespace);
    return found;
  }

  const factsOf = (namespace: string) => [...(namespaces.get(checkId("fact", namespace))?.values() ?? [])];

  return {
    name,
    async remember(facts) {
      for (const ready of await readyFacts(facts, embedder?.())) put(ready);
    },
    async search(query) {
      const search = await readQuery(query, name, embedder?.());
      const facts = factsOf(search.namespace);
      const fitting = facts.filter((held) => fits(search.filter, { ...held.fact, at: held.at }));
      const byNumber = new Map(fitting.map((held) => [held.n, held]));
      return fuse(byWords(facts, fitting, search), byVectors(fitting, search), search).flatMap(({ n, score, why }) => {
        const held = byNumber.get(n);
        return held === undefined ? [] : [{ ...toKept(held), score, why } satisfies FoundFact];
      });
    },
    async recent(namespace, limit = 10) {
      return factsOf(namespace)
        .sort((left, right) => right.at - left.at || right.n - left.n)
        .slice(0, Math.max(0, limit))
        .map(toKept);
    },
    async forget(namespace, id) {
      return take(checkId("fact", namespace), [checkId("fact", id)]) > 0;
    },
    async forgetAll(namespace, filter = {}) {
      const fitting = factsOf(namespace).filter(({ fact, at }) => fits(filter, { ...fact, at }));
      return take(
        namespace,
        fitting.map(({ fact }) => fact.id),
      );
    },
    async prune({ prefix = "", before, keep, limit = 1_000 }) {
      let gone = 0;
      for (const namespace of [...namespaces.keys()].filter((one) => one.startsWith(prefix)).sort(compareIds)) {
        const oldest = factsOf(namespace).sort((left, right) => left.at - right.at || left.n - right.n);
        const old = oldest.slice(0, Math.min(limit - gone, countOld(oldest, { before, keep })));
        gone += take(
          namespace,
          old.map(({ fact }) => fact.id),
        );
      }
      return gone;
    },
    async namespaces({ prefix = "", after, limit = 100 } = {}) {
      return [...namespaces]
        .map(([namespace, facts]) => ({ namespace, facts: facts.size }))
        .filter(
          (one) => one.namespace.startsWith(prefix) && (after === undefined || compareIds(one.namespace, after) > 0),
        )
        .sort((left, right) => compareIds(left.namespace, right.namespace))
        .slice(0, limit);
    },
  };
}

function toKept({ fact, at }: Held): KeptFact {
  // A copy, so that nobody changes what is kept; a fact was checked to be JSON when it came.
  return toJson({ ...fact, at }) as unknown as KeptFact;
}

function byWords(all: readonly Held[], fitting: readonly Held[], { words, depth }: Search): readonly Ranked[] {
  const mean = all.reduce((sum, held) => sum + held.length, 0) / Math.max(1, all.length);
  const weights = words.map((word) => {
    const holding = all.filter((held) => held.words.has(word)).length;
    return { word, weight: rarity(all.length, holding) };
  });
  return fitting
    .map((held) => ({
      held,
      n: held.n,
      score: weights.reduce((sum, one) => sum + one.weight * saturation(held, one.word, mean), 0),
    }))
    .filter(({ score }) => score > 0)
    .sort(
      (left, right) =>
        right.score - left.score || right.held.at - left.held.at || compareIds(left.held.fact.id, right.held.fact.id),
    )
    .slice(0, depth);
}

function byVectors(fitting: readonly Held[], { near, depth }: Search): readonly Ranked[] {
  if (near === undefined) return [];
  const nearest = createNearest(near, depth);
  for (const { n, vector, space } of fitting) if (vector !== undefined && space === near.space) nearest.look(n, vector);
  return nearest.list();
}

function saturation({ words, length }: Held, word: string, mean: number): number {
  const count = words.get(word) ?? 0;
  const norm = BM25.repetition * (1 - BM25.length + (BM25.length * length) / Math.max(1, mean));
  return (count * (BM25.repetition + 1)) / (count + norm);
}
