import type { Value } from "../server/statement.ts";
import type { DatabaseKind } from "./access.ts";

/** One column of a key. */
interface KeyPart {
  readonly column: string;
  readonly isText: boolean;
}

/** What the three databases say in different words, about whole tables. */
export interface Speech {
  /** Every column there is, as `owner` (its table) and `name`. */
  readonly columns: string;
  /** The steps noted in the table of migrations: `at`, and how much of each is done. */
  readonly steps: string;
  /** A number that may be beyond 2⁵³ as text. */
  digits(column: string): string;
  /** Bytes as text, and back; `coding` is that of the text. */
  readonly coding: "hex" | "base64";
  spell(column: string): string;
  unspell(place: string): string;
  /** Rows behind the one whose key the values `last0`, `last1` … are. */
  behind(key: readonly KeyPart[]): string;
  /** Keeps others from writing to a table until the transaction ends, where that can be said. */
  readonly lock?: (table: string) => string;
  /** Lets the numbers that a table gives go on behind the greatest that it has. */
  readonly renumber?: (table: string, column: string) => string;
  /** Gives room back; on servers it also brings to date what plans are made of. */
  vacuum(tables: readonly string[]): readonly string[];
}

const tupleBehind = (key: readonly KeyPart[]) =>
  `(${key.map(({ column }) => column).join(", ")}) > (${key.map((_, index) => `:last${index}`).join(", ")})`;

// MySQL finds no range for a comparison of tuples, and compares a large number with text as fractions.
function partsBehind(key: readonly KeyPart[], index = 0): string {
  const part = key[index];
  if (part === undefined) return "1 = 0";
  const last = part.isText ? `:last${index}` : `CAST(:last${index} AS signed)`;
  const more = `${part.column} > ${last}`;
  if (index === key.length - 1) return more;
  return `(${more} OR (${part.column} = ${last} AND ${partsBehind(key, index + 1)}))`;
}

const schemaColumns = (schema: string) =>
  `SELECT table_name AS owner, column_name AS name FROM information_schema.columns WHERE table_schema = ${schema}`;

const speeches: Readonly<Record<DatabaseKind, Speech>> = {
  sqlite: {
    columns: `SELECT t.name AS owner, c.name AS name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
      WHERE t.type = 'table'`,
    steps: "SELECT created_at AS at, 1 AS done, 1 AS whole FROM mofa_migration",
    digits: (column) => `CAST(${column} AS text)`,
    coding: "hex",
    spell: (column) => `hex(${column})`,
    unspell: (place) => `unhex(${place})`,
    behind: tupleBehind,
    vacuum: () => ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"],
  },
  postgres: {
    columns: schemaColumns("current_schema()"),
    steps: "SELECT created_at AS at, 1 AS done, 1 AS whole FROM mofa_migration",
    digits: (column) => `CAST(${column} AS text)`,
    coding: "base64",
    spell: (column) => `encode(${column}, 'base64')`,
    unspell: (place) => `decode(${place}, 'base64')`,
    behind: tupleBehind,
    lock: (table) => `LOCK TABLE ${table} IN EXCLUSIVE MODE`,
    renumber: (table, column) =>
      `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), max("${column}")) FROM ${table} HAVING count(*) > 0`,
    vacuum: (tables) => tables.map((table) => `VACUUM (ANALYZE) ${table}`),
  },
  mysql: {
    columns: schemaColumns("database()"),
    steps: "SELECT created_at AS at, done, whole FROM mofa_migration",
    digits: (column) => `CAST(${column} AS char)`,
    coding: "base64",
    spell: (column) => `to_base64(${column})`,
    unspell: (place) => `from_base64(${place})`,
    behind: (key) => partsBehind(key),
    vacuum: (tables) => tables.map((table) => `OPTIMIZE TABLE ${table}`),
  },
};

export function speechOf(kind: DatabaseKind): Speech {
  return speeches[kind];
}

/** Bytes that were spelt by one database, in base 64 without line ends. */
export function toPortable(value: Value, { coding }: Speech): Value {
  if (typeof value !== "string") return value;
  return coding === "hex" ? Buffer.from(value, "hex").toString("base64") : value.replaceAll(/\s/g, "");
}

/** The same the other way. */
export function fromPortable(value: Value, { coding }: Speech): Value {
  if (typeof value !== "string") return value;
  return coding === "hex" ? Buffer.from(value, "base64").toString("hex") : value;
}
