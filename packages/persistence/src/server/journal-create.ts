import {
  type Claim,
  type Clock,
  type CreateOptions,
  claimedRun,
  copyRun,
  isDuplicate,
  isMofaError,
  mayBeginAtOnce,
  type NewRow,
  type NewRun,
  queuedRun,
  type RunRecord,
  replacedRun,
  toJson,
} from "@mofa/kernel";
import { LONG_TEXT } from "../blobs.ts";
import { fromRun, headOf, type KeptRun, text } from "../journal-records.ts";
import { type Connection, type Database, isFree } from "./database.ts";
import { changeRun, findRun, readRuns } from "./journal-runs.ts";
import { rowValues, SQL } from "./journal-sql.ts";
import { keepTexts, shortened } from "./journal-texts.ts";
import { dedupeLock, takeLocks } from "./locks.ts";
import { insertMany, placeOf } from "./places.ts";

interface Creating {
  readonly connection: Connection;
  readonly database: Database;
  readonly fresh: NewRun;
  readonly record: RunRecord;
  readonly rows: readonly NewRow[];
  readonly replace: boolean;
  /** Asked again after an answer was lost: what is found may be what was made. */
  readonly again: boolean;
}

type Created = { readonly run: RunRecord; readonly created: boolean };

/** Keeps a new run: one statement, or a transaction where it is more than a row or another may be the same. */
export async function createRun(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  given: NewRun,
  { claim, rows = [], replace = false }: CreateOptions & { readonly claim: Claim | undefined },
): Promise<Created> {
  const fresh = copyRun(given);
  const known = rows.map((row) => toJson(row) as unknown as NewRow);
  const now = clock.now();
  const queued = queuedRun(fresh, now);
  const record = claim === undefined || !mayBeginAtOnce(fresh, now) ? queued : claimedRun(queued, claim, now);
  const columns = fromRun(record);
  if (fresh.dedupe === undefined && known.length === 0 && columns.input.length <= LONG_TEXT) {
    return database.use(async (connection, again) => {
      for (;;) {
        if (await isFree(connection.run(SQL.addRun, { ...columns }))) return { run: record, created: true };
        // The one that was there may have been deleted since.
        const found = await findMade({ connection, database, record, again });
        if (found !== undefined) return found;
      }
    });
  }
  const make = () =>
    database.transact((connection, again) =>
      createWithCare({ connection, database, fresh, record, rows: known, replace, again }),
    );
  try {
    return await make();
  } catch (error) {
    // Another made it in between: now it is found.
    if (!isMofaError(error, "database.duplicate")) throw error;
    return make();
  }
}

async function createWithCare(creating: Creating): Promise<Created> {
  const { connection, database, fresh, record, rows } = creating;
  if (fresh.dedupe !== undefined) await takeLocks(connection, database.dialect, [dedupeLock(fresh.dedupe)]);
  const found = (await findMade(creating)) ?? (await findDuplicate(creating));
  if (found !== undefined) return found;
  const columns = fromRun(record);
  await connection.run(SQL.addRun, shortened(columns));
  const n = (await findRun(connection, record.id))?.n ?? 0;
  const texts = [columns.input, ...rows.flatMap(({ body, error }) => [text(body), text(error)])];
  await keepTexts(connection, database.dialect, { run: n, texts });
  const values = rows.map((row, seq) => rowValues(row, placeOf(n, seq), 0));
  await insertMany(connection, SQL.addRows, values);
  return { run: record, created: true };
}

/** The open run that is the same work; for whoever holds the lock of its key. */
export async function duplicateOf(connection: Connection, fresh: NewRun): Promise<KeptRun | undefined> {
  const { dedupe, queue = "" } = fresh;
  if (dedupe === undefined) return undefined;
  const { rows } = await connection.run<KeptRun>(SQL.duplicates, { dedupe, queue });
  return rows.find((one) => isDuplicate(headOf(one), fresh));
}

async function findMade(creating: Pick<Creating, "connection" | "database" | "record" | "again">) {
  const { record, again } = creating;
  const found = await findRun(creating.connection, record.id);
  if (found === undefined) return undefined;
  const run = await readOne(creating, found);
  return { run, created: again && isMine(run, record) };
}

async function findDuplicate(creating: Creating): Promise<Created | undefined> {
  const { connection, database, fresh, record, replace } = creating;
  const found = await duplicateOf(connection, fresh);
  if (found === undefined) return undefined;
  const before = await readOne(creating, found);
  if (!replace || before.status !== "queued" || before.epoch > 0) return { run: before, created: false };
  const after = replacedRun(before, fresh, record.createdAt);
  await changeRun(connection, database, { n: found.n, before, after });
  return { run: after, created: false };
}

async function readOne({ connection, database }: Pick<Creating, "connection" | "database">, kept: KeptRun) {
  const [run] = await readRuns({ connection, file: database.file }, [kept], (error): never => {
    throw error;
  });
  return run as RunRecord;
}

// A worker's id is its own.
function isMine(found: RunRecord, made: RunRecord): boolean {
  return found.createdAt === made.createdAt && found.epoch === made.epoch && found.owner === made.owner;
}
