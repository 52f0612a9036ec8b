import { columnName, type TableSpec } from "../tables.ts";

export type Value = string | number | null;

/** What a statement is given, by name; a list stands for as many places. */
export type Values = Readonly<Record<string, Value | readonly Value[]>>;

/** How one database writes what the others write otherwise. */
export type Parameter = (index: number) => string;

/** A statement with places instead of names, and the names in order. */
export interface Compiled {
  readonly text: string;
  readonly names: readonly string[];
}

// `:name`, but not `::type`, and nothing between quotes (in which a quote is written twice).
const NAME = /'[^']*'|"[^"]*"|(?<!:):([a-z]\w*)/gi;

/** Puts numbered or bare places where a statement has names. */
export function compile(text: string, parameter: Parameter): Compiled {
  const names: string[] = [];
  const put = (found: string, name?: string) => (name === undefined ? found : parameter(names.push(name) - 1));
  return { text: text.replace(NAME, put), names };
}

/** The same for a statement made for one time: a list becomes as many places, an empty one becomes NULL. */
export function expand(text: string, values: Values, parameter: Parameter) {
  const given: Value[] = [];
  const one = (value: Value) => parameter(given.push(value) - 1);
  const put = (found: string, name?: string) => {
    if (name === undefined) return found;
    const value = values[name] ?? null;
    if (!isList(value)) return one(value);
    return value.length === 0 ? "NULL" : value.map(one).join(", ");
  };
  return { text: text.replace(NAME, put), values: given };
}

/** The values of a compiled statement in order. */
export function inOrder({ names }: Compiled, values: Values): Value[] {
  return names.map((name) => {
    const value = values[name] ?? null;
    return isList(value) ? (value[0] ?? null) : value;
  });
}

/** The columns of a table, to be selected under the names they have in code. */
export function fields(spec: TableSpec, alias: string): string {
  return Object.keys(spec.columns)
    .map((name) => `${alias}."${columnName(name)}" AS "${name}"`)
    .join(", ");
}

/** The columns of a table without the ones named, as an insert lists them, and a place for each. */
export function into(spec: TableSpec, without: readonly string[] = []): string {
  const names = Object.keys(spec.columns).filter((name) => !without.includes(name));
  const columns = names.map((name) => `"${columnName(name)}"`).join(", ");
  return `INSERT INTO ${spec.name} (${columns}) VALUES (${names.map((name) => `:${name}`).join(", ")})`;
}

function isList(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}
