// Gives up the ownership of a run that only waits.
//
// 1. What has come for it is looked at once more before that.
// 2. What comes after the look is seen by the journal, which makes the run due at once.
import { type Clock, type Journal, type Log, type RunRecord, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { restOf } from "./parking.ts";
import type { RunLog } from "./run-log.ts";

export interface LetGoOptions {
  readonly journal: Journal;
  /** Who works on the run. */
  readonly worker: string;
  readonly clock: Clock;
  readonly log: Log;
  stopped(): boolean;
  /** Takes in what a record says has come for its run. */
  takeIn(record: RunRecord): Promise<void>;
  /** Hears that a run is due already. */
  due(): void;
}

/** Makes the function that lets a run go, unless something has come for it. */
export function createLetGo(options: LetGoOptions): (each: RunLog) => Promise<void> {
  const { journal, worker, clock, log, stopped, takeIn, due } = options;

  async function letGo(each: RunLog): Promise<void> {
    const { moves } = each;
    const record = await journal.get(each.run);
    if (record === undefined || record.epoch !== each.epoch || record.owner !== worker) return;
    // Also when nothing is new: the first look of a wait may still be under way, and would come too late.
    await takeIn(record);
    const rest = restOf(each);
    if (rest === undefined || each.moves !== moves || each.signal.aborted || stopped()) return;
    const update = {
      status: "waiting",
      park: { ...(rest.until !== undefined && { until: rest.until }), wakes: record.wakes },
    } as const;
    const call = each.call;
    await each.leave({ update }, fail("run.parked", { run: each.run }, { stack: false }));
    call?.emit("run.changed", { run: each.run, status: "waiting", hold: "parked" });
    // It may be due already: by what came between the look and this, or because time has gone on.
    const { owner, wakeAt = Number.POSITIVE_INFINITY } = (await journal.get(each.run)) ?? record;
    if (owner === undefined && wakeAt <= clock.now()) due();
  }

  return (each) =>
    letGo(each).catch((error: unknown) => {
      log.warn(`The run "${each.run}" could not be parked: ${toErrorJson(error).message}`);
    });
}
