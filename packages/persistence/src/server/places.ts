import { PLACES } from "../tables.ts";
import type { Connection } from "./database.ts";
import type { Value, Values } from "./statement.ts";

/**
 * The key of a row or entry as text: beyond 2⁵³ a number would be rounded. A server's numbers of runs are never used
 * again, so that they may well come that far.
 */
export function placeOf(n: number, seq: number): string {
  return String(BigInt(n) * BigInt(PLACES) + BigInt(seq));
}

/** The place within its run or session, as SQL. */
export const SEQ: string = `place & ${PLACES - 1}`;

// A statement has at most 65,535 values, and MySQL takes no packet above 16 MB unless told.
const MOST_VALUES = 10_000;
const MOST_CHARACTERS = 4_000_000;
// Ranges in one statement: more gain little, and a planner that has too many reads everything.
const MOST_RANGES = 50;

/** Inserts many rows with few statements. `head` is `INSERT INTO table (columns)`. */
export async function insertMany(connection: Connection, head: string, rows: readonly (readonly Value[])[]) {
  for (let from = 0; from < rows.length; ) {
    const values: Record<string, Value[]> = {};
    const tuples: string[] = [];
    let characters = 0;
    let count = 0;
    for (; from < rows.length && characters < MOST_CHARACTERS && count < MOST_VALUES; from++) {
      const row = rows[from] ?? [];
      values[`row${from}`] = [...row];
      tuples.push(`(:row${from})`);
      count += row.length;
      for (const value of row) characters += typeof value === "string" ? value.length : 8;
    }
    await connection.ask(`${head} VALUES ${tuples.join(", ")}`, values satisfies Values);
  }
}

/** Deletes all rows of these runs, or all entries of these sessions. */
export async function deletePlaces(connection: Connection, table: "mofa_row" | "mofa_entry", ns: readonly number[]) {
  for (let from = 0; from < ns.length; from += MOST_RANGES) {
    const values: Record<string, string> = {};
    const ranges = ns.slice(from, from + MOST_RANGES).map((n, index) => {
      values[`from${index}x`] = placeOf(n, 0);
      values[`to${index}x`] = placeOf(n + 1, 0);
      return `(place >= :from${index}x AND place < :to${index}x)`;
    });
    await connection.ask(`DELETE FROM ${table} WHERE ${ranges.join(" OR ")}`, values);
  }
}
