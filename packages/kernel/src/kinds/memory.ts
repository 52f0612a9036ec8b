import type { JsonObject } from "../json.ts";
import type { OldFilter } from "./old-filter.ts";

/** Keeps facts that outlive a conversation, and finds them again by their words and by what they are near to. */
export interface Memory {
  readonly name: string;
  /** Keeps a fact, or several: all or none. One with the id of another of its namespace takes its place. */
  remember(facts: Fact | readonly Fact[]): Promise<void>;
  /** The facts nearest to a text, best first. Without an embedder, `vectors` and `hybrid` are `memory.no_embedder`. */
  search(query: MemoryQuery): Promise<readonly FoundFact[]>;
  /** What was remembered last, newest first; at most `limit`, 10 unless told. */
  recent(namespace: string, limit?: number): Promise<readonly KeptFact[]>;
  /** Deletes for real: text, words and vector. Says whether there was one. */
  forget(namespace: string, id: string): Promise<boolean>;
  /** Deletes for real what fits the filter, everything of the namespace without one; says how many there were. */
  forgetAll(namespace: string, filter?: FactFilter): Promise<number>;
  /**
   * Deletes old facts for real; says how many. Fewer than the limit: none is left. `prefix` is of namespaces, and
   * `keep` counts in each of them.
   */
  prune(filter: OldFilter): Promise<number>;
  /** The namespaces that hold facts, by code points. */
  namespaces(options?: NamespacesOptions): Promise<readonly MemoryNamespace[]>;
}

export interface Fact {
  readonly id: string;
  /** Whose memory: `agent/ann`, `customer/17`. Searches never cross namespaces. */
  readonly namespace: string;
  readonly text: string;
  /** Anything to keep beside it, and to filter by. */
  readonly meta?: JsonObject;
  /** Where it comes from. */
  readonly source?: FactSource;
}

/** Where a fact comes from, as far as it is known. */
// A type, not an interface: it is plain data, and is copied as such.
export type FactSource = {
  readonly run?: string;
  /** The key of the step in its run. */
  readonly step?: string;
  readonly session?: string;
  readonly message?: string;
  /** When it was said, epoch milliseconds: remembering may come later. */
  readonly at?: number;
};

export interface KeptFact extends Fact {
  /** When it was remembered, epoch milliseconds. */
  readonly at: number;
}

/** Which facts: those that fit all that is named. */
export interface FactFilter {
  /** Facts whose `meta` has an equal value under each of these keys. */
  readonly meta?: JsonObject;
  /** Facts whose `source` has an equal value under each of these keys. */
  readonly source?: FactSource;
  /** Remembered at this moment or later, epoch milliseconds. */
  readonly since?: number;
}

export interface MemoryQuery extends FactFilter {
  readonly namespace: string;
  readonly text: string;
  /** Default 10. */
  readonly limit?: number;
  /**
   * `words`: facts that share words (BM25). `vectors`: facts whose vector is near (cosine). `hybrid`: both, their ranks
   * fused. Default: `hybrid` where there is an embedder, else `words`.
   */
  readonly mode?: SearchMode;
}

export type SearchMode = "words" | "vectors" | "hybrid";

export interface FoundFact extends KeptFact {
  /** More is nearer; comparable only within one answer. */
  readonly score: number;
  /** Its rank among those found by words and by vectors, from 1 on; absent where it was not among them. */
  readonly why: FactRanks;
}

export interface FactRanks {
  readonly words?: number;
  readonly vectors?: number;
}

export interface NamespacesOptions {
  readonly prefix?: string;
  /** Only those that come after this one. */
  readonly after?: string;
  /** Default 100. */
  readonly limit?: number;
}

export interface MemoryNamespace {
  readonly namespace: string;
  /** How many it holds. */
  readonly facts: number;
}
