/**
 * What a column holds: `serial` a number given by the database, `id` short text that is looked up, `text`, `json`
 * (JSON as text), `number` a whole number, `bytes` binary,
 * `mark` a word of a fixed list or a name of at most 100 plain characters, `time` epoch milliseconds. A question mark: may be empty. A nought: 0 or ""
 * where rows of an older version have nothing.
 */
export type ColumnKind =
  | "serial"
  | "place"
  | "id"
  | "id?"
  | "text"
  | "json"
  | "json?"
  | "number"
  | "time"
  | "time?"
  | "number0"
  | "mark"
  | "mark?"
  | "mark0"
  | "bytes";

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
      queue: "mark0",
      tenant: "id?",
      priority: "mark?",
      partition: "id?",
      dedupe: "id?",
      wakeAt: "time?",
      due: "number0",
      deadline: "time?",
      parentRun: "id?",
      parentKey: "id?",
      originRun: "id?",
      originKey: "id?",
      status: "mark",
      output: "json?",
      error: "json?",
      epoch: "number",
      owner: "id?",
      leaseUntil: "time?",
      takeovers: "number",
      wakes: "number0",
      turn: "number0",
      cancelRequested: "json?",
      createdAt: "time",
      updatedAt: "time",
      startedAt: "time?",
      finishedAt: "time?",
    },
    unique: [["id"]],
    indexes: [
      ["status", "n"],
      ["name", "n"],
      ["leaseUntil"],
      // With what a claim leaves out, so that it need not look at the runs themselves.
      ["status", "queue", "due", "wakeAt", "startedAt"],
      ["status", "wakeAt"],
      ["dedupe"],
      ["parentRun"],
      ["queue", "startedAt"],
      ["finishedAt"],
    ],
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
  /** A signal that was consumed stays, without its body, so that it is not taken in a second time. */
  signal: {
    name: "mofa_signal",
    columns: { n: "serial", run: "number", id: "id", name: "id", body: "json?", consumed: "number", at: "time" },
    unique: [["run", "id"]],
  },
  listen: {
    name: "mofa_listen",
    columns: { n: "serial", run: "number", key: "id", topic: "id" },
    unique: [["run", "key"]],
    indexes: [["topic"]],
  },
  letter: {
    name: "mofa_letter",
    columns: { n: "serial", id: "id", run: "number", draft: "json", takenUntil: "time" },
    unique: [["id"]],
    indexes: [["takenUntil", "n"], ["run"]],
  },
  /** What is too long for a row, once for each content. */
  blob: {
    name: "mofa_blob",
    columns: { n: "serial", hash: "id", text: "text" },
    unique: [["hash"]],
  },
  blobUse: {
    name: "mofa_blob_use",
    columns: { blob: "number", run: "number" },
    key: ["run", "blob"],
    indexes: [["blob"]],
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
    columns: {
      n: "serial",
      namespace: "number",
      id: "id",
      text: "text",
      meta: "json?",
      words: "number",
      at: "time",
      source: "json?",
    },
    unique: [["namespace", "id"]],
    indexes: [["namespace", "at", "n"]],
  },
  word: {
    name: "mofa_word",
    columns: { namespace: "number", word: "id", fact: "number", count: "number" },
    key: ["namespace", "word", "fact"],
    indexes: [["fact"]],
  },
  /** What an embedding model makes of a fact: 32-bit floats, the lowest byte first, of length 1. */
  vector: {
    name: "mofa_vector",
    columns: { fact: "number", namespace: "number", model: "id", floats: "bytes" },
    key: ["namespace", "model", "fact"],
    indexes: [["fact"]],
  },
} as const satisfies Readonly<Record<string, TableSpec>>;

/**
 * Rows that are locked and never read, on servers: whoever holds one is the only one at its work, on all connections.
 * Nothing in it is worth a backup.
 */
export const lockTable = {
  name: "mofa_lock",
  columns: { n: "serial", name: "id" },
  unique: [["name"]],
} as const satisfies TableSpec;

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
  readonly number0: number;
  readonly mark: string;
  readonly "mark?": string | null;
  readonly mark0: string;
  readonly bytes: Uint8Array;
}

/** `leaseUntil` in code is `lease_until` in a database. */
export function columnName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
