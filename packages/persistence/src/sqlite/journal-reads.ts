import {
  type Journal,
  type RunFilter,
  type RunRecord,
  type RunStatus,
  type TaskRecord,
  toErrorJson,
} from "@mofa/kernel";
import { and, asc, count, desc, eq, gte, inArray, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { headOf, type KeptRun, type KeptTask, toRow, toSignal, toTask } from "../journal-records.ts";
import { afterPrefix, placesOf } from "../ranges.ts";
import { selectListens, selectTasks } from "./belongings-statements.ts";
import type { Database } from "./database.ts";
import { type Runs, unreadable } from "./journal-runs.ts";
import type { JournalStatements } from "./journal-statements.ts";
import { listen, run, task } from "./tables.ts";

type Reads = Pick<Journal, "get" | "rows" | "list" | "counts" | "tasks" | "task" | "signals" | "listens" | "topics">;

/** The half of a journal that only looks. */
export function journalReads({ db, file, read }: Database, statements: JournalStatements, runs: Runs): Reads {
  // A run that cannot be read is shown without what it was given, and says why: the others are still to be seen.
  function toShown(kept: KeptRun): RunRecord {
    try {
      return runs.read(kept);
    } catch (error) {
      return { ...headOf(kept), error: toErrorJson(error) };
    }
  }

  function toShownTask(kept: KeptTask): TaskRecord {
    try {
      return runs.readTask(kept);
    } catch (error) {
      return toTask({ ...kept, question: JSON.stringify({ title: toErrorJson(error).message }), answer: null });
    }
  }

  return {
    async get(id) {
      return read(() => {
        const kept = runs.kept(id);
        return kept === undefined ? undefined : runs.read(kept);
      });
    },
    async rows(id) {
      return read(() => {
        const kept = runs.kept(id);
        if (kept === undefined) return [];
        const places = placesOf(kept.n);
        return statements.rows.all(places).map(({ place, ...row }, index) => {
          const seq = place - places.first;
          if (seq !== index) throw unreadable(file, id, { what: `row ${index}`, reason: "is missing" });
          const what = `row ${seq}`;
          return runs.whole(id, { what, text: row.body }, (body) =>
            runs.whole(id, { what, text: row.error }, (error) => toRow({ ...row, seq, body, error })),
          );
        });
      });
    },
    async list(filter = {}) {
      const query = db
        .select()
        .from(run)
        .where(whereOf(filter))
        .orderBy(desc(run.n))
        .limit(filter.limit ?? 100);
      return read(() => query.all().map(toShown));
    },
    async counts() {
      const fields = { queue: run.queue, status: run.status, count: count() };
      const query = db.select(fields).from(run).groupBy(run.status, run.queue);
      return read(() => query.all()).map((one) => ({ ...one, status: one.status as RunStatus }));
    },
    async tasks({ status, run: id, limit = 100 } = {}) {
      const byStatus = status === undefined ? undefined : eq(task.status, status);
      const where = and(byStatus, id === undefined ? undefined : eq(run.id, id));
      return read(() => selectTasks(db).where(where).orderBy(asc(task.n)).limit(limit).all().map(toShownTask));
    },
    async task(token) {
      return read(() => {
        const kept = statements.task.get({ token });
        return kept === undefined ? undefined : runs.readTask(kept);
      });
    },
    async signals(id) {
      return read(() => {
        const kept = runs.kept(id);
        if (kept === undefined) return [];
        return statements.signals.all({ run: kept.n }).map((one) => {
          const part = { what: `signal "${one.id}"`, text: one.body };
          return runs.whole(id, part, (body) => toSignal({ run: id, ...one, body }));
        });
      });
    },
    async listens({ topic, run: id } = {}) {
      const byTopic = topic === undefined ? undefined : eq(listen.topic, topic);
      const where = and(byTopic, id === undefined ? undefined : eq(run.id, id));
      return read(() => selectListens(db).where(where).orderBy(asc(listen.n)).all());
    },
    async topics() {
      const rows = read(() => db.selectDistinct({ topic: listen.topic }).from(listen).all());
      return rows.map(({ topic }) => topic).sort();
    },
  };
}

// Those that are owned are few among all that are parked, and only their own index knows them: asked for plainly, all
// open runs would be looked through in the order of the answer. Runs that are named are fewer still.
function isOwned(ids: RunFilter["ids"]) {
  if (ids !== undefined) return isNotNull(run.leaseUntil);
  return sql`${run.n} IN (SELECT found.n FROM ${run} AS found WHERE found.lease_until IS NOT NULL)`;
}

function whereOf({ status, name, ids, prefix, queue, parent, owned, before }: RunFilter) {
  const end = prefix === undefined ? undefined : afterPrefix(prefix);
  return and(
    status === undefined ? undefined : inArray(run.status, [...status]),
    name === undefined ? undefined : eq(run.name, name),
    ids === undefined ? undefined : sql`${run.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
    prefix === undefined ? undefined : gte(run.id, prefix),
    end === undefined ? undefined : lt(run.id, end),
    queue === undefined ? undefined : eq(run.queue, queue),
    parent === undefined ? undefined : eq(run.parentRun, parent),
    owned === undefined ? undefined : owned ? isOwned(ids) : isNull(run.leaseUntil),
    before === undefined ? undefined : sql`${run.n} < (SELECT n FROM ${run} AS found WHERE found.id = ${before})`,
  );
}
