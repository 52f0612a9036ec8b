import {
  type ForkOptions,
  fromErrorJson,
  type PluginContext,
  RUN_ENDS,
  type Run,
  type RunRecord,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { RunFeeds } from "./run-feed.ts";
import type { Station } from "./station.ts";

export interface HandleOptions {
  readonly id: string;
  readonly ctx: PluginContext;
  readonly feeds: RunFeeds;
  station(): Pick<Station, "journal" | "worker" | "said" | "cancel">;
  fork(options?: ForkOptions): Promise<Run>;
  withReason(record: RunRecord): RunRecord;
}

const POLL_MS = 500;

/** A handle on a run, wherever it is worked on. */
export function createRunHandle({ id, ctx, feeds, station, withReason, fork }: HandleOptions): Run {
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
      await station().cancel(id, why);
    },
    async signal(name, body, { id: signal = ctx.ids.unique() } = {}) {
      if (typeof name !== "string" || name === "")
        throw fail("signal.bad", { name: String(name), problem: "it has no name." });
      const { journal, said } = station();
      const fresh = await journal.signal({ run: id, id: signal, name, body: toJson(body ?? null) });
      if (fresh) said(id);
      return fresh;
    },
    fork,
    async requeue() {
      const { status } = await station().journal.requeue(id);
      if (status === "queued") station().said(id);
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
