// The runs of the in-memory journal, kept so that every question costs what it gives, however many runs there are.
//
// 1. `add`, `change` and `delete` are the only ways in: each takes a run out of all orders by its old record, and puts
//    it in by its new one.
// 2. The number of a run is its age: none is given twice.
import { createGroups } from "./groups.ts";
import { createTurns, type Turns } from "./in-memory-turns.ts";
import type { RunCount, RunFilter } from "./journal.ts";
import type { JournalRow, NewRun, RunRecord, RunStatus } from "./journal-records.ts";
import { createOrdered, inOrder, type Ordered } from "./ordered.ts";

export interface KeptRun {
  readonly n: number;
  /** Changed by `KeptRuns.change` alone. */
  record: RunRecord;
  readonly rows: (JournalRow & { readonly epoch: number })[];
}

export interface KeptRuns extends Pick<Turns, "claimable" | "usageOf"> {
  get(id: string): KeptRun | undefined;
  add(record: RunRecord): KeptRun;
  change(run: KeptRun, record: RunRecord): void;
  delete(run: KeptRun): void;
  /** The oldest open run that is the same work. */
  duplicateOf(run: NewRun): KeptRun | undefined;
  /** Newest first, without the limit. */
  list(filter: RunFilter): Iterable<KeptRun>;
  counts(): readonly RunCount[];
  /** Those that have ended, in the order in which they did. */
  readonly ended: Ordered<KeptRun>;
}

export function createKeptRuns(): KeptRuns {
  const byId = new Map<string, KeptRun>();
  const all = createOrdered(byAge);
  const shelves = new Map<string, Shelf>();
  const ended = createOrdered(byEnd);
  const open = createGroups<KeptRun>();
  const children = createGroups<KeptRun>();
  const counts = new Map<string, RunCount>();
  const turns = createTurns();
  let last = 0;

  function put(run: KeptRun, to: "add" | "delete"): void {
    const { record } = run;
    const { parent, dedupe, finishedAt } = record;
    shelfOf(record).runs[to](run);
    if (finishedAt !== undefined) ended[to](run);
    else if (dedupe !== undefined) open[to](workOf(record), run);
    if (parent !== undefined) children[to](parent.run, run);
    count(record, to === "add" ? 1 : -1);
    turns.put(run, to);
  }

  function shelfOf({ status, owner }: RunRecord): Shelf {
    const owned = owner !== undefined;
    const key = `${status} ${owned}`;
    const shelf = shelves.get(key) ?? { status, owned, runs: createOrdered(byAge) };
    shelves.set(key, shelf);
    return shelf;
  }

  function count({ status, queue = "" }: RunRecord, more: number): void {
    const key = `${status} ${queue}`;
    const sum = (counts.get(key)?.count ?? 0) + more;
    if (sum === 0) counts.delete(key);
    else counts.set(key, { queue, status, count: sum });
  }

  /** As few runs as may be among which all that a filter names are, newest first. */
  function around({ ids, parent, status, owned }: RunFilter, before: KeptRun | undefined): Iterable<KeptRun> {
    const few = (runs: readonly KeptRun[]) =>
      runs.filter(({ n }) => before === undefined || n < before.n).sort((left, right) => -byAge(left, right));
    if (ids !== undefined) return few([...new Set(ids)].flatMap((id) => byId.get(id) ?? []));
    if (parent !== undefined) return few([...children.of(parent)]);
    if (status === undefined && owned === undefined) return all.backwards(before);
    const wanted = [...shelves.values()].filter(
      (shelf) => status?.includes(shelf.status) !== false && (owned === undefined || shelf.owned === owned),
    );
    return inOrder(
      wanted.map(({ runs }) => runs.backwards(before)),
      (left, right) => -byAge(left, right),
    );
  }

  return {
    get: (id) => byId.get(id),
    add(record) {
      const run: KeptRun = { n: ++last, record, rows: [] };
      byId.set(record.id, run);
      all.add(run);
      put(run, "add");
      return run;
    },
    change(run, record) {
      put(run, "delete");
      run.record = record;
      put(run, "add");
    },
    delete(run) {
      put(run, "delete");
      all.delete(run);
      byId.delete(run.record.id);
    },
    duplicateOf(run) {
      if (run.dedupe === undefined) return undefined;
      return [...open.of(workOf(run))].sort(byAge)[0];
    },
    *list({ before: id, ...filter }) {
      const before = id === undefined ? undefined : byId.get(id);
      if (id !== undefined && before === undefined) return;
      for (const run of around(filter, before)) if (fits(run.record, filter)) yield run;
    },
    counts: () => [...counts.values()],
    ended,
    claimable: turns.claimable,
    usageOf: turns.usageOf,
  };
}

/** Runs of one status, with an owner or without. */
interface Shelf {
  readonly status: RunStatus;
  readonly owned: boolean;
  readonly runs: Ordered<KeptRun>;
}

function byAge(left: KeptRun, right: KeptRun): number {
  return left.n - right.n;
}

/** In the order in which they ended. */
export function byEnd(left: KeptRun, right: KeptRun): number {
  return (left.record.finishedAt ?? 0) - (right.record.finishedAt ?? 0) || byAge(left, right);
}

/** What two runs share when one is the duplicate of the other. */
function workOf({ tenant, queue, dedupe }: NewRun): string {
  return JSON.stringify([tenant, queue, dedupe]);
}

/** Whether a run is one that a filter names; its place among the others is another matter. */
function fits(
  record: RunRecord,
  { status, name, ids, prefix, queue, parent, owned }: Omit<RunFilter, "limit" | "before">,
): boolean {
  return (
    (status === undefined || status.includes(record.status)) &&
    (name === undefined || record.name === name) &&
    (ids === undefined || ids.includes(record.id)) &&
    (prefix === undefined || record.id.startsWith(prefix)) &&
    (queue === undefined || (record.queue ?? "") === queue) &&
    (parent === undefined || record.parent?.run === parent) &&
    (owned === undefined || (record.owner !== undefined) === owned)
  );
}
