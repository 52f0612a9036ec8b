import { isMofaError } from "@mofa/sdk";
import { checkRunSchedule, type WorkflowOptions } from "@mofa/sdk/workflow";
import { z } from "zod";
import { named } from "./bounds.ts";
import { duration } from "./duration.ts";

const limit = z.int().positive().exactOptional();

const queue = z.strictObject({
  name: z.string().min(1).max(100),
  /** Runs at a time over all processes, in each process, and for each tenant. */
  concurrency: limit,
  perWorker: limit,
  perTenant: limit,
  /** How many may begin in a length of time. */
  rate: z.strictObject({ limit: z.int().positive(), per: duration() }).exactOptional(),
});

const schedule = z
  .strictObject({
    name: z.string().min(1),
    cron: z.string(),
    timeZone: z.string().exactOptional(),
    workflow: z.string().min(1),
    input: z.json().exactOptional(),
    missed: z.enum(["skip", "once", "all"]).exactOptional(),
    overlap: z.enum(["allow", "skip"]).exactOptional(),
    queue: z.string().exactOptional(),
  })
  .transform(({ workflow, ...rest }) => ({ ...rest, action: workflow }))
  .superRefine((given, { addIssue }) => {
    try {
      checkRunSchedule(given);
    } catch (error) {
      if (!isMofaError(error, "workflow.bad_schedule")) throw error;
      addIssue({ code: "custom", message: error.message.replace(/\.$/u, "") });
    }
  });

/** What a project's config may say of how its kept runs are queued, begun by the clock, set aside and deleted. */
export const runs = z
  .strictObject({
    queues: named(queue),
    /** Runs that begin by the clock, once each, however many processes serve the project. */
    schedules: named(schedule),
    /** How long, and how many, runs that have ended are kept; without it, all of them. */
    retention: z
      .strictObject({ age: duration().exactOptional(), count: z.int().nonnegative().exactOptional() })
      .prefault({}),
    /** After so long of nothing but waiting, a run leaves the process. */
    parkAfter: duration(0).exactOptional(),
    /** How often a run may be taken over from lost processes before it is set aside as dead. */
    maxTakeovers: z.int().nonnegative().exactOptional(),
    /** How many rows (results, answers, times) a run may keep before it fails. */
    maxRows: z.int().positive().exactOptional(),
  })
  .superRefine(({ queues, schedules }, { addIssue }) => {
    const names = queues.map(({ name }) => name);
    for (const [index, { queue: wanted }] of schedules.entries()) {
      if (wanted === undefined || names.includes(wanted)) continue;
      const known = names.map((name) => `"${name}"`).join(", ");
      const message = `"${wanted}" is not among the queues of runs.queues (${known || "there are none"})`;
      addIssue({ code: "custom", path: ["schedules", index, "queue"], message });
    }
  })
  .prefault({});

/** The same as options of the workflow plugin. Who only looks deletes nothing; `untimed`, nothing begins by the clock. */
export function runOptions(
  { parkAfter, maxTakeovers, maxRows, queues, schedules, retention }: z.output<typeof runs>,
  { quiet = false, untimed = false }: { readonly quiet?: boolean | undefined; readonly untimed?: boolean | undefined },
): WorkflowOptions {
  return {
    queues,
    schedules: untimed ? false : schedules,
    ...(quiet ? {} : { retention }),
    ...(parkAfter !== undefined && { parkAfterMs: parkAfter }),
    ...(maxTakeovers !== undefined && { maxTakeovers }),
    ...(maxRows !== undefined && { maxRows }),
  };
}
