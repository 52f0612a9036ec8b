import { isNotNull } from "drizzle-orm";
import { bigint, bigserial, customType, index, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { type ColumnKind, columnName, lockTable, type TableSpec, tables } from "../tables.ts";

// Ids are compared and ordered by code points, whatever the language of the database is.
const exact = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

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
  number0: (name: string) => bigint(name, { mode: "number" }).notNull().default(0),
  mark: (name: string) => exact(name).notNull(),
  "mark?": (name: string) => exact(name),
  mark0: (name: string) => exact(name).notNull().default(""),
  bytes: (name: string) => bytes(name).notNull(),
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
      ...(spec.indexes ?? []).map((names) => {
        const made = index(named(names)).on(...of(names));
        const [last] = of(names.slice(-1));
        // What has no value is not looked for by it: leaving it out makes each new run cheaper.
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
export const lock = build(lockTable);
