// Facts in one map of namespaces.
//
// 1. A search sees the facts of its own namespace only, and counts words among those only.
// 2. Scores are BM25 over words: a rare word weighs more, a repeated one less each time, and long facts are held back.
import type { JsonObject } from "../json.ts";
import { toJson } from "../json.ts";
import type { InMemoryOptions } from "./in-memory-store.ts";
import type { Fact, FoundFact, Memory } from "./memory.ts";
import { checkId, compareIds } from "./refuse.ts";

/** The two constants of BM25: how soon repetition stops to matter, and how much length does. */
export const BM25 = { repetition: 1.2, length: 0.75 } as const;

interface KeptFact {
  readonly fact: Fact;
  readonly at: number;
  readonly words: ReadonlyMap<string, number>;
  readonly length: number;
}

/** The reference of a memory: facts for as long as the process lives, found by their words. */
export function inMemoryMemory({ clock, name = "memory" }: InMemoryOptions): Memory {
  const namespaces = new Map<string, Map<string, KeptFact>>();

  return {
    name,
    async remember(fact) {
      const kept = copyFact(fact);
      const words = countWords(kept.text);
      const facts = namespaces.get(kept.namespace) ?? new Map<string, KeptFact>();
      facts.set(kept.id, { fact: kept, at: clock.now(), words, length: sum(words.values()) });
      namespaces.set(kept.namespace, facts);
    },
    async search({ namespace, text, limit = 10 }) {
      const facts = [...(namespaces.get(checkId("fact", namespace))?.values() ?? [])];
      return rank(facts, [...countWords(text).keys()])
        .slice(0, limit)
        .map((found) => toJson(found) as unknown as FoundFact);
    },
    async forget(namespace, id) {
      const facts = namespaces.get(checkId("fact", namespace));
      const found = facts?.delete(checkId("fact", id)) ?? false;
      if (facts?.size === 0) namespaces.delete(namespace);
      return found;
    },
  };
}

/** Copies a fact into plain data, or says what in it cannot be kept. */
export function copyFact({ id, namespace, text, meta }: Fact): Fact {
  const head = {
    id: checkId("fact", id),
    namespace: checkId("fact", namespace),
    text: (toJson(text) as string).toWellFormed(),
  };
  return meta === undefined ? head : { ...head, meta: toJson(meta) as JsonObject };
}

/**
 * Counts the words of a text: letters and digits without case or accents. Scripts written without spaces are cut into
 * overlapping pairs, so that a part of a sentence is found too.
 */
export function countWords(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const plain = text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase()
    .normalize("NFC");
  for (const [word] of plain.matchAll(/[\p{L}\p{N}]+/gu)) {
    for (const part of cut(word)) counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  return counts;
}

const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]+/gu;

function cut(word: string): readonly string[] {
  const rest = word
    .replace(UNSPACED, " ")
    .split(" ")
    .filter((part) => part !== "");
  const runs = [...word.matchAll(UNSPACED)].map(([run]) => [...run]);
  return [
    ...rest,
    ...runs.flatMap((run) => (run.length === 1 ? run : run.slice(1).map((sign, i) => `${run[i]}${sign}`))),
  ];
}

function rank(facts: readonly KeptFact[], words: readonly string[]): readonly FoundFact[] {
  const mean = sum(facts.map((fact) => fact.length)) / Math.max(1, facts.length);
  const weights = words.map((word) => {
    const holding = facts.filter((fact) => fact.words.has(word)).length;
    return { word, weight: rarity(facts.length, holding) };
  });
  return facts
    .map((kept) => ({
      ...kept.fact,
      at: kept.at,
      score: sum(weights.map((one) => one.weight * saturation(kept, one.word, mean))),
    }))
    .filter((found) => found.score > 0)
    .sort((left, right) => right.score - left.score || right.at - left.at || compareIds(left.id, right.id));
}

/** How much a word says that `holding` of `total` facts contain. */
export function rarity(total: number, holding: number): number {
  return Math.log(1 + (total - holding + 0.5) / (holding + 0.5));
}

function saturation({ words, length }: KeptFact, word: string, mean: number): number {
  const count = words.get(word) ?? 0;
  const norm = BM25.repetition * (1 - BM25.length + (BM25.length * length) / Math.max(1, mean));
  return (count * (BM25.repetition + 1)) / (count + norm);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
