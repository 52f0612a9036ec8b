import { bigint, bigserial, customType, index, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { type ColumnKind, columnName, type TableSpec, tables } from "../tables.ts";

// Ids are compared and ordered by code points, whatever the language of the database is.
const exact = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

const columns = {
  serial: (name: string) => bigserial(name, { mode: "number" }).primaryKey(),
  place: (name: string) => bigint(name, { mode: "number" }).primaryKey(),
  id: (name: string) => exact(name).notNull(),
  "id?": (name: string) => exact(name),
  text: (name: string) => text(name).notNull(),
  // As text: jsonb takes no NUL, changes numbers and the order of keys, and is slower to write.
  json: (name: string) => text(name).notNull(),
  "json?": (name: string) => text(name),
  number: (name: string) => bigint(name, { mode: "number" }).notNull(),
  time: (name: string) => bigint(name, { mode: "number" }).notNull(),
  "time?": (name: string) => bigint(name, { mode: "number" }),
} satisfies Record<ColumnKind, unknown>;

type Built<Spec extends TableSpec> = {
  [Name in keyof Spec["columns"]]: ReturnType<(typeof columns)[Spec["columns"][Name]]>;
};

function build<const Spec extends TableSpec>(spec: Spec) {
  const made = Object.entries(spec.columns).map(([name, kind]) => [name, columns[kind](columnName(name))]);
  return pgTable(spec.name, Object.fromEntries(made) as Built<Spec>, (table) => {
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
export const document = build(tables.document);
export const session = build(tables.session);
export const entry = build(tables.entry);
export const namespace = build(tables.namespace);
export const fact = build(tables.fact);
export const word = build(tables.word);
