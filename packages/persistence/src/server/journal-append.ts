// Appends in one transaction that looks at everything: for parts that bring more than rows, and for those that did not
// stand when they were written quickly.
//
// 1. The locks of all runs concerned are taken first, in the order of their numbers; also those of runs that wait for
//    one that ends.
// 2. What is known of a run is what its row said under the lock, and what the parts before have made of it.
import {
  type AppendOutcome,
  type Clock,
  RUN_ENDS,
  type RunAppend,
  type RunRecord,
  sameRow,
  showsUpdate,
  toErrorJson,
  updatedRun,
  wokenRun,
} from "@mofa/kernel";
import { toShort } from "../blobs.ts";
import { headOf, type KeptRun, text, toRow } from "../journal-records.ts";
import type { Kept, tables } from "../tables.ts";
import type { Connection, Database } from "./database.ts";
import { addBelongings, checkTokens } from "./journal-belongings.ts";
import { changeRun } from "./journal-runs.ts";
import { rowValues, SQL } from "./journal-sql.ts";
import { keepTexts } from "./journal-texts.ts";
import { attempt, runWrites } from "./journal-writes.ts";
import { insertMany, placeOf } from "./places.ts";

interface Held {
  readonly n: number;
  /** The input as its column has it. */
  readonly input: string;
  head: RunRecord;
  /** The number of the next row, once something was appended. */
  next: number | undefined;
}

interface Work {
  readonly connection: Connection;
  readonly database: Database;
  readonly runs: ReadonlyMap<string, Held>;
  /** Places of rows that are there, of those that the parts need or want. */
  readonly taken: ReadonlySet<string>;
  readonly now: number;
}

/** Writes parts in order, each whole or not at all. */
export async function appendWithCare(database: Database, parts: readonly RunAppend[], clock: Clock) {
  return database.transact(async (connection) => {
    const now = clock.now();
    const runs = await hold(connection, parts);
    await checkTokens(connection, parts);
    const work = { connection, database, runs, taken: await takenPlaces(connection, runs, parts), now };
    const outcomes: AppendOutcome[] = [];
    for (const part of parts) outcomes.push(await appendPart(work, part));
    // Asked again: another batch may have opened one of the tasks in between.
    await checkTokens(connection, parts);
    return outcomes;
  });
}

async function hold(connection: Connection, parts: readonly RunAppend[]): Promise<Map<string, Held>> {
  const ids = [...new Set(parts.map((part) => part.run))];
  const ending = parts.flatMap(({ run, update }) =>
    update !== undefined && RUN_ENDS.includes(update.status) ? run : [],
  );
  const parents =
    ending.length === 0 ? [] : (await connection.ask<{ readonly id: string }>(SQL.parents, { ids: ending })).rows;
  const wanted = [...new Set([...ids, ...parents.map(({ id }) => id)])];
  const { rows } = await connection.ask<KeptRun>(SQL.runsHeld, { ids: wanted });
  return new Map(rows.map((run) => [run.id, { n: run.n, input: run.input, head: headOf(run), next: undefined }]));
}

async function takenPlaces(connection: Connection, runs: ReadonlyMap<string, Held>, parts: readonly RunAppend[]) {
  const places = parts.flatMap(({ run, seq }) => {
    const n = runs.get(run)?.n;
    return n === undefined ? [] : [seq - 1, seq].filter((at) => at >= 0).map((at) => placeOf(n, at));
  });
  if (places.length === 0) return new Set<string>();
  const { rows } = await connection.ask<{ readonly place: string }>(SQL.taken, { places });
  return new Set(rows.map(({ place }) => place));
}

async function appendPart(work: Work, part: RunAppend): Promise<AppendOutcome> {
  const held = work.runs.get(part.run);
  if (held === undefined || held.head.epoch !== part.epoch) return "fenced";
  if (held.head.owner === undefined || !isNext(work, held, part)) {
    return (await isRepeat(work, held, part)) ? "kept" : "fenced";
  }
  const { writes = [] } = part;
  const { connection, database, now: at } = work;
  const place = { connection, dialect: database.dialect, at };
  const tried =
    writes.length === 0
      ? { value: await write(work, held, part) }
      : await attempt(place, async () => {
          await runWrites(place, writes);
          return write(work, held, part);
        });
  if ("failure" in tried) return { refused: toErrorJson(tried.failure) };
  held.next = part.update?.restart === undefined ? part.seq + part.rows.length : 0;
  held.head = tried.value;
  if (held.head.finishedAt !== undefined) noteWake(work, held.head);
  return "kept";
}

/** Writes a part, and gives what it makes of its run. */
async function write(work: Work, { n, head }: Held, part: RunAppend): Promise<RunRecord> {
  const { connection, database, now } = work;
  const { epoch, seq, rows, update } = part;
  const { dialect } = database;
  const restarts = update?.restart !== undefined;
  if (!restarts) {
    for (const { body, error } of rows)
      await keepTexts(connection, dialect, { run: n, texts: [text(body), text(error)] });
    const values = rows.map((row, index) => rowValues(row, placeOf(n, seq + index), epoch));
    await insertMany(connection, SQL.addRows, values);
  }
  await addBelongings({ connection, dialect, run: n, now }, part);
  if (update === undefined) return head;
  const after = updatedRun(head, update, now);
  await changeRun(connection, database, { n, before: head, after });
  if (restarts) {
    await connection.run(SQL.deleteRows, { from: placeOf(n, 0), to: placeOf(n + 1, 0) });
    await connection.run(SQL.deleteOpenTasks, { run: n });
    await connection.run(SQL.deleteListens, { run: n });
  }
  return after;
}

// The end of a run has woken its parent in the table already; a part behind must see that.
function noteWake({ runs, now }: Work, { parent }: RunRecord): void {
  const held = parent === undefined ? undefined : runs.get(parent.run);
  if (held !== undefined && held.head.finishedAt === undefined) held.head = wokenRun(held.head, now);
}

function isNext({ taken }: Work, { n, next }: Held, { seq }: RunAppend): boolean {
  if (next !== undefined) return next === seq;
  return !taken.has(placeOf(n, seq)) && (seq === 0 || taken.has(placeOf(n, seq - 1)));
}

// A worker that did not hear the answer asks again: equal rows of its own epoch in the same place are its own, and so
// is a run of its epoch that has begun anew with its input and has no rows.
async function isRepeat(work: Work, held: Held, { epoch, seq, rows, update }: RunAppend): Promise<boolean> {
  const { connection, taken } = work;
  const { n, head, input, next } = held;
  if (update?.restart !== undefined) {
    const gone = next === undefined && ![seq - 1, seq].some((at) => taken.has(placeOf(n, at)));
    return gone && head.owner !== undefined && head.turn > 0 && input === toShort(text(update.restart.input));
  }
  if (rows.length === 0) return isNext(work, held, { run: head.id, epoch, seq, rows }) && showsUpdate(head, update);
  const range = { from: placeOf(n, seq), to: placeOf(n, seq + rows.length) };
  const there = (await connection.run<KeptRow>(SQL.rows, range)).rows;
  return rows.every((given, index) => {
    const row = there[index];
    if (row === undefined || row.seq !== seq + index || row.epoch !== epoch) return false;
    // Long texts of one content have one marker, so that none has to be fetched to be compared.
    if (row.body !== toShort(text(given.body)) || row.error !== toShort(text(given.error))) return false;
    const { body: _, error: __, ...named } = given;
    return sameRow(toRow({ ...row, body: null, error: null }), named);
  });
}

type KeptRow = Omit<Kept<typeof tables.row>, "place"> & { readonly seq: number };
