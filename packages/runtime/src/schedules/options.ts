import { z } from "zod";

const name = z.string().min(1).max(128);

const task = z.strictObject({
  name: z.string().optional(),
  agent: z.string().optional(),
  role: z.string().optional(),
  capabilities: z.array(z.string()).optional(),
  input: z.unknown(),
  priority: z.enum(["critical", "high", "normal", "low"]).optional(),
  tenant: z.string().optional(),
  preemptible: z.boolean().optional(),
  unmatched: z.enum(["refuse", "park"]).optional(),
  trace: z.string().optional(),
});

/** What a file or a program may say of a schedule; whether its times make sense is seen when it is added. */
const schedule = z.strictObject({
  name,
  every: z.number().optional(),
  cron: z.string().optional(),
  at: z.number().optional(),
  timezone: z.string().optional(),
  missed: z.enum(["skip", "burst", "once"]).optional(),
  concurrency: z.number().optional(),
  task,
  paused: z.boolean().optional(),
});

export const schedulesOptions = z.strictObject({
  /** Schedules that are there from the start. */
  schedules: z.array(schedule).optional(),
  /** How many runs of all schedules together are submitted at a time; the others wait, the most urgent first. Default 100. */
  concurrency: z.int().min(1).optional(),
});

export type SchedulesOptions = z.input<typeof schedulesOptions>;
