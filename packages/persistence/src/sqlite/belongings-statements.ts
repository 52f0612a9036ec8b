import { and, asc, eq, lte, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { blob, blobUse, letter, listen, run, signal, task } from "./tables.ts";

const { placeholder } = sql;

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

/** Listens with the ids of their runs, to be filtered. */
export function selectListens(db: Database["db"]) {
  const fields = { run: run.id, key: listen.key, topic: listen.topic };
  return db.select(fields).from(listen).innerJoin(run, eq(run.n, listen.run)).$dynamic();
}

export function prepareBelongings(db: Database["db"]) {
  return { ...prepareTasks(db), ...prepareSignals(db), ...prepareLetters(db), ...prepareBlobs(db) };
}

function prepareTasks(db: Database["db"]) {
  const byToken = eq(task.token, placeholder("token"));
  return {
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
    deleteTasks: db
      .delete(task)
      .where(and(eq(task.run, placeholder("run")), sql`(${placeholder("open")} = 0 OR ${task.status} = 'open')`))
      .prepare(),
  };
}

function prepareSignals(db: Database["db"]) {
  const ofRun = eq(signal.run, placeholder("run"));
  const ofStep = and(eq(listen.run, placeholder("run")), eq(listen.key, placeholder("key")));
  const listening = { run: placeholder("run"), key: placeholder("key"), topic: placeholder("topic") };
  return {
    addSignal: db
      .insert(signal)
      .values({
        run: placeholder("run"),
        id: placeholder("id"),
        name: placeholder("name"),
        body: placeholder("body"),
        consumed: 0,
        at: placeholder("at"),
      })
      .onConflictDoNothing()
      .prepare(),
    signals: db
      .select({ id: signal.id, name: signal.name, body: signal.body, at: signal.at })
      .from(signal)
      .where(and(ofRun, eq(signal.consumed, 0)))
      .orderBy(asc(signal.n))
      .prepare(),
    consume: db
      .update(signal)
      .set({ consumed: 1, body: null })
      .where(and(ofRun, eq(signal.id, placeholder("id"))))
      .prepare(),
    deleteSignals: db.delete(signal).where(ofRun).prepare(),
    listen: db
      .insert(listen)
      .values(listening)
      .onConflictDoUpdate({ target: [listen.run, listen.key], set: { topic: sql`excluded.topic` } })
      .prepare(),
    unlisten: db.delete(listen).where(ofStep).prepare(),
    deleteListens: db
      .delete(listen)
      .where(eq(listen.run, placeholder("run")))
      .prepare(),
  };
}

function prepareLetters(db: Database["db"]) {
  const byId = eq(letter.id, placeholder("id"));
  return {
    addLetter: db
      .insert(letter)
      .values({ id: placeholder("id"), run: placeholder("run"), draft: placeholder("draft"), takenUntil: 0 })
      .onConflictDoNothing()
      .prepare(),
    // Through the oldest, as many as are taken: a letter stays for a moment, and sorting all would cost more.
    freeLetters: db
      .select({ id: letter.id, run: run.id, draft: letter.draft })
      .from(letter)
      .innerJoin(run, eq(run.n, letter.run))
      .where(lte(letter.takenUntil, placeholder("now")))
      .orderBy(asc(letter.n))
      .limit(placeholder("limit"))
      .prepare(),
    takeLetter: db
      .update(letter)
      .set({ takenUntil: sql`${placeholder("until")}` })
      .where(byId)
      .prepare(),
    deleteLetter: db.delete(letter).where(byId).prepare(),
    deleteLetters: db
      .delete(letter)
      .where(eq(letter.run, placeholder("run")))
      .prepare(),
  };
}

function prepareBlobs(db: Database["db"]) {
  const used = sql`(SELECT ${blobUse.blob} FROM ${blobUse} WHERE ${blobUse.run} = ${placeholder("run")})`;
  const elsewhere = sql`EXISTS (SELECT 1 FROM ${blobUse} WHERE ${blobUse.blob} = ${blob.n} AND ${blobUse.run} <> ${placeholder("run")})`;
  return {
    blob: db
      .select({ n: blob.n, text: blob.text })
      .from(blob)
      .where(eq(blob.hash, placeholder("hash")))
      .prepare(),
    addBlob: db
      .insert(blob)
      .values({ hash: placeholder("hash"), text: placeholder("text") })
      .onConflictDoNothing()
      .prepare(),
    useBlob: db
      .insert(blobUse)
      .values({ blob: placeholder("blob"), run: placeholder("run") })
      .onConflictDoNothing()
      .prepare(),
    deleteBlobs: db.delete(blob).where(sql`${blob.n} IN ${used} AND NOT ${elsewhere}`).prepare(),
    deleteBlobUses: db
      .delete(blobUse)
      .where(eq(blobUse.run, placeholder("run")))
      .prepare(),
  };
}
