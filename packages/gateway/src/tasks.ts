import type { Schedules } from "@mofa/kernel";
import type { Hono } from "hono";
import { fail } from "./errors.ts";
import { readNothing, readReason } from "./read-body.ts";
import type { Sight } from "./sight.ts";
import type { Steer } from "./steer.ts";

/** Routes about the scheduler's tasks, and what is submitted again and again. */
export function addTasks(app: Hono, sight: Sight, steer: Steer): void {
  app.get("/api/tasks", (context) => context.json({ tasks: sight.control().tasks() }));
  app.get("/api/schedules", (context) => context.json({ schedules: toSchedules(sight).list() }));

  app.post("/api/tasks/:id/cancel", async (context) => {
    const id = context.req.param("id");
    const { reason = "an operator did not want it any more." } = await readReason(context);
    const control = sight.control();
    return steer(context, {
      what: `cancelling of the task ${id}`,
      change() {
        if (control.cancelTask(id, reason)) return { cancelled: true };
        throw fail("gateway.no_task", { task: id }, { stack: false });
      },
    });
  });

  for (const verb of ["pause", "resume"] as const)
    app.post(`/api/schedules/:name/${verb}`, async (context) => {
      const name = context.req.param("name");
      await readNothing(context);
      const schedules = toSchedules(sight);
      return steer(context, {
        what: `${verb} of the schedule "${name}"`,
        change() {
          const schedule = schedules.get(name);
          schedule[verb]();
          const { status, next } = schedule.info;
          return { status, next: next ?? null };
        },
      });
    });
}

/** Whoever may not see the kernel may not steer what it does either. */
export function toSchedules(sight: Sight): Schedules {
  sight.control();
  const schedules = sight.find("schedules");
  if (schedules === undefined) throw fail("gateway.no_schedules", {}, { stack: false });
  return schedules;
}
