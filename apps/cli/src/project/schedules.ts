import { isMofaError, type ScheduleOptions } from "@mofa/sdk";
import { checkSchedule } from "@mofa/sdk/runtime";
import { z } from "zod";
import { named } from "./bounds.ts";
import { duration } from "./duration.ts";

const AT = 'write a time like "2027-01-31T08:00:00Z", or epoch milliseconds';

const task = z
  .strictObject({
    name: z.string().exactOptional(),
    agent: z.string().min(1).exactOptional(),
    role: z.string().min(1).exactOptional(),
    capabilities: z.array(z.string()).min(1).exactOptional(),
    input: z.json(),
    priority: z.enum(["critical", "high", "normal", "low"]).exactOptional(),
    tenant: z.string().exactOptional(),
    preemptible: z.boolean().exactOptional(),
    unmatched: z.enum(["refuse", "park"]).exactOptional(),
  })
  .refine(
    ({ agent, role, capabilities }) => (agent ?? role ?? capabilities) !== undefined,
    "names nobody to do it: set agent, role or capabilities",
  );

const schedule = z
  .strictObject({
    name: z.string().min(1).max(128),
    every: duration().exactOptional(),
    cron: z.string().exactOptional(),
    at: z
      .union([z.number(), z.iso.datetime({ offset: true, error: AT })], { error: AT })
      .transform((at) => (typeof at === "string" ? Date.parse(at) : at))
      .exactOptional(),
    timezone: z.string().exactOptional(),
    missed: z.enum(["skip", "burst", "once"]).exactOptional(),
    concurrency: z.int().positive().exactOptional(),
    paused: z.boolean().exactOptional(),
    task,
  })
  .superRefine((options, { addIssue }) => {
    try {
      checkSchedule(options satisfies ScheduleOptions);
    } catch (error) {
      if (!isMofaError(error)) throw error;
      const path = { "schedule.bad_cron": ["cron"], "schedule.bad_timezone": ["timezone"] }[error.code] ?? [];
      addIssue({ code: "custom", path, message: error.message.replace(/\.$/u, "") });
    }
  });

/** What a project's config may say of what is done again and again. */
export const scheduleList = named(schedule);
