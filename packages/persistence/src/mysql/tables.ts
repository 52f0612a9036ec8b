import { bigint, customType, index, mysqlTable, primaryKey, uniqueIndex, varbinary } from "drizzle-orm/mysql-core";
import { type ColumnKind, columnName, lockTable, type TableSpec, tables } from "../tables.ts";

// 512 characters of four bytes. As bytes, because every text collation that MySQL and MariaDB share takes "a" and "a "
// for one; bytes of UTF-8 are in the order of code points.
const ID_BYTES = 2048;
// Short enough for several in one index, which may have 3,072 bytes.
const MARK_BYTES = 100;

// Whatever the character set of the database is.
const long = customType<{ data: string }>({ dataType: () => "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" });

const bytes = customType<{ data: Uint8Array }>({ dataType: () => "longblob" });

const columns = {
  serial: (name: string) => bigint(name, { mode: "number" }).autoincrement().primaryKey(),
  place: (name: string) => bigint(name, { mode: "number" }).primaryKey(),
  id: (name: string) => varbinary(name, { length: ID_BYTES }).notNull(),
  "id?": (name: string) => varbinary(name, { length: ID_BYTES }),
  text: (name: string) => long(name).notNull(),
  // As text: JSON columns change numbers and the order of keys, and read an absent body and a body of null as one.
  json: (name: string) => long(name).notNull(),
  "json?": (name: string) => long(name),
  number: (name: string) => bigint(name, { mode: "number" }).notNull(),
  time: (name: string) => bigint(name, { mode: "number" }).notNull(),
  "time?": (name: string) => bigint(name, { mode: "number" }),
  number0: (name: string) => bigint(name, { mode: "number" }).notNull().default(0),
  mark: (name: string) => varbinary(name, { length: MARK_BYTES }).notNull(),
  "mark?": (name: string) => varbinary(name, { length: MARK_BYTES }),
  mark0: (name: string) => varbinary(name, { length: MARK_BYTES }).notNull().default(""),
  bytes: (name: string) => bytes(name).notNull(),
} satisfies Record<ColumnKind, unknown>;

type Built<Spec extends TableSpec> = {
  [Name in keyof Spec["columns"]]: ReturnType<(typeof columns)[Spec["columns"][Name]]>;
};

function build<const Spec extends TableSpec>(spec: Spec) {
  const made = Object.entries(spec.columns).map(([name, kind]) => [name, columns[kind](columnName(name))]);
  return mysqlTable(spec.name, Object.fromEntries(made) as Built<Spec>, (table) => {
    const named = (names: readonly string[]) => [spec.name, ...names.map(columnName)].join("_");
    // biome-ignore lint/suspicious/noExplicitAny: drizzle wants a tuple; the names come from data, checked by the tests.
    type Columns = [any, ...any[]];
    const of = (names: readonly string[]) => names.map((name) => (table as Record<string, unknown>)[name]) as Columns;
    return [
      ...(spec.key === undefined ? [] : [primaryKey({ columns: of(spec.key) })]),
      ...(spec.unique ?? []).map((names) => uniqueIndex(`${named(names)}_unique`).on(...of(names))),
      ...(spec.indexes ?? []).map((names) => index(named(names)).on(...of(names))),
    ];
  });
}

// One by one and exported: drizzle-kit finds tables among a module's exports.
export const run = build(tables.run);
export const row = build(tables.row);
export const task = build(tables.task);
export const signal = build(tables.signal);
export const listen = build(tables.listen);
export const letter = build(tables.letter);
export const blob = build(tables.blob);
export const blobUse = build(tables.blobUse);
export const document = build(tables.document);
export const session = build(tables.session);
export const entry = build(tables.entry);
export const namespace = build(tables.namespace);
export const fact = build(tables.fact);
export const word = build(tables.word);
export const vector = build(tables.vector);
export const lock = build(lockTable);
