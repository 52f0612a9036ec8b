import { and, asc, desc, eq, gte, inArray, isNotNull, lt, lte, or, sql } from "drizzle-orm";
import { PLACES } from "../tables.ts";
import type { Database } from "./database.ts";
import { row, run, task } from "./tables.ts";

const { placeholder } = sql;
const places = sql.raw(String(PLACES));

// The fence and the order of rows, inside the insert: it writes only if the run is owned under this epoch and the row
// before is there, and the key refuses what is there already. So a step costs one statement and no change of its run.
const fencedRow = (db: Database["db"]) =>
  db
    .insert(row)
    .select(
      db
        .select({
          place: sql<number>`${run.n} * ${places} + ${placeholder("seq")}`.as("place"),
          epoch: run.epoch,
          key: sql<string>`${placeholder("key")}`.as("key"),
          parent: sql<string>`${placeholder("parent")}`.as("parent"),
          type: sql<string>`${placeholder("type")}`.as("type"),
          kind: sql<string>`${placeholder("kind")}`.as("kind"),
          name: sql<string>`${placeholder("name")}`.as("name"),
          body: sql<string | null>`${placeholder("body")}`.as("body"),
          error: sql<string | null>`${placeholder("error")}`.as("error"),
          at: sql<number>`${placeholder("at")}`.as("at"),
        })
        .from(run)
        .where(
          and(
            eq(run.id, placeholder("run")),
            eq(run.epoch, placeholder("epoch")),
            isNotNull(run.owner),
            sql`(${placeholder("seq")} = 0 OR EXISTS (SELECT 1 FROM ${row} WHERE ${row.place} = ${run.n} * ${places} + ${placeholder("seq")} - 1))`,
          ),
        ),
    )
    .onConflictDoNothing()
    .prepare();

const between = and(gte(row.place, placeholder("first")), lt(row.place, placeholder("end")));
const byToken = eq(task.token, placeholder("token"));
const lastFirst = desc(row.place);

/** A task with the id of its run. */
const taskFields = {
  token: task.token,
  run: run.id,
  key: task.key,
  question: task.question,
  expiresAt: task.expiresAt,
  status: task.status,
  answer: task.answer,
  createdAt: task.createdAt,
};

/** Tasks with the ids of their runs, to be filtered. */
export function selectTasks(db: Database["db"]) {
  return db.select(taskFields).from(task).innerJoin(run, eq(run.n, task.run)).$dynamic();
}

/** The journal's statements, prepared once. */
export function prepareJournal(db: Database["db"]) {
  // A list travels as JSON: a prepared statement has a fixed number of places.
  const actions = placeholder("actions");
  const wanted = sql`(${actions} IS NULL OR ${run.kind} || ':' || ${run.name} IN (SELECT value FROM json_each(${actions})))`;
  const dead = sql`${run.owner} IN (SELECT value FROM json_each(${placeholder("dead")}))`;
  const left = or(lte(run.leaseUntil, placeholder("now")), dead);
  const expired = and(inArray(run.status, ["running", "waiting"]), left, wanted);
  return {
    run: db
      .select()
      .from(run)
      .where(eq(run.id, placeholder("id")))
      .prepare(),
    queued: db
      .select()
      .from(run)
      .where(and(eq(run.status, "queued"), wanted))
      .orderBy(asc(run.n))
      .limit(placeholder("limit"))
      .prepare(),
    expired: db.select().from(run).where(expired).orderBy(asc(run.leaseUntil)).limit(placeholder("limit")).prepare(),
    rows: db.select().from(row).where(between).orderBy(asc(row.place)).prepare(),
    last: db.select({ place: row.place }).from(row).where(between).orderBy(lastFirst).limit(1).prepare(),
    addRow: fencedRow(db),
    renew: db
      .update(run)
      .set({ leaseUntil: sql`${placeholder("until")}` })
      .where(
        and(eq(run.id, placeholder("run")), eq(run.epoch, placeholder("epoch")), eq(run.owner, placeholder("worker"))),
      )
      .prepare(),
    task: selectTasks(db).where(byToken).prepare(),
    openTask: db
      .insert(task)
      .values({
        token: placeholder("token"),
        run: placeholder("run"),
        key: placeholder("key"),
        question: placeholder("question"),
        expiresAt: placeholder("expiresAt"),
        status: "open",
        createdAt: placeholder("createdAt"),
      })
      .onConflictDoNothing()
      .prepare(),
    answer: db
      .update(task)
      .set({ status: "answered", answer: sql`${placeholder("answer")}` })
      .where(byToken)
      .prepare(),
    insertRun: db.insert(run).values(runValues).prepare(),
    updateRun: db
      .update(run)
      .set({
        status: sql`${placeholder("status")}`,
        output: sql`${placeholder("output")}`,
        error: sql`${placeholder("error")}`,
        epoch: sql`${placeholder("epoch")}`,
        owner: sql`${placeholder("owner")}`,
        leaseUntil: sql`${placeholder("leaseUntil")}`,
        takeovers: sql`${placeholder("takeovers")}`,
        cancelRequested: sql`${placeholder("cancelRequested")}`,
        updatedAt: sql`${placeholder("updatedAt")}`,
        finishedAt: sql`${placeholder("finishedAt")}`,
      })
      .where(eq(run.id, placeholder("id")))
      .prepare(),
  };
}

const runValues = {
  id: placeholder("id"),
  kind: placeholder("kind"),
  name: placeholder("name"),
  version: placeholder("version"),
  input: placeholder("input"),
  status: placeholder("status"),
  output: placeholder("output"),
  error: placeholder("error"),
  epoch: placeholder("epoch"),
  owner: placeholder("owner"),
  leaseUntil: placeholder("leaseUntil"),
  takeovers: placeholder("takeovers"),
  cancelRequested: placeholder("cancelRequested"),
  createdAt: placeholder("createdAt"),
  updatedAt: placeholder("updatedAt"),
  finishedAt: placeholder("finishedAt"),
};
