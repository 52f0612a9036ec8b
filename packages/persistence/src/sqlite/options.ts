import type { VectorSearch } from "../vector-search.ts";

/** Which file, and how sure to be. */
export interface SqliteOptions {
  /** A path, or ":memory:". Missing folders are made. */
  readonly file: string;
  /**
   * `full` (default): what is acknowledged survives a power cut; writes of one turn share the one flush to disk.
   * `relaxed`: faster; a power cut may lose the last commits, a killed process loses nothing.
   */
  readonly durability?: "full" | "relaxed";
  /** Refuses every write, and does not upgrade. Default false. */
  readonly readOnly?: boolean;
  /** `manual` refuses a file whose tables are not of this version instead of upgrading it. Default `auto`. */
  readonly migrate?: "auto" | "manual";
  /** Milliseconds to wait for another process that writes. The wait blocks this one. Default 5,000. */
  readonly busyTimeout?: number;
  /** Where the nearest vectors are looked for; the extension is the package `sqlite-vec`. Default `auto`. */
  readonly vectorSearch?: VectorSearch;
  /** What the store, session, journal and memory are called. Default `sqlite`. */
  readonly name?: string;
}
