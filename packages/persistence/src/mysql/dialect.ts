import type { Dialect } from "../server/dialect.ts";
import { appendTogether } from "./append.ts";

// The version is told by way of the last number given by the database, which an update may set.
const PUT = `INSERT INTO mofa_document (id, version, body, at) VALUES (:id, 1, :body, :at)
  ON DUPLICATE KEY UPDATE version = last_insert_id(version + 1), body = VALUES(body), at = VALUES(at)`;

/** What MySQL and MariaDB say in words of their own. */
export const mysqlDialect: Dialect = {
  parameter: () => "?",
  unlessThere: "ON DUPLICATE KEY UPDATE n = n",
  real: "double",
  fromBase64: (text) => `from_base64(${text})`,
  toBase64: (bytes) => `to_base64(${bytes})`,
  async putDocument(connection, document) {
    const { changed, inserted = 1 } = await connection.run(PUT, document);
    // One row is a new one, two are an old one changed.
    return changed === 1 ? 1 : inserted;
  },
  append: appendTogether,
};
