// Facts on their way in: copied, their words counted, their vectors asked for, before anything is written.
import { canonicalJson, type JsonObject, toJson } from "../json.ts";
import { type Embedder, embedAll, spaceOf } from "./embedder.ts";
import type { Fact, FactFilter, FactSource } from "./memory.ts";
import { countWords } from "./memory-words.ts";
import { checkId } from "./refuse.ts";

/** A fact as a memory writes it. */
export interface ReadyFact {
  readonly fact: Fact;
  readonly words: ReadonlyMap<string, number>;
  /** How many words it has, repetitions included. */
  readonly length: number;
  /** Of length 1; absent without an embedder, or where it sees nothing in the text. */
  readonly vector?: Float32Array;
  /** What the vector may be compared with. */
  readonly space?: string;
}

/**
 * Makes facts ready, or says what in them cannot be kept. Of several with one id and namespace the last one counts. The
 * embedder is asked once for all.
 */
export async function readyFacts(given: Fact | readonly Fact[], embedder?: Embedder): Promise<readonly ReadyFact[]> {
  const copies = (isList(given) ? given : [given]).map(copyFact);
  const facts = [...new Map(copies.map((fact) => [JSON.stringify([fact.namespace, fact.id]), fact])).values()];
  const vectors =
    embedder === undefined
      ? []
      : await embedAll(
          embedder,
          facts.map((fact) => fact.text),
        );
  return facts.map((fact, at) => {
    const words = countWords(fact.text);
    const head = { fact, words, length: [...words.values()].reduce((sum, count) => sum + count, 0) };
    const vector = vectors[at];
    return vector === undefined || embedder === undefined ? head : { ...head, vector, space: spaceOf(embedder) };
  });
}

/** Whether a filter leaves anything out. */
export function isFiltering({ meta, source, since }: FactFilter): boolean {
  return meta !== undefined || source !== undefined || since !== undefined;
}

/** Whether a fact fits a filter. */
export function fits(
  { meta, source, since }: FactFilter,
  fact: { readonly meta?: JsonObject | undefined; readonly source?: FactSource | undefined; readonly at: number },
): boolean {
  if (since !== undefined && fact.at < since) return false;
  return has(fact.meta, meta) && has(fact.source, source);
}

function has(kept: JsonObject | undefined, wanted: JsonObject | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => {
    if (value === undefined) return true;
    return kept !== undefined && Object.hasOwn(kept, key) && canonicalJson(kept[key]) === canonicalJson(value);
  });
}

function copyFact({ id, namespace, text, meta, source }: Fact): Fact {
  return {
    id: checkId("fact", id),
    namespace: checkId("fact", namespace),
    text: (toJson(text) as string).toWellFormed(),
    ...(meta === undefined ? {} : { meta: toJson(meta) as JsonObject }),
    ...(source === undefined ? {} : { source: toJson(source) as FactSource }),
  };
}

function isList(given: Fact | readonly Fact[]): given is readonly Fact[] {
  return Array.isArray(given);
}
