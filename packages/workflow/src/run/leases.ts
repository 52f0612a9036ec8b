import { type Claim, type Clock, type Journal, type Log, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { RunLog } from "./run-log.ts";

/** The part of a lease in which a worker may begin steps: clocks differ, and an answer takes its time. */
export const GUARDED = 0.8;

export interface LeaseOptions {
  readonly claim: Claim;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this is the log under which the run is worked on. */
  isCurrent(log: RunLog): boolean;
}

export interface Leases {
  /** Renews leases in one go and closes the logs of runs that are no longer ours. */
  renew(logs: readonly RunLog[]): Promise<void>;
  /** Asks whether a run is still ours, and closes its log if not or if nobody can say. */
  confirm(log: RunLog): Promise<void>;
  /** Gives up leases, so that whoever comes next need not wait for them to run out. */
  giveUp(owned: readonly { readonly run: string; readonly epoch: number }[]): Promise<void>;
}

/** The leases of one worker: a run that was not renewed is dropped at once. */
export function createLeases(journal: Journal, { claim, clock, log, isCurrent }: LeaseOptions): Leases {
  async function renew(logs: readonly RunLog[]): Promise<void> {
    if (logs.length === 0) return;
    const asked = clock.monotonic();
    const plain = logs.map(({ run, epoch }) => ({ run, epoch }));
    const kept = new Set(await journal.renew(claim, plain));
    for (const each of logs) {
      if (kept.has(each.run)) each.guard = asked + claim.leaseMs * GUARDED;
      else if (isCurrent(each)) each.close(fail("run.fenced", { run: each.run }, { stack: false }));
    }
  }

  return {
    renew,
    async confirm(each) {
      try {
        await renew([each]);
      } catch (cause) {
        each.close(fail("run.journal_failed", { run: each.run, reason: toErrorJson(cause).message }, { cause }));
      }
    },
    async giveUp(owned) {
      try {
        const plain = owned.map(({ run, epoch }) => ({ run, epoch }));
        if (owned.length > 0) await journal.renew({ ...claim, leaseMs: 0 }, plain);
      } catch (error) {
        log.warn(`Leases could not be given up, so others wait for them to run out: ${toErrorJson(error).message}`);
      }
    },
  };
}
