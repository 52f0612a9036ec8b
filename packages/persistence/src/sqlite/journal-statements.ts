import { and, asc, desc, eq, gte, isNotNull, isNull, lt, lte, sql } from "drizzle-orm";
import type { ChangingColumns, KeptRun } from "../journal-records.ts";
import { PLACES } from "../tables.ts";
import { prepareBelongings } from "./belongings-statements.ts";
import { prepareClaims } from "./claim-statements.ts";
import type { Database } from "./database.ts";
import { row, run } from "./tables.ts";

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

/** The journal's statements, prepared once. */
export function prepareJournal(db: Database["db"]) {
  return { ...prepareRuns(db), ...prepareClaims(db), ...prepareBelongings(db) };
}

export type JournalStatements = ReturnType<typeof prepareJournal>;

function prepareRuns(db: Database["db"]) {
  const byId = eq(run.id, placeholder("id"));
  const ended = { n: run.n, finishedAt: run.finishedAt };
  const oldestFirst = [asc(run.finishedAt), asc(run.n)];
  return {
    run: db.select().from(run).where(byId).prepare(),
    duplicate: db
      .select()
      .from(run)
      .where(
        and(
          eq(run.dedupe, placeholder("dedupe")),
          sql`${run.tenant} IS ${placeholder("tenant")}`,
          eq(run.queue, placeholder("queue")),
          isNull(run.finishedAt),
        ),
      )
      .prepare(),
    renew: db
      .update(run)
      .set({ leaseUntil: sql`${placeholder("until")}` })
      .where(
        and(eq(run.id, placeholder("run")), eq(run.epoch, placeholder("epoch")), eq(run.owner, placeholder("worker"))),
      )
      .prepare(),
    rows: db.select().from(row).where(between).orderBy(asc(row.place)).prepare(),
    last: db.select({ place: row.place }).from(row).where(between).orderBy(desc(row.place)).limit(1).prepare(),
    addRow: fencedRow(db),
    addRowAt: db.insert(row).values(rowValues).prepare(),
    deleteRows: db.delete(row).where(between).prepare(),
    endedById: db
      .select(ended)
      .from(run)
      .where(and(byId, isNotNull(run.finishedAt)))
      .prepare(),
    endedBefore: db
      .select(ended)
      .from(run)
      .where(and(isNotNull(run.finishedAt), lt(run.finishedAt, placeholder("before"))))
      .orderBy(...oldestFirst)
      .limit(placeholder("limit"))
      .prepare(),
    // The first, from the newest on, that is one too many.
    surplus: db
      .select(ended)
      .from(run)
      .where(isNotNull(run.finishedAt))
      .orderBy(desc(run.finishedAt), desc(run.n))
      .limit(1)
      .offset(placeholder("keep"))
      .prepare(),
    endedUntil: db
      .select(ended)
      .from(run)
      .where(
        and(
          lte(run.finishedAt, placeholder("finishedAt")),
          sql`(${run.finishedAt}, ${run.n}) <= (${placeholder("finishedAt")}, ${placeholder("n")})`,
        ),
      )
      .orderBy(...oldestFirst)
      .limit(placeholder("limit"))
      .prepare(),
    deleteRun: db
      .delete(run)
      .where(eq(run.n, placeholder("n")))
      .prepare(),
  };
}

/**
 * Writes some columns of runs. One statement for each set of columns, prepared when it is first needed: there are as
 * many as there are kinds of events in a run's life, and none of them touches an index that the event leaves alone.
 */
export function prepareColumns(db: Database["db"]) {
  const insert = shapes((names) => {
    const values = names.map((name) => [name, placeholder(name)]);
    // The names are those of columns that are not empty, so none that must be there is missing.
    return db
      .insert(run)
      .values(Object.fromEntries(values) as typeof run.$inferInsert)
      .prepare();
  });
  const update = shapes((names) => {
    const set = names.map((name) => [name, sql`${placeholder(name)}`]);
    return db
      .update(run)
      .set(Object.fromEntries(set))
      .where(eq(run.n, placeholder("n")))
      .prepare();
  });
  return {
    /** Gives the number of the new run. */
    insert(columns: Omit<KeptRun, "n">): number {
      const full = Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== null));
      return Number(insert(full).run(full).lastInsertRowid);
    },
    update(n: number, columns: Partial<ChangingColumns>): void {
      if (Object.keys(columns).length > 0) update(columns).run({ ...columns, n });
    },
  };
}

/** Prepares something once for each set of names. */
function shapes<Statement>(prepare: (names: readonly string[]) => Statement) {
  const prepared = new Map<string, Statement>();
  return (columns: object): Statement => {
    const names = Object.keys(columns);
    const shape = names.join(" ");
    const statement = prepared.get(shape) ?? prepare(names);
    prepared.set(shape, statement);
    return statement;
  };
}

const rowValues = {
  place: placeholder("place"),
  epoch: placeholder("epoch"),
  key: placeholder("key"),
  parent: placeholder("parent"),
  type: placeholder("type"),
  kind: placeholder("kind"),
  name: placeholder("name"),
  body: placeholder("body"),
  error: placeholder("error"),
  at: placeholder("at"),
};
