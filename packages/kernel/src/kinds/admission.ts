// How many runs of a queue may be taken now.
//
// 1. Limits hold over all workers: the usage is what the journal shows, under the lock that the claim holds.
// 2. Only what begins for the first time counts towards a rate and waits for its partition; what goes on does not.
import type { ClaimFilter, QueueLimits } from "./journal.ts";
import type { RunRecord } from "./journal-records.ts";

/** What of a queue is in use. */
export interface QueueUsage {
  /** Its runs that somebody owns. */
  readonly owned: readonly Pick<RunRecord, "owner" | "tenant">[];
  /** How many of its runs were first begun within the last `perMs`; asked for only with a rate. */
  readonly begun: number;
  /** Partitions with a run that has begun and not ended. */
  readonly busy: Partitions;
}

/** Partitions by name: they may be as many as the runs that are parked, so nobody copies them. */
export interface Partitions {
  has(partition: string): boolean;
  keys(): Iterable<string>;
}

/** What of a run its queue asks for. */
export type AdmittedRun = Pick<RunRecord, "queue" | "tenant" | "partition" | "startedAt" | "owner">;

export interface Admission {
  /** Whether one more may be taken; counts it if so. */
  take(run: AdmittedRun): boolean;
  /** Whether a queue lets nothing more in of what has begun, or of what has not. */
  shut(queue: string, begun: boolean): boolean;
  /** Which runs of a queue need not even be looked at now. */
  held(queue: string): Held;
}

export interface Held {
  /** All that nobody owns. */
  readonly all: boolean;
  /** Those that have not begun. */
  readonly new: boolean;
  /** Those of these tenants; "" is none. */
  readonly tenants: readonly string[];
  /** Those of these partitions that have not begun. */
  readonly partitions: readonly string[];
}

interface Counted {
  owned: number;
  own: number;
  begun: number;
  readonly tenants: Map<string, number>;
  readonly busy: Partitions;
  /** What became busy by this claim. */
  readonly taken: Set<string>;
}

/** Decides, one run after the other in their order, what a claim may take. */
export function createAdmission(
  { worker, queues }: { readonly worker: string } & Pick<ClaimFilter, "queues">,
  usageOf: (queue: string) => QueueUsage,
): Admission {
  const counted = new Map<string, Counted>();

  function countsOf(queue: string): Counted {
    const known = counted.get(queue);
    if (known !== undefined) return known;
    const { owned, begun, busy } = usageOf(queue);
    const tenants = new Map<string, number>();
    for (const { tenant = "" } of owned) tenants.set(tenant, (tenants.get(tenant) ?? 0) + 1);
    const own = owned.filter((run) => run.owner === worker).length;
    const counts = { owned: owned.length, own, begun, tenants, busy, taken: new Set<string>() };
    counted.set(queue, counts);
    return counts;
  }

  function limitsOf(queue: string): QueueLimits {
    return queues?.find(({ name }) => name === queue) ?? { name: queue };
  }

  function isFull(queue: string): { readonly all: boolean; readonly new: boolean } {
    const { concurrency = Infinity, perWorker = Infinity, rate } = limitsOf(queue);
    const { owned, own, begun } = countsOf(queue);
    return { all: owned >= concurrency || own >= perWorker, new: rate !== undefined && begun >= rate.limit };
  }

  return {
    held(queue) {
      const { perTenant = Infinity } = limitsOf(queue);
      const { tenants, busy, taken } = countsOf(queue);
      return {
        ...isFull(queue),
        tenants: [...tenants].flatMap(([tenant, count]) => (count >= perTenant ? tenant : [])),
        partitions: [...busy.keys(), ...taken],
      };
    },
    shut(queue, begun) {
      const full = isFull(queue);
      return full.all || (full.new && !begun);
    },
    take(run) {
      const { queue, tenant = "", partition } = run;
      if (queue === undefined) return true;
      const counts = countsOf(queue);
      const first = run.startedAt === undefined;
      if (first && partition !== undefined && isBusy(counts, partition)) return false;
      // A takeover stays within the limits: it was counted with its last owner.
      if (run.owner === undefined && !hasRoom(limitsOf(queue), counts, { tenant, first })) return false;
      if (run.owner === undefined) {
        counts.owned++;
        counts.own++;
        counts.tenants.set(tenant, (counts.tenants.get(tenant) ?? 0) + 1);
      }
      if (first) counts.begun++;
      if (partition !== undefined) counts.taken.add(partition);
      return true;
    },
  };
}

function isBusy({ busy, taken }: Counted, partition: string): boolean {
  return busy.has(partition) || taken.has(partition);
}

function hasRoom(
  { concurrency = Infinity, perWorker = Infinity, perTenant = Infinity, rate }: QueueLimits,
  { owned, own, begun, tenants }: Counted,
  { tenant, first }: { readonly tenant: string; readonly first: boolean },
): boolean {
  if (owned >= concurrency || own >= perWorker || (tenants.get(tenant) ?? 0) >= perTenant) return false;
  return !first || rate === undefined || begun < rate.limit;
}
