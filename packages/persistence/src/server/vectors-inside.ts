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

// What others wrote without the extension, and what stood there before it came. Several may be at it at once.
async function fill({ connection, dialect, inside, home }: Place, space: string): Promise<void> {
  const text = `SELECT fact AS n, ${dialect.toBase64("floats")} AS floats FROM mofa_vector
    WHERE ${AMONG} AND ${inside.column} IS NULL ORDER BY fact LIMIT :limit`;
  for (;;) {
    const { rows } = await connection.ask<Row>(text, { n: home.n, space, limit: PAGE });
    if (rows.length === 0) return;
    const values: Record<string, Value> = { n: home.n, space };
    const lines = rows.map(({ n, floats }, at) => {
      values[`fact${at}`] = n;
      values[`near${at}`] = inside.of(toFloats(Buffer.from(floats, "base64")));
      return `(CAST(:fact${at} AS bigint), ${inside.cast(`:near${at}`)})`;
    });
    await connection.ask(
      `UPDATE mofa_vector SET ${inside.column} = given.near FROM (VALUES ${lines.join(", ")}) AS given (of, near)
        WHERE ${AMONG} AND fact = given.of AND mofa_vector.${inside.column} IS NULL`,
      values,
    );
  }
}
