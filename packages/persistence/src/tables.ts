/**
 * What a column holds: `serial` a number given by the database, `id` short text that is looked up, `text`, `json`
 * (JSON as text), `number` a whole number, `time` epoch milliseconds. A question mark: may be empty.
 */
export type ColumnKind = "serial" | "place" | "id" | "id?" | "text" | "json" | "json?" | "number" | "time" | "time?";

/** One table as plain data; each database's builder makes its own of it. */
export interface TableSpec {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnKind>>;
  /** Several columns that are the key together; else the `serial` or `place` column is. */
  readonly key?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  /** One for each way that rows are looked for. */
  readonly indexes?: readonly (readonly string[])[];
}

/**
 * How many places one run or session has. A row's key is the number of its run × this + its place in it: one integer,
 * which keeps rows of a run side by side and costs a third of a text key.
 */
export const PLACES: number = 2 ** 24;

/** Every table, once, for every database. */
export const tables = {
  run: {
    name: "mofa_run",
    columns: {
      n: "serial",
      id: "id",
      kind: "id",
      name: "id",
      version: "id?",
      input: "json",
      status: "id",
      output: "json?",
      error: "json?",
      epoch: "number",
      owner: "id?",
      leaseUntil: "time?",
      takeovers: "number",
      cancelRequested: "json?",
      createdAt: "time",
      updatedAt: "time",
      finishedAt: "time?",
    },
    unique: [["id"]],
    indexes: [["status", "n"], ["name", "n"], ["leaseUntil"]],
  },
  row: {
    name: "mofa_row",
    columns: {
      place: "place",
      epoch: "number",
      key: "text",
      parent: "text",
      type: "id",
      kind: "id",
      name: "id",
      body: "json?",
      error: "json?",
      at: "time",
    },
  },
  task: {
    name: "mofa_task",
    columns: {
      n: "serial",
      token: "id",
      run: "number",
      key: "text",
      question: "json",
      expiresAt: "time?",
      status: "id",
      answer: "json?",
      createdAt: "time",
    },
    unique: [["token"]],
    indexes: [
      ["status", "n"],
      ["run", "n"],
    ],
  },
  document: {
    name: "mofa_document",
    columns: { n: "serial", id: "id", version: "number", body: "json", at: "time" },
    unique: [["id"]],
  },
  session: {
    name: "mofa_session",
    columns: { n: "serial", id: "id", length: "number", at: "time" },
    unique: [["id"]],
    indexes: [["at", "id"]],
  },
  entry: {
    name: "mofa_entry",
    columns: { place: "place", turn: "text", body: "json", at: "time" },
  },
  namespace: {
    name: "mofa_namespace",
    columns: { n: "serial", id: "id", facts: "number", words: "number" },
    unique: [["id"]],
  },
  fact: {
    name: "mofa_fact",
    columns: { n: "serial", namespace: "number", id: "id", text: "text", meta: "json?", words: "number", at: "time" },
    unique: [["namespace", "id"]],
  },
  word: {
    name: "mofa_word",
    columns: { namespace: "number", word: "id", fact: "number", count: "number" },
    key: ["namespace", "word", "fact"],
    indexes: [["fact"]],
  },
} as const satisfies Readonly<Record<string, TableSpec>>;

/** A row of a table as the drivers give it, by the names in code. */
export type Kept<Spec extends TableSpec> = {
  [Name in keyof Spec["columns"]]: Values[Spec["columns"][Name]];
};

interface Values {
  readonly serial: number;
  readonly place: number;
  readonly id: string;
  readonly "id?": string | null;
  readonly text: string;
  readonly json: string;
  readonly "json?": string | null;
  readonly number: number;
  readonly time: number;
  readonly "time?": number | null;
}

/** `leaseUntil` in code is `lease_until` in a database. */
export function columnName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
