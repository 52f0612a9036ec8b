// Which runs a claim takes: from several places, each in the order of their turn, looked through page by page.
//
// 1. Nothing is written while it looks, so that pages do not move. Of queued runs, those that their queue holds back are
//    left out by the database; as what is held back grows, each further page is asked for anew.
// 2. Usage of queues is read inside the same transaction that takes the runs: limits hold over all connections.
import { type Admission, type ClaimFilter, createAdmission, isClaimable, type QueueUsage } from "@mofa/kernel";
import { admitted, headOf } from "../journal-records.ts";
import type { Candidate } from "./claim-statements.ts";
import type { JournalStatements } from "./journal-statements.ts";

// A run's turn comes at most three ranks after it may begin. The hour is for clocks that do not agree.
const HORIZON_MS = 3 * 60_000 + 3_600_000;

interface Source {
  /** Absent: its runs are not held back by limits as a whole. */
  readonly queue?: string;
  page(limit: number, offset: number): readonly Candidate[];
}

/** The ids of the runs that a claim takes, in order. */
export function chooseRuns(
  statements: JournalStatements,
  { worker, ...filter }: ClaimFilter & { readonly worker: string },
  now: number,
): readonly string[] {
  const admission = createAdmission({ worker, ...filter }, (queue) => usageOf(statements, queue, { ...filter, now }));
  if (filter.ids !== undefined) return chooseNamed(statements, admission, { ...filter, ids: filter.ids, now });
  const heads = sourcesOf(statements, filter, { admission, now }).map((source) => createHead(source, filter.limit));
  const chosen: string[] = [];
  while (chosen.length < filter.limit) {
    const next = firstOf(heads);
    if (next === undefined) break;
    const run = next.take();
    if (run !== undefined && admission.take(admitted(run))) chosen.push(run.id);
  }
  return chosen;
}

function chooseNamed(
  statements: JournalStatements,
  admission: Admission,
  { ids, limit, now, ...filter }: ClaimFilter & { readonly ids: readonly string[]; readonly now: number },
): readonly string[] {
  const free = [...new Set(ids)].flatMap((id) => {
    const kept = statements.run.get({ id });
    return kept === undefined ? [] : headOf(kept);
  });
  const chosen: string[] = [];
  for (const run of free.filter((one) => isClaimable(one, filter, now))) {
    if (chosen.length < limit && admission.take(run)) chosen.push(run.id);
  }
  return chosen;
}

function sourcesOf(
  statements: JournalStatements,
  { actions, queues, deadWorkers = [] }: ClaimFilter,
  { admission, now }: { readonly admission: Admission; readonly now: number },
): readonly Source[] {
  const names = queues === undefined ? queuesOf(statements) : ["", ...new Set(queues.map(({ name }) => name))];
  const open = names.filter((name) => name === "" || !admission.held(name).all);
  const toText = (list: readonly string[]) => (queues === undefined ? null : JSON.stringify(list));
  const served = actions === undefined ? null : JSON.stringify(actions.flatMap(actionTexts));
  const wanted = { actions: served, now };
  const owned = { ...wanted, queues: toText(names), dead: JSON.stringify(deadWorkers) };
  const horizon = now + HORIZON_MS;
  const sources: Source[] = [
    { page: (limit, offset) => statements.lapsed.all({ ...owned, limit, offset }) },
    ...open.map((queue) => ({
      page: (limit: number, offset: number) => statements.woken.all({ ...wanted, queue, horizon, limit, offset }),
    })),
    ...open.map((queue) => ({
      queue,
      page: (limit: number) =>
        statements.queued.all({ ...wanted, ...heldTexts(admission, queue), queue, horizon, limit, offset: 0 }),
    })),
  ];
  if (deadWorkers.length === 0) return sources;
  return [...sources, { page: (limit, offset) => statements.widowed.all({ ...owned, limit, offset }) }];
}

function heldTexts(admission: Admission, queue: string) {
  const held = queue === "" ? { all: false, new: false, tenants: [], partitions: [] } : admission.held(queue);
  return {
    open: held.all ? 0 : 1,
    begun: held.new ? 1 : 0,
    tenants: JSON.stringify(held.tenants),
    partitions: JSON.stringify(held.partitions),
  };
}

/** Queues that have runs which may be taken: one look-up for each. */
function queuesOf(statements: JournalStatements): readonly string[] {
  const names = new Set([""]);
  for (const status of ["queued", "waiting"]) {
    let next: { readonly queue: string } | undefined = { queue: "" };
    while (next !== undefined) {
      names.add(next.queue);
      next = statements.nextQueue.get({ status, after: next.queue });
    }
  }
  return [...names];
}

interface Head {
  peek(): Candidate | undefined;
  take(): Candidate | undefined;
}

function createHead(source: Source, limit: number): Head {
  // A page has room for all that were taken from it and as many again.
  let size = 2 * Math.max(limit, 8);
  let offset = 0;
  let page: readonly Candidate[] = [];
  let at = 0;
  let ended = false;
  const seen = new Set<number>();

  function turn(): void {
    const found = source.page(size, offset);
    page = found.filter(({ n }) => !seen.has(n));
    at = 0;
    for (const { n } of page) seen.add(n);
    ended = found.length < size || page.length === 0;
    if (source.queue !== undefined) return;
    // Each further page is larger: who has to look far should not count the same rows again and again.
    offset += found.length;
    size *= 4;
  }

  function peek(): Candidate | undefined {
    if (at === page.length && !ended) turn();
    return page[at];
  }

  return {
    peek,
    take() {
      const run = peek();
      at++;
      return run;
    },
  };
}

function firstOf(heads: readonly Head[]): Head | undefined {
  let best: { readonly head: Head; readonly run: Candidate } | undefined;
  for (const head of heads) {
    const run = head.peek();
    if (run === undefined) continue;
    if (best === undefined || run.due < best.run.due || (run.due === best.run.due && run.n < best.run.n))
      best = { head, run };
  }
  return best?.head;
}

function usageOf(
  statements: JournalStatements,
  queue: string,
  { queues = [], now }: Pick<ClaimFilter, "queues"> & { readonly now: number },
): QueueUsage {
  const rate = queues.find(({ name }) => name === queue)?.rate;
  return {
    owned: statements.ownedOf.all({ queue }).map(({ owner, tenant }) => ({
      ...(owner !== null && { owner }),
      ...(tenant !== null && { tenant }),
    })),
    begun: rate === undefined ? 0 : (statements.begunOf.get({ queue, since: now - rate.perMs })?.count ?? 0),
    busy: new Set(statements.busyOf.all({ queue }).flatMap(({ partition }) => partition ?? [])),
  };
}

// "kind\nname\nversion" for each version that is served, an empty one for runs that name none; a further line break
// for any version.
function actionTexts({ kind, name, versions }: NonNullable<ClaimFilter["actions"]>[number]): readonly string[] {
  const text = `${kind}\n${name}\n`;
  if (versions === undefined) return [`${text}\n`];
  return versions.length === 0 ? [text] : [text, ...versions.map((version) => text + version)];
}
