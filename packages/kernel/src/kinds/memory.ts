import type { JsonObject } from "../json.ts";

/** Keeps facts that outlive a conversation, and finds them again by their words. */
export interface Memory {
  readonly name: string;
  /** Keeps a fact; one with the same id is replaced. */
  remember(fact: Fact): Promise<void>;
  /** The facts nearest to a text, best first. */
  search(query: MemoryQuery): Promise<readonly FoundFact[]>;
  /** Deletes for real; says whether there was one. */
  forget(namespace: string, id: string): Promise<boolean>;
}

export interface Fact {
  readonly id: string;
  /** Whose memory: `agent/ann`, `customer/17`. Searches never cross namespaces. */
  readonly namespace: string;
  readonly text: string;
  /** Where it comes from, and anything else to keep beside it. */
  readonly meta?: JsonObject;
}

export interface MemoryQuery {
  readonly namespace: string;
  readonly text: string;
  /** Default 10. */
  readonly limit?: number;
}

export interface FoundFact extends Fact {
  /** More is nearer; comparable only within one answer. */
  readonly score: number;
  readonly at: number;
}
