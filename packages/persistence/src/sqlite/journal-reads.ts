import type { Journal } from "@mofa/kernel";
import { and, asc, desc, eq, inArray } from "drizzle-orm";
import { toRow, toRun, toTask } from "../journal-records.ts";
import { placesOf } from "../ranges.ts";
import type { Database } from "./database.ts";
import { type prepareJournal, selectTasks } from "./journal-statements.ts";
import { run, task } from "./tables.ts";

type Reads = Pick<Journal, "get" | "rows" | "list" | "tasks" | "task">;

/** The half of a journal that only looks. */
export function journalReads({ db, read }: Database, statements: ReturnType<typeof prepareJournal>): Reads {
  return {
    async get(id) {
      const kept = read(() => statements.run.get({ id }));
      return kept === undefined ? undefined : toRun(kept);
    },
    async rows(id) {
      return read(() => {
        const kept = statements.run.get({ id });
        if (kept === undefined) return [];
        const places = placesOf(kept.n);
        return statements.rows.all(places).map(({ place, ...row }) => toRow({ seq: place - places.first, ...row }));
      });
    },
    async list({ status, name: action, limit = 100 } = {}) {
      const byStatus = status === undefined ? undefined : inArray(run.status, [...status]);
      const where = and(byStatus, action === undefined ? undefined : eq(run.name, action));
      return read(() => db.select().from(run).where(where).orderBy(desc(run.n)).limit(limit).all()).map(toRun);
    },
    async tasks({ status, run: id, limit = 100 } = {}) {
      const byStatus = status === undefined ? undefined : eq(task.status, status);
      const where = and(byStatus, id === undefined ? undefined : eq(run.id, id));
      return read(() => selectTasks(db).where(where).orderBy(asc(task.n)).limit(limit).all()).map(toTask);
    },
    async task(token) {
      const kept = read(() => statements.task.get({ token }));
      return kept === undefined ? undefined : toTask(kept);
    },
  };
}
