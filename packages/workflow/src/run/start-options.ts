// From what a caller says about a new run to what a journal keeps of it.
import type { NewRun, QueueLimits, StartOptions } from "@mofa/kernel";
import { nearest } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { toMilliseconds } from "../graph/definition.ts";

/** A queue, as the plugin's options name it. */
export interface QueueOptions {
  readonly name: string;
  /** Runs of it that are worked on at a time, over all processes. */
  readonly concurrency?: number;
  /** The same for each process. */
  readonly perWorker?: number;
  /** The same for each tenant. */
  readonly perTenant?: number;
  /** How many may begin in a time: milliseconds, or a text like `1m`. */
  readonly rate?: { readonly limit: number; readonly per: number | string };
}

/** Turns the queues of the options into the limits that a journal keeps to. */
export function toLimits(queues: readonly QueueOptions[]): readonly QueueLimits[] {
  const names = new Set<string>();
  return queues.map(({ rate, ...limits }) => {
    if (names.size === names.add(limits.name).size)
      throw fail("queue.invalid", { queue: limits.name, problem: "it is named twice." });
    if (rate === undefined) return limits;
    const perMs = toMilliseconds(rate.per);
    if (perMs === undefined || perMs === 0)
      throw fail("queue.invalid", { queue: limits.name, problem: `"${rate.per}" is no time. Say 1000, 30s or 1m.` });
    return { ...limits, rate: { limit: rate.limit, perMs } };
  });
}

/** What a run's options come to; throws for a queue that is not there and for what contradicts itself. */
export function toNewRun(
  options: StartOptions,
  { queues, now }: { readonly queues: readonly QueueLimits[]; readonly now: number },
): Omit<NewRun, "id" | "kind" | "name" | "input"> {
  const { queue, priority, partition, dedupe, debounce, delay, timeout, tenant, under } = options;
  if (queue !== undefined && !queues.some(({ name }) => name === queue)) {
    const names = queues.map(({ name }) => name);
    throw fail("queue.unknown", { queue, nearest: nearest(queue, names) });
  }
  if (partition !== undefined && queue === undefined) throw bad("partition", "it needs a queue.");
  if (debounce !== undefined && delay !== undefined) throw bad("debounce", "it is a delay, so give one of the two.");
  if (under !== undefined && dedupe !== undefined) throw bad("dedupe", "a child is begun once anyway. Leave it out.");
  for (const [option, ms] of Object.entries({ debounce, delay, timeout })) {
    if (ms !== undefined && !(ms >= 0 && Number.isFinite(ms))) throw bad(option, "it is not a number of milliseconds.");
  }
  const wait = debounce ?? delay;
  const given = { queue, priority, partition, dedupe, tenant };
  return {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<NewRun>),
    ...(wait !== undefined && { wakeAt: now + wait }),
    ...(timeout !== undefined && { deadline: now + timeout }),
  };
}

function bad(option: string, problem: string): unknown {
  return fail("run.bad_option", { option, problem });
}
