import type { Near } from "@mofa/kernel";
import { SPARE } from "../vector-search.ts";
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
  /** Where this process has filled in what others wrote without the extension. */
  readonly filled: Set<string>;
}

interface Row {
  readonly n: number;
  /** In base 64. */
  readonly floats: string;
}

const AMONG = "namespace = :n AND model = :space";
const PAGE = 200;

/** The vectors that the database finds nearest, and a few more. */
export async function nearestInside(near: Near, depth: number, place: Place): Promise<readonly Row[]> {
  const { connection, dialect, inside, home, fitting, filled } = place;
  const { space, vector } = near;
  const key = `${home.n} ${space}`;
  if (!filled.has(key)) await fill(place, space);
  filled.add(key);
  const distance = inside.distance(inside.column, inside.cast(":vector"));
  const text = `SELECT fact AS n, ${dialect.toBase64("floats")} AS floats FROM mofa_vector WHERE ${AMONG} AND fact IN (
    SELECT fact FROM mofa_vector WHERE ${AMONG} AND ${inside.column} IS NOT NULL
    ${fitting === undefined ? "" : "AND fact IN (:fitting)"} ORDER BY ${distance}, fact DESC LIMIT :limit)`;
  const values = { n: home.n, space, vector: inside.of(vector), limit: depth + SPARE, fitting: [...(fitting ?? [])] };
  return (await connection.ask<Row>(text, values)).rows;
}

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
        WHERE ${AMONG} AND fact = given.of`,
      values,
    );
  }
}
