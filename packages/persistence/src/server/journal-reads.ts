import type { Journal } from "@mofa/kernel";
import { type KeptRun, type KeptTask, toRow, toRun, toTask } from "../journal-records.ts";
import type { Connection, Database } from "./database.ts";
import { SQL } from "./journal-sql.ts";
import { placeOf } from "./places.ts";

type Reads = Pick<Journal, "get" | "rows" | "list" | "tasks" | "task">;

/** The half of a journal that only looks. */
export function journalReads(database: Database): Reads {
  return {
    async get(id) {
      const found = await database.use((connection) => findRun(connection, id));
      return found === undefined ? undefined : toRun(found);
    },
    async rows(id) {
      return database.use(async (connection) => {
        const run = await findRun(connection, id);
        if (run === undefined) return [];
        const range = { from: placeOf(run.n, 0), to: placeOf(run.n + 1, 0) };
        return (await connection.run<Parameters<typeof toRow>[0]>(SQL.rows, range)).rows.map(toRow);
      });
    },
    async list({ status, name: action, limit = 100 } = {}) {
      const conditions = [
        ...(status === undefined ? [] : ["r.status IN (:status)"]),
        ...(action === undefined ? [] : ["r.name = :action"]),
      ];
      const text = `${SQL.runs} ${where(conditions)} ORDER BY r.n DESC LIMIT :limit`;
      const values = { status: status ?? [], action: action ?? null, limit };
      return (await database.use((connection) => connection.ask<KeptRun>(text, values))).rows.map(toRun);
    },
    async tasks({ status, run, limit = 100 } = {}) {
      const conditions = [
        ...(status === undefined ? [] : ["t.status = :status"]),
        ...(run === undefined ? [] : ["r.id = :run"]),
      ];
      const text = `${SQL.tasks} ${where(conditions)} ORDER BY t.n LIMIT :limit`;
      const values = { status: status ?? null, run: run ?? null, limit };
      return (await database.use((connection) => connection.ask<KeptTask>(text, values))).rows.map(toTask);
    },
    async task(token) {
      const { rows } = await database.use((connection) => connection.run<KeptTask>(SQL.task, { token }));
      return rows[0] === undefined ? undefined : toTask(rows[0]);
    },
  };
}

/** A run as it is kept, found by its id. */
export async function findRun(
  connection: Connection,
  id: string,
  text: string = SQL.run,
): Promise<KeptRun | undefined> {
  return (await connection.run<KeptRun>(text, { id })).rows[0];
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
