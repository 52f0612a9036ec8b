// One database of any of the three kinds, as the commands over whole databases need it.
//
// 1. All SQL here is the same for the three but for what a `Speech` says.
// 2. A snapshot sees one state of the database, however long it reads, and keeps nobody from writing.
// 3. A change is done as a whole or not at all.
import type { Migration } from "../migration-steps.ts";
import type { Answer } from "../server/database.ts";
import type { Values } from "../server/statement.ts";

export type DatabaseKind = "sqlite" | "postgres" | "mysql";

/** Where statements go, with `:name` places. */
export interface Statements {
  ask<Row>(text: string, values?: Values): Promise<Answer<Row>>;
}

export interface Access extends AsyncDisposable {
  readonly kind: DatabaseKind;
  /** What people call it: a path, or an address without user and password. */
  readonly file: string;
  readonly migrations: readonly Migration[];
  /** Runs statements that each stand alone. */
  use<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
  /** Runs work that reads one state of the database. */
  snapshot<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
  /** Runs work in one transaction. */
  change<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
  /** Brings the tables to this version. */
  migrate(): Promise<void>;
  /** How many bytes the database takes. */
  size(): Promise<number>;
  /** Writes a copy of the database itself to a new file. SQLite only. */
  copyTo?(file: string): Promise<void>;
}
