import type { Json } from "../json.ts";
import type { OldFilter } from "./old-filter.ts";

/** Keeps conversations as append-only lists of entries. */
export interface SessionStore {
  readonly name: string;
  /** How many entries the session has; 0 for one that does not exist. */
  length(id: string): Promise<number>;
  /** Entries in order. `until` bounds by position, so that a replayed turn sees what the first one saw. */
  load(id: string, options?: { readonly until?: number; readonly last?: number }): Promise<readonly SessionEntry[]>;
  /**
   * Appends at a position. When entries of the same `turn` are already there, nothing is written and all is well
   * (a repeated turn); when others are, `session.conflict`.
   */
  append(id: string, entries: readonly Json[], place: SessionPlace): Promise<void>;
  delete(id: string): Promise<boolean>;
  /** Deletes old sessions, whole ones; says how many. Fewer than the limit: none is left. */
  prune(filter: OldFilter): Promise<number>;
  /** Sessions, latest change first. */
  list(filter?: { readonly prefix?: string; readonly limit?: number }): Promise<readonly SessionSummary[]>;
}

export interface SessionPlace {
  /** The length that the session must have. */
  readonly at: number;
  /** The identity of the turn, stable across replays. */
  readonly turn: string;
}

export interface SessionEntry {
  /** Position from 0. */
  readonly index: number;
  readonly turn: string;
  readonly body: Json;
  readonly at: number;
}

export interface SessionSummary {
  readonly id: string;
  readonly length: number;
  readonly at: number;
}
