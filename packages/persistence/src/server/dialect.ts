import type { RunAppend } from "@mofa/kernel";
import type { Connection } from "./database.ts";
import type { Parameter } from "./statement.ts";

/** What the databases say in different words. */
export interface Dialect {
  readonly parameter: Parameter;
  /** The end of an insert that leaves alone what is there under the same key; the table has a column `n`. */
  readonly unlessThere: string;
  /** The type of numbers with fractions. */
  readonly real: string;
  /** Writes a document whatever was there, and gives its version. */
  putDocument(connection: Connection, document: DocumentValues): Promise<number>;
  /**
   * Writes the parts of different runs in one round trip, each whole or not at all, and says which stand. A part that
   * does not may be a repeat, which is looked into elsewhere. Fails when two write one place at once.
   */
  append(connection: Connection, parts: readonly Part[], now: number): Promise<readonly boolean[]>;
}

interface DocumentValues {
  readonly [column: string]: string | number;
  readonly id: string;
  readonly body: string;
  readonly at: number;
}

/** One run's part of a batch that opens no tasks. */
export type Part = Omit<RunAppend, "tasks">;
