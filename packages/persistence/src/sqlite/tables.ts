import { isNotNull } from "drizzle-orm";
import { blob as bytes, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { type ColumnKind, columnName, type TableSpec, tables } from "../tables.ts";

const columns = {
  serial: (name: string) => integer(name).primaryKey(),
  place: (name: string) => integer(name).primaryKey(),
  id: (name: string) => text(name).notNull(),
  "id?": (name: string) => text(name),
  text: (name: string) => text(name).notNull(),
  // As text, because an absent body and a body of null are two things, and drizzle's JSON columns make them one.
  json: (name: string) => text(name).notNull(),
  "json?": (name: string) => text(name),
  number: (name: string) => integer(name).notNull(),
  time: (name: string) => integer(name).notNull(),
  "time?": (name: string) => integer(name),
  number0: (name: string) => integer(name).notNull().default(0),
  mark: (name: string) => text(name).notNull(),
  "mark?": (name: string) => text(name),
  mark0: (name: string) => text(name).notNull().default(""),
  bytes: (name: string) => bytes(name, { mode: "buffer" }).notNull(),
} satisfies Record<ColumnKind, unknown>;

type Built<Spec extends TableSpec> = {
  [Name in keyof Spec["columns"]]: ReturnType<(typeof columns)[Spec["columns"][Name]]>;
};

function build<const Spec extends TableSpec>(spec: Spec) {
  const made = Object.entries(spec.columns).map(([name, kind]) => [name, columns[kind](columnName(name))]);
  return sqliteTable(spec.name, Object.fromEntries(made) as Built<Spec>, (table) => {
    const named = (names: readonly string[]) => [spec.name, ...names.map(columnName)].join("_");
    // biome-ignore lint/suspicious/noExplicitAny: drizzle wants a tuple; the names come from data, checked by the tests.
    type Columns = [any, ...any[]];
    const of = (names: readonly string[]) => names.map((name) => (table as Record<string, unknown>)[name]) as Columns;
    return [
      ...(spec.key === undefined ? [] : [primaryKey({ columns: of(spec.key) })]),
      ...(spec.unique ?? []).map((names) => uniqueIndex(`${named(names)}_unique`).on(...of(names))),
      ...(spec.indexes ?? []).map((names) => {
        const made = index(named(names)).on(...of(names));
        const [last] = of(names.slice(-1));
        // What has no value is not looked for by it: leaving it out makes a new run a third cheaper.
        const sparse = names.length < 3 && spec.columns[names.at(-1) ?? ""]?.endsWith("?");
        return sparse ? made.where(isNotNull(last)) : made;
      }),
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
