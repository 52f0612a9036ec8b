import type { Dialect } from "../server/dialect.ts";
import { appendTogether } from "./append.ts";

const PUT = `INSERT INTO mofa_document AS d (id, version, body, at) VALUES (:id, 1, :body, :at)
  ON CONFLICT (id) DO UPDATE SET version = d.version + 1, body = excluded.body, at = excluded.at RETURNING version`;

/** What PostgreSQL says in words of its own. */
export const postgresDialect: Dialect = {
  parameter: (index) => `$${index + 1}`,
  unlessThere: "ON CONFLICT DO NOTHING",
  checkNow: "SET CONSTRAINTS ALL IMMEDIATE",
  real: "float8",
  fromBase64: (text) => `decode(${text}, 'base64')`,
  toBase64: (bytes) => `encode(${bytes}, 'base64')`,
  async putDocument(connection, document) {
    const { rows } = await connection.run<{ readonly version: number }>(PUT, document);
    return rows[0]?.version ?? 1;
  },
  append: appendTogether,
};
