import { type Claim, type ClaimFilter, type Clock, claimedRun, type RunRecord, toErrorJson } from "@mofa/kernel";
import { headOf, type KeptRun } from "../journal-records.ts";
import { peekCandidates } from "./claim-candidates.ts";
import type { Connection, Database } from "./database.ts";
import { chooseRuns, queuesOf } from "./journal-claim.ts";
import { changeRun, readRuns } from "./journal-runs.ts";
import { SQL } from "./journal-sql.ts";

type Asked = Claim & ClaimFilter;

/** Takes runs for a worker. Where nothing is due, that is one question without a transaction or a lock. */
export async function claimRuns(database: Database, claim: Asked, clock: Clock): Promise<readonly RunRecord[]> {
  const now = clock.now();
  if (claim.limit <= 0 || claim.ids?.length === 0) return [];
  const look = await database.use(async (connection) => {
    const queues = await queuesOf(connection, claim);
    if (claim.ids !== undefined) return { queues, partitioned: [] };
    const there = await peekCandidates({ connection, filter: claim, now }, queues);
    const partitioned = there.flatMap(({ queue, partition }) => (partition === null ? [] : queue));
    return there.length === 0 ? undefined : { queues, partitioned };
  });
  if (look === undefined) return [];
  return database.transact(async (connection) => {
    const chosen = await chooseRuns({ connection, dialect: database.dialect, filter: claim, now }, look);
    return take({ connection, database }, chosen, { ...claim, now });
  });
}

interface Place {
  readonly connection: Connection;
  readonly database: Database;
}

/** One that cannot be read is dead: left in the queue, it would stop every claim. */
async function take(place: Place, chosen: readonly KeptRun[], claim: Asked & { readonly now: number }) {
  const { connection, database } = place;
  const { worker, leaseMs, now } = claim;
  if (chosen.length === 0) return [];
  const spoilt = new Map<string, unknown>();
  const records = await readRuns({ connection, file: database.file }, chosen, (error, run) => {
    spoilt.set(run.id, error);
    return headOf(run);
  });
  const numbers = new Map(chosen.map(({ id, n }) => [id, n]));
  const taken: number[] = [];
  const given: RunRecord[] = [];
  for (const before of records) {
    const n = numbers.get(before.id) ?? 0;
    const error = spoilt.get(before.id);
    const after = error === undefined ? claimedRun(before, claim, now) : spoiltRun(before, error, now);
    if (error === undefined) given.push(after);
    if (after.status === "running") taken.push(n);
    else await changeRun(connection, database, { n, before, after });
  }
  if (taken.length > 0) await connection.ask(SQL.take, { taken, worker, until: now + leaseMs, now });
  return given;
}

function spoiltRun(
  { owner: _, leaseUntil: __, wakeAt: ___, ...head }: RunRecord,
  error: unknown,
  now: number,
): RunRecord {
  const end = { error: toErrorJson(error), updatedAt: now, finishedAt: now };
  return { ...head, ...end, status: "dead", epoch: head.epoch + 1 };
}
