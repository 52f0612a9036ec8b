import type { RunAppend } from "@mofa/kernel";
import type { Connection } from "./database.ts";
import type { Parameter } from "./statement.ts";

/** How a database reckons itself what is near. */
export interface Inside {
  readonly by: "pgvector";
  /** Where a vector stands in its own type; empty in rows that were written without it. */
  readonly column: string;
  /** How many dimensions a vector of its type has at most. */
  readonly most: number;
  /** A vector as text. */
  of(vector: Float32Array): string;
  /** The same as a value of its type. */
  cast(text: string): string;
  /** How far two are from each other, whatever their lengths. */
  distance(left: string, right: string): string;
}

/** What the databases say in different words. */
export interface Dialect {
  readonly parameter: Parameter;
  /** The end of an insert that leaves alone what is there under the same key; the table has a column `n`. */
  readonly unlessThere: string;
  /** Makes what is to be looked at when a transaction ends be looked at now; undefined where nothing is put off. */
  readonly checkNow?: string;
  /** The type of numbers with fractions. */
  readonly real: string;
  /** Text in base 64 as bytes, and bytes as text in base 64: binary that passes every driver and encoding unchanged. */
  fromBase64(text: string): string;
  toBase64(bytes: string): string;
  /** Undefined where vectors are looked at one by one in this process. */
  readonly inside?: Inside;
  /** Writes a document whatever was there, and gives its version. */
  putDocument(connection: Connection, document: DocumentValues): Promise<number>;
  /**
   * Writes the parts of different runs in one round trip, each whole or not at all, and says which stand. A part that
   * does not may be a repeat, or the end of a run that another waits for, which is looked into elsewhere. Fails when two
   * write one place at once.
   */
  append(connection: Connection, parts: readonly Part[], now: number): Promise<readonly boolean[]>;
}

interface DocumentValues {
  readonly [column: string]: string | number;
  readonly id: string;
  readonly body: string;
  readonly at: number;
}

/** One run's part of a batch: rows, and what they make of it. */
export type Part = Pick<RunAppend, "run" | "epoch" | "seq" | "rows" | "update">;
