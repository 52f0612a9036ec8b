// What has come for the runs that this process works on: signals, answers, children's ends, a wish to stop.
import { fromErrorJson, type Journal, type RunRecord } from "@mofa/kernel";
import type { RunLog } from "./run-log.ts";

/** A run that this process works on. */
export interface LocalRun {
  readonly log: RunLog;
  /** Resolves when this process works on it no more. */
  readonly done: Promise<void>;
  cancel(reason: unknown): void;
}

export interface ArrivalsOptions {
  readonly journal: Journal;
  readonly runs: ReadonlyMap<string, LocalRun>;
  /** Looks at what has come for a run that waits. */
  look(log: RunLog): Promise<void>;
}

export interface Arrivals {
  /** Takes in what a record says has come for its run. */
  takeIn(record: RunRecord): Promise<void>;
  /** Looks, in one query, which of the runs something has come for. */
  poll(): Promise<void>;
}

export function createArrivals({ journal, runs, look }: ArrivalsOptions): Arrivals {
  async function takeIn(record: RunRecord): Promise<void> {
    const own = runs.get(record.id);
    if (own === undefined || own.log.epoch !== record.epoch) return;
    if (record.cancelRequested !== undefined) own.cancel(fromErrorJson(record.cancelRequested));
    await look(own.log);
    // Only now: had the look failed, what has come would never be looked at again.
    own.log.wakes = Math.max(own.log.wakes, record.wakes);
  }

  return {
    takeIn,
    async poll() {
      const ids = [...runs.keys()];
      if (ids.length === 0) return;
      const records = await journal.list({ ids, owned: true, limit: ids.length });
      await Promise.all(
        records.map((record) => (record.wakes === runs.get(record.id)?.log.wakes ? undefined : takeIn(record))),
      );
    },
  };
}
