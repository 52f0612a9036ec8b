import {
  type EventBodies,
  fromErrorJson,
  type Journal,
  type PluginContext,
  RUN_ENDS,
  type Run,
  type RunRecord,
  toErrorJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { RunFeeds } from "./run-feed.ts";
import type { Worker } from "./worker.ts";

export interface HandleOptions {
  readonly id: string;
  readonly ctx: PluginContext;
  readonly feeds: RunFeeds;
  station(): { readonly journal: Journal; readonly worker: Worker };
  withReason(record: RunRecord): RunRecord;
}

const POLL_MS = 500;

/** A handle on a run, wherever it is worked on. */
export function createRunHandle({ id, ctx, feeds, station, withReason }: HandleOptions): Run {
  async function record(): Promise<RunRecord> {
    const found = await station().journal.get(id);
    if (found === undefined) throw fail("run.not_found", { run: id });
    return withReason(found);
  }

  /** Waits until the run has ended: in this process, or as far as the journal tells. */
  async function ended(): Promise<RunRecord> {
    for (;;) {
      await station().worker.local(id)?.done;
      const found = await record();
      if (RUN_ENDS.includes(found.status)) return found;
      if (ctx.signal.aborted) throw fail("run.interrupted", { run: id }, { stack: false });
      if (station().worker.local(id) === undefined) await pause(ctx, POLL_MS);
    }
  }

  return {
    id,
    record,
    status: async () => (await record()).status,
    async result() {
      const { status, output, error } = await ended();
      if (status === "done") return output;
      throw error === undefined
        ? fail("run.cancelled", { run: id, reason: "no reason was given." })
        : fromErrorJson(error);
    },
    async cancel(reason = "it was asked for.") {
      const why = fail("run.cancelled", { run: id, reason }, { stack: false });
      const local = station().worker.local(id);
      const after = await station().journal.cancel(id, toErrorJson(why));
      local?.cancel(why);
      const told: EventBodies["run.changed"] = { run: id, status: after.status, reason: why.message };
      if (local === undefined && after.status === "cancelled") ctx.emit("run.changed", told);
    },
    async steps() {
      await record();
      return station().journal.rows(id);
    },
    events: () => feeds.open(id, ended),
  };
}

/** Waits, or stops waiting when the plugin ends. */
function pause({ clock, signal }: PluginContext, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const stop = () => {
      cancel();
      resolve();
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}
