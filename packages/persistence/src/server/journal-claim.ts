// Which runs a claim takes: from several places, each in the order of their turn, looked through page by page.
//
// 1. Who takes runs of a queue holds its lock (see locks.ts) from before it counts what is in use until it commits: two
//    workers never overshoot a limit. Locks of queues come before locks of runs, both in one order.
// 2. Pages are read without locks. Whoever is chosen is locked and looked at again; who is locked by somebody else is
//    being taken or written by a living owner, and is left.
import { type Admission, type ClaimFilter, createAdmission, isClaimable, type QueueUsage } from "@mofa/kernel";
import { admitted, headOf, type KeptRun } from "../journal-records.ts";
import { type Candidate, createCandidates, HELD } from "./claim-candidates.ts";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { queueLock, takeLocks } from "./locks.ts";

export interface Claiming {
  readonly connection: Connection;
  readonly dialect: Dialect;
  readonly filter: ClaimFilter & { readonly worker: string };
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Look {
  /** The queues whose runs may be taken, "" among them. */
  readonly queues: readonly string[];
  /** Those of which it is known that partitions wait: what is busy is asked for all at once. */
  readonly partitioned: readonly string[];
}

/** Finds and locks runs that a claim may take, in the order in which it takes them. */
export async function chooseRuns(claiming: Claiming, { queues, partitioned }: Look): Promise<readonly KeptRun[]> {
  const { connection, dialect, filter } = claiming;
  await takeLocks(connection, dialect, queues.filter((name) => name !== "").map(queueLock));
  const usage = await usageOf(claiming, { queues, partitioned });
  const admission = createAdmission(filter, (queue) => usage.get(queue) ?? { owned: [], begun: 0, busy: new Set() });
  if (filter.ids !== undefined) return chooseNamed(claiming, admission);
  const candidates = await createCandidates(claiming, {
    queues,
    heldOf: (queue) => (queue === "" ? undefined : admission.held(queue)),
    size: Math.max(filter.limit, 16),
  });
  const chosen: KeptRun[] = [];
  while (chosen.length < filter.limit) {
    const next = await nextOf();
    if (next.length === 0) break;
    chosen.push(...(await hold(claiming, next)));
  }
  return chosen;

  /** As many candidates as are wanted, in order. */
  async function nextOf(): Promise<readonly Candidate[]> {
    const next: Candidate[] = [];
    while (next.length < filter.limit - chosen.length) {
      const run = await candidates();
      if (run === undefined) break;
      const busy = !partitioned.includes(run.queue) && (await isBusy(claiming, run));
      if (!busy && admission.take(admitted(run))) next.push(run);
    }
    return next;
  }
}

/** The queues whose runs a claim may take, "" among them. */
export async function queuesOf(connection: Connection, { ids, queues }: ClaimFilter): Promise<readonly string[]> {
  if (ids !== undefined) {
    const found = await connection.ask<Named>("SELECT DISTINCT r.queue FROM mofa_run r WHERE r.id IN (:ids)", { ids });
    return found.rows.map(({ queue }) => queue);
  }
  if (queues !== undefined) return ["", ...new Set(queues.map(({ name }) => name))];
  const names = [""];
  for (;;) {
    const next = (await connection.run<Named>(NEXT_QUEUE, { after: names.at(-1) ?? "" })).rows[0];
    if (next === undefined) return names;
    names.push(next.queue);
  }
}

interface Named {
  readonly queue: string;
}

// The order of the index that begins with the status: another one begins with the queue, and has all its runs.
const NEXT_QUEUE = `SELECT r.queue FROM mofa_run r WHERE r.status = 'queued' AND r.queue > :after
  ORDER BY r.queue, r.due LIMIT 1`;

async function chooseNamed(claiming: Claiming, admission: Admission): Promise<readonly KeptRun[]> {
  const { connection, filter, now } = claiming;
  const ids = [...new Set(filter.ids)];
  const { rows } = await connection.ask<KeptRun>(`${HELD} WHERE r.id IN (:ids) ORDER BY r.n FOR UPDATE SKIP LOCKED`, {
    ids,
  });
  const runs = new Map(rows.map((run) => [run.id, run]));
  const chosen: KeptRun[] = [];
  for (const run of ids.flatMap((id) => runs.get(id) ?? [])) {
    if (chosen.length === filter.limit) break;
    if (isClaimable(headOf(run), filter, now) && !(await isBusy(claiming, run)) && admission.take(admitted(run)))
      chosen.push(run);
  }
  return chosen;
}

/** Whether a run has to wait for another of its partition, asked for this one alone. */
async function isBusy(
  { connection }: Claiming,
  run: Pick<KeptRun, "queue" | "partition" | "startedAt">,
): Promise<boolean> {
  if (run.queue === "" || run.partition === null || run.startedAt !== null) return false;
  const asked = { queues: [run.queue], partition: run.partition };
  return (await connection.ask(`${BUSY} AND r."partition" = :partition LIMIT 1`, asked)).rows.length > 0;
}

async function hold(
  { connection, filter, now }: Claiming,
  candidates: readonly Candidate[],
): Promise<readonly KeptRun[]> {
  const ns = candidates.map(({ n }) => n);
  const text = `${HELD} WHERE r.n IN (:ns) ORDER BY r.n FOR UPDATE SKIP LOCKED`;
  const runs = new Map((await connection.ask<KeptRun>(text, { ns })).rows.map((run) => [run.n, run]));
  return ns.flatMap((n) => runs.get(n) ?? []).filter((run) => isClaimable(headOf(run), filter, now));
}

const OWNED = `SELECT r.queue, r.owner, r.tenant FROM mofa_run r
  WHERE r.lease_until IS NOT NULL AND concat(r.queue, '') IN (:queues)`;
const BEGUN = "SELECT count(*) AS count FROM mofa_run r WHERE r.queue = :queue AND r.started_at > :since";
const BUSY = `SELECT DISTINCT r.queue, r."partition" FROM mofa_run r
  WHERE r.status IN ('queued', 'running', 'waiting') AND r.queue IN (:queues)
    AND r.started_at IS NOT NULL AND r."partition" IS NOT NULL`;

async function usageOf({ connection, filter, now }: Claiming, look: Look) {
  const usage = new Map<string, QueueUsage>();
  const queues = look.queues.filter((name) => name !== "");
  if (queues.length === 0) return usage;
  const owned = (await connection.ask<Pick<KeptRun, "queue" | "owner" | "tenant">>(OWNED, { queues })).rows;
  const partitioned = look.partitioned.filter((name) => name !== "");
  const busy =
    partitioned.length === 0
      ? []
      : (await connection.ask<{ queue: string; partition: string }>(BUSY, { queues: partitioned })).rows;
  for (const queue of queues) {
    const rate = filter.queues?.find(({ name }) => name === queue)?.rate;
    const since = now - (rate?.perMs ?? 0);
    const begun = rate === undefined ? undefined : await connection.run<{ count: number }>(BEGUN, { queue, since });
    usage.set(queue, {
      owned: owned.filter((run) => run.queue === queue).map(admitted),
      begun: begun?.rows[0]?.count ?? 0,
      busy: new Set(busy.flatMap((run) => (run.queue === queue ? run.partition : []))),
    });
  }
  return usage;
}
