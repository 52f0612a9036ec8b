// What a claim looks through. Every way in is bounded: by what somebody owns, by what is due, or by a page.
import type { ClaimFilter, Held } from "@mofa/kernel";
import { type Kept, tables } from "../tables.ts";
import type { Connection } from "./database.ts";
import { fields, type Value } from "./statement.ts";

export type Candidate = Pick<
  Kept<typeof tables.run>,
  "n" | "due" | "queue" | "tenant" | "partition" | "startedAt" | "owner"
>;

/** Candidates of all places: the next in turn, each once. */
export type Candidates = () => Promise<Candidate | undefined>;

/** The runs themselves, to be locked. */
export const HELD: string = `SELECT ${fields(tables.run, "r")} FROM mofa_run r`;

interface Search {
  readonly connection: Connection;
  readonly filter: ClaimFilter;
  readonly now: number;
}

interface Places {
  /** All queues that the claim serves. */
  readonly queues: readonly string[];
  /** What each of them does not let through now. */
  readonly heldOf: (queue: string) => Held | undefined;
  /** How many candidates a page has. */
  readonly size: number;
}

/** One way in, and how far it was looked through. */
interface Source {
  /** A condition and its values, as it is now. */
  readonly ask: () => Condition | undefined;
  page: readonly Candidate[];
  /** Whether there may be more behind the page. */
  full: boolean;
  at: number;
  /** How many were given. */
  given: number;
}

interface Condition {
  readonly where: string;
  readonly values: Values;
  readonly order?: string;
}

type Values = Readonly<Record<string, Value | readonly Value[]>>;

// A run's turn comes at most three ranks after it may begin. The hour is for clocks that do not agree.
const HORIZON_MS = 3 * 60_000 + 3_600_000;

// Enough to see whether a queue has partitions.
const PEEKED = 4;

const COLUMNS = `r.n, r.due, r.queue, r.tenant, r."partition" AS "partition", r.started_at AS "startedAt", r.owner`;
// The order of the index, so that a page need not be sorted with all that is behind it.
const INDEXED = "ORDER BY r.due, r.wake_at, r.started_at, r.n";
// An order that no index has: PostgreSQL would rather read all that waits in order than sort the few that are due.
const SORTED = "ORDER BY r.due + 0, r.n";

/** Asks for the first page of every place, in one statement. */
export async function createCandidates(search: Search, places: Places): Promise<Candidates> {
  const sources = sourcesOf(search, places);
  const seen = new Set<number>();
  const loadMore = (some: readonly Source[]) => load(search, some, places.size);
  await loadMore(sources);

  async function peek(source: Source): Promise<Candidate | undefined> {
    for (;;) {
      const run = source.page[source.at];
      if (run !== undefined && !seen.has(run.n)) return run;
      if (run !== undefined) source.at++;
      else if (source.full) await loadMore([source]);
      else return undefined;
    }
  }

  return async () => {
    let best: { readonly source: Source; readonly run: Candidate } | undefined;
    for (const source of sources) {
      const run = await peek(source);
      if (run !== undefined && (best === undefined || byTurn(run, best.run) < 0)) best = { source, run };
    }
    if (best === undefined) return undefined;
    seen.add(best.run.n);
    best.source.given++;
    return best.run;
  };
}

/** What there is to take, limits aside: a first look without locks. */
export async function peekCandidates(search: Search, queues: readonly string[]): Promise<readonly Candidate[]> {
  const sources = sourcesOf(search, { queues, heldOf: () => undefined, size: PEEKED });
  await load(search, sources, PEEKED);
  return sources.flatMap(({ page }) => page);
}

function sourcesOf({ filter, now }: Search, { queues, heldOf }: Places): readonly Source[] {
  const { actions, deadWorkers: dead = [] } = filter;
  const served = servedBy(actions);
  const fixed = { ...served.values, now, dead, horizon: now + HORIZON_MS };
  const source = (conditionOf: () => Condition | undefined): Source => ({
    ask() {
      const condition = conditionOf();
      if (condition === undefined) return undefined;
      const where = `${condition.where} ${served.where}`;
      return { ...condition, where, values: { ...fixed, ...condition.values } };
    },
    page: [],
    full: false,
    at: 0,
    given: 0,
  });
  const among = (where: string, names: () => readonly string[]) =>
    source(() =>
      filter.queues === undefined
        ? { where, values: {} }
        : { where: `${where} AND concat(r.queue, '') IN (:queues)`, values: { queues: names() } },
    );
  const open = () => queues.filter((queue) => heldOf(queue)?.all !== true);
  return [
    // Only what somebody owns has a lease. What was lost is taken over whether its queue is full or not.
    among("r.lease_until <= :now", () => queues),
    ...(dead.length === 0 ? [] : [among("r.lease_until > :now AND r.owner IN (:dead)", () => queues)]),
    among("r.status = 'waiting' AND r.wake_at <= :now AND r.owner IS NULL", open),
    ...queues.map((queue) => source(() => queued(queue, heldOf(queue)))),
  ];
}

const QUEUED = `r.status = 'queued' AND r.queue = :queue AND r.due <= :horizon
  AND (r.wake_at IS NULL OR r.wake_at <= :now)`;

// More values than a statement takes are left to be refused one by one.
const MOST_HELD = 10_000;

function queued(queue: string, held: Held | undefined): Condition | undefined {
  if (held?.all === true) return undefined;
  const [tenants, partitions] = [held?.tenants ?? [], (held?.partitions ?? []).slice(0, MOST_HELD)];
  const conditions = [
    QUEUED,
    ...(held?.new === true ? ["r.started_at IS NOT NULL"] : []),
    ...(tenants.length > 0 ? ["coalesce(r.tenant, '') NOT IN (:tenants)"] : []),
    ...(partitions.length > 0
      ? [`(r.started_at IS NOT NULL OR r."partition" IS NULL OR r."partition" NOT IN (:partitions))`]
      : []),
  ];
  const where = conditions.join(" AND ");
  return { where, order: INDEXED, values: { queue, tenants: tenants.slice(0, MOST_HELD), partitions } };
}

/** Fills the next page of places: what was given may come again, and what is held now does not. */
async function load({ connection }: Search, sources: readonly Source[], size: number): Promise<void> {
  const values: Record<string, Value | readonly Value[]> = {};
  const texts = sources.flatMap((source, index) => {
    const condition = source.ask();
    if (condition === undefined) return [];
    for (const [name, value] of Object.entries({ ...condition.values, limit: size + source.given }))
      values[`${name}${index}x`] = value;
    const text = `(SELECT ${index} AS source, ${COLUMNS} FROM mofa_run r WHERE ${condition.where} ${condition.order ?? SORTED}
      LIMIT :limit)`;
    return text.replace(/:([a-z]\w*)/gi, (_, name: string) => `:${name}${index}x`);
  });
  const asked = texts.length === 0 ? [] : (await ask(texts.join(" UNION ALL "))).rows;
  for (const [index, source] of sources.entries()) {
    source.page = asked.filter((row) => row.source === index).sort(byTurn);
    source.full = source.page.length === size + source.given;
    source.at = 0;
  }

  function ask(text: string) {
    return connection.ask<Candidate & { readonly source: number }>(text, values);
  }
}

function byTurn(left: Candidate, right: Candidate): number {
  return left.due - right.due || left.n - right.n;
}

function servedBy(actions: ClaimFilter["actions"]): Condition {
  if (actions === undefined) return { where: "", values: {} };
  const values: Record<string, Value | readonly Value[]> = {};
  const any = actions.map(({ kind, name, versions }, index) => {
    values[`kind${index}`] = kind;
    values[`name${index}`] = name;
    // Not by the index of names, which has all runs of one.
    const action = `r.kind = :kind${index} AND concat(r.name, '') = :name${index}`;
    if (versions === undefined) return `(${action})`;
    values[`versions${index}`] = versions;
    return `(${action} AND (r.version IS NULL OR r.version IN (:versions${index})))`;
  });
  return { where: any.length === 0 ? "AND 1 = 0" : `AND (${any.join(" OR ")})`, values };
}
