import type { Json } from "../json.ts";
import type { OldFilter } from "./old-filter.ts";

/** Something kept: plain data under an id, with a version that every change raises by one. */
export interface Document {
  /** Like a path: `orders/1001`. */
  readonly id: string;
  readonly version: number;
  readonly body: Json;
  /** Epoch milliseconds of the last change. */
  readonly at: number;
}

/** Keeps documents. */
export interface Store {
  readonly name: string;
  get(id: string): Promise<Document | undefined>;
  /** Writes a document. With `version`, only if it is at that version (0: does not exist); else `document.conflict`. */
  put(id: string, body: Json, options?: { readonly version?: number }): Promise<Document>;
  /** Says whether there was one. */
  delete(id: string, options?: { readonly version?: number }): Promise<boolean>;
  /** Deletes old documents; says how many. Fewer than the limit: none is left. */
  prune(filter: OldFilter): Promise<number>;
  /** Documents in order of id. */
  list(filter?: StoreFilter): Promise<readonly Document[]>;
}

export interface StoreFilter {
  readonly prefix?: string;
  /** Only ids after this one: for paging. */
  readonly after?: string;
  /** Default 100. */
  readonly limit?: number;
}
