import type { Near } from "@mofa/kernel";
import { areEnough, MORE, type Named, SPARE } from "../vector-search.ts";
import { toFloats } from "../vectors.ts";
import type { Connection } from "./database.ts";
import type { Dialect, Inside } from "./dialect.ts";
import type { Home } from "./memory-writes.ts";
import type { Value } from "./statement.ts";

interface Place {
  readonly connection: Connection;
  readonly dialect: Dialect;
  readonly inside: Inside;
  readonly home: Home;
  /** Only these facts; absent: all. */
  readonly fitting: ReadonlySet<number> | undefined;
}

interface Row {
  readonly n: number;
  /** In base 64. */
  readonly floats: string;
}

const AMONG = "namespace = :n AND model = :space";
const PAGE = 200;

/** The facts that the database finds nearest, and all that may be as near: their vectors are to be compared once more. */
export async function nearestInside(near: Near, depth: number, place: Place): Promise<readonly number[]> {
  const { connection, inside, home, fitting } = place;
  const { space, vector } = near;
  await fill(place, space);
  const text = `SELECT fact AS n, ${inside.distance(inside.column, inside.cast(":vector"))} AS far FROM mofa_vector
    WHERE ${AMONG} AND ${inside.column} IS NOT NULL ${fitting === undefined ? "" : "AND fact IN (:fitting)"}
    ORDER BY far LIMIT :asked`;
  const values = { n: home.n, space, vector: inside.of(vector), fitting: [...(fitting ?? [])] };
  for (let asked = depth + SPARE; ; asked *= MORE) {
    const { rows } = await connection.ask<Named>(text, { ...values, asked });
    if (areEnough(rows, asked, { depth, near })) return rows.map(({ n }) => n);
  }
}

// What others wrote without the extension, and what stood there before it came. Several may be at it at once: each writes
// the same.
async function fill({ connection, dialect, inside, home }: Place, space: string): Promise<void> {
  const text = `SELECT fact AS n, ${dialect.toBase64("floats")} AS floats FROM mofa_vector
    WHERE ${AMONG} AND ${inside.column} IS NULL AND fact > :after ORDER BY fact LIMIT :limit`;
  for (let after = -1, more = true; more; ) {
    const { rows } = await connection.ask<Row>(text, { n: home.n, space, after, limit: PAGE });
    if (rows.length > 0) await fillIn(connection, inside, { n: home.n, space, rows });
    after = rows.at(-1)?.n ?? after;
    more = rows.length === PAGE;
  }
}

interface Page {
  readonly n: number;
  readonly space: string;
  readonly rows: readonly Row[];
}

async function fillIn(connection: Connection, inside: Inside, { n, space, rows }: Page): Promise<void> {
  const values: Record<string, Value> = { n, space };
  const lines = rows.map((row, at) => {
    values[`fact${at}`] = row.n;
    values[`near${at}`] = inside.of(toFloats(Buffer.from(row.floats, "base64")));
    return `(CAST(:fact${at} AS bigint), ${inside.cast(`:near${at}`)})`;
  });
  // Not whether there is nothing yet: the server would take that for rare, and go through all of it for each line.
  await connection.ask(
    `UPDATE mofa_vector SET ${inside.column} = given.near FROM (VALUES ${lines.join(", ")}) AS given (of, near)
      WHERE ${AMONG} AND fact = given.of`,
    values,
  );
}
