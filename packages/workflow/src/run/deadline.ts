import type { Clock, RunRecord } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { RunLog } from "./run-log.ts";

/** Stops a run that has not ended in its time; gives back how to leave it alone. */
export function armDeadline({ id, deadline }: RunRecord, runLog: RunLog, clock: Clock): () => void {
  if (deadline === undefined) return () => {};
  const stop = () =>
    runLog.cancel(fail("run.deadline", { run: id, at: new Date(deadline).toISOString() }, { stack: false }));
  if (deadline > clock.now()) return clock.after(deadline - clock.now(), stop);
  stop();
  return () => {};
}
