import { fail } from "../errors.ts";
import { type Embedder, embedAll, spaceOf } from "./embedder.ts";
import type { FactFilter, MemoryQuery, SearchMode } from "./memory.ts";
import { countWords } from "./memory-words.ts";
import { checkId } from "./refuse.ts";

/** A query, read: what to look for by words and by vectors. Every memory searches by this. */
export interface Search {
  readonly namespace: string;
  readonly mode: SearchMode;
  /** Empty where words are not asked for. */
  readonly words: readonly string[];
  /** Absent where vectors are not asked for, or where the embedder sees nothing in the text. */
  readonly near?: Near;
  readonly limit: number;
  /** How many of the best of each list count. */
  readonly depth: number;
  readonly filter: FactFilter;
}

/** A vector to be near to. */
export interface Near {
  /** Of length 1. */
  readonly vector: Float32Array;
  /** Which vectors it may be compared with. */
  readonly space: string;
  /** The cosine up to which a fact is not near. */
  readonly floor: number;
}

// A fact beyond it in both lists would not come among the first ten of the fused one.
const DEPTH = 100;

/** Reads a query; throws `memory.no_embedder` where it asks for vectors and there is no embedder. */
export async function readQuery(query: MemoryQuery, memory: string, embedder?: Embedder): Promise<Search> {
  const { text, mode = embedder === undefined ? "words" : "hybrid", ...filter } = query;
  const namespace = checkId("fact", query.namespace);
  const limit = Math.max(0, Math.floor(query.limit ?? 10));
  if (mode !== "words" && embedder === undefined) throw fail("memory.no_embedder", { memory, mode });
  const near = mode === "words" || limit === 0 ? undefined : await nearOf(text, embedder);
  return {
    namespace,
    mode,
    words: mode === "vectors" || limit === 0 ? [] : [...countWords(text).keys()],
    ...(near === undefined ? {} : { near }),
    limit,
    depth: mode === "hybrid" ? Math.max(DEPTH, limit) : limit,
    filter,
  };
}

async function nearOf(text: string, embedder: Embedder | undefined): Promise<Near | undefined> {
  if (embedder === undefined) return undefined;
  const [vector] = await embedAll(embedder, [text]);
  return vector === undefined ? undefined : { vector, space: spaceOf(embedder), floor: embedder.floor ?? 0 };
}
