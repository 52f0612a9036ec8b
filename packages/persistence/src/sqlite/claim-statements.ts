// What a claim looks through. Every way in is bounded: by what somebody owns, by what is due, or by a page.
import type { RunStatus } from "@mofa/kernel";
import { and, asc, eq, isNotNull, isNull, lte, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { run } from "./tables.ts";

const { placeholder } = sql;

/** As much of a run as decides whether it is taken. */
const candidate = {
  n: run.n,
  id: run.id,
  due: run.due,
  queue: run.queue,
  tenant: run.tenant,
  partition: run.partition,
  startedAt: run.startedAt,
  owner: run.owner,
};

export interface Candidate {
  readonly n: number;
  readonly id: string;
  readonly due: number;
  readonly queue: string;
  readonly tenant: string | null;
  readonly partition: string | null;
  readonly startedAt: number | null;
  readonly owner: string | null;
}

// Lists travel as JSON: a prepared statement has a fixed number of places.
const actions = placeholder("actions");
const action = sql`${run.kind} || char(10) || ${run.name} || char(10)`;
const listed = sql`(SELECT value FROM json_each(${actions}))`;
const served = sql`(${actions} IS NULL OR ${action} || char(10) IN ${listed} OR ${action} || ifnull(${run.version}, '') IN ${listed})`;
const queues = placeholder("queues");
const inQueues = sql`(${queues} IS NULL OR ${run.queue} IN (SELECT value FROM json_each(${queues})))`;
const dead = sql`${run.owner} IN (SELECT value FROM json_each(${placeholder("dead")}))`;
const now = placeholder("now");

export function prepareClaims(db: Database["db"]) {
  const page = (where: ReturnType<typeof and>) =>
    db
      .select(candidate)
      .from(run)
      .where(where)
      .orderBy(asc(run.due), asc(run.n))
      .limit(placeholder("limit"))
      .offset(placeholder("offset"))
      .prepare();
  const inTurn = (status: RunStatus) =>
    and(eq(run.status, status), eq(run.queue, placeholder("queue")), sql`${run.due} <= ${placeholder("horizon")}`);
  return {
    // Only what somebody owns has a lease.
    lapsed: page(and(lte(run.leaseUntil, now), served, inQueues)),
    widowed: page(and(sql`${run.leaseUntil} > ${now}`, dead, served, inQueues)),
    // In the order of the index, however many were woken at once.
    woken: page(and(inTurn("waiting"), lte(run.wakeAt, now), isNull(run.owner), served)),
    queued: page(
      and(
        inTurn("queued"),
        sql`(${run.wakeAt} IS NULL OR ${run.wakeAt} <= ${now})`,
        sql`${placeholder("open")} = 1`,
        sql`(${placeholder("begun")} = 0 OR ${run.startedAt} IS NOT NULL)`,
        sql`ifnull(${run.tenant}, '') NOT IN (SELECT value FROM json_each(${placeholder("tenants")}))`,
        sql`(${run.partition} IS NULL OR ${run.startedAt} IS NOT NULL OR ${run.partition} NOT IN (SELECT value FROM json_each(${placeholder("partitions")})))`,
        served,
      ),
    ),
    nextQueue: db
      .select({ queue: run.queue })
      .from(run)
      .where(and(eq(run.status, placeholder("status")), sql`${run.queue} > ${placeholder("after")}`))
      .orderBy(asc(run.queue))
      .limit(1)
      .prepare(),
    // The plus sign keeps the index of the queue, which has all its runs, out of it: those that are owned are fewer.
    ownedOf: db
      .select({ owner: run.owner, tenant: run.tenant })
      .from(run)
      .where(and(sql`${run.leaseUntil} > -1`, sql`+${run.queue} = ${placeholder("queue")}`))
      .prepare(),
    begunOf: db
      .select({ count: sql<number>`count(*)` })
      .from(run)
      .where(and(eq(run.queue, placeholder("queue")), sql`${run.startedAt} > ${placeholder("since")}`))
      .prepare(),
    // Again a plus sign: the index of what has begun holds all that ever ended, too.
    busyOf: db
      .selectDistinct({ partition: run.partition })
      .from(run)
      .where(
        and(
          sql`${run.status} IN ('queued', 'running', 'waiting')`,
          eq(run.queue, placeholder("queue")),
          sql`+${run.startedAt} IS NOT NULL`,
          isNotNull(run.partition),
        ),
      )
      .prepare(),
  };
}
