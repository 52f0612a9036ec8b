import type { ScheduleInfo, TaskInfo } from "@mofa/kernel";
import { html } from "hono/html";
import type { TasksSeen } from "../snapshot.ts";
import { act, type Column, moment, more, status, table } from "./bits.ts";
import type { Markup } from "./layout.ts";

/** Tasks that have not ended, those first that nobody takes. */
export function taskTable({ counts, oldest }: TasksSeen): Markup {
  const all = counts.parked + counts.queued + counts.running;
  return html`${table({ caption: "Tasks that have not ended, the oldest of each status first", empty: "No task waits or runs." }, TASKS, oldest)}${more(
    all,
    oldest.length,
    `${counts.parked} parked, ${counts.queued} queued, ${counts.running} running in all. GET /api/tasks gives them.`,
  )}`;
}

/** What is done again and again. */
export function scheduleTable(schedules: readonly ScheduleInfo[]): Markup {
  return table({ caption: "Schedules", empty: "There are no schedules." }, SCHEDULES, schedules);
}

const TASKS: readonly Column<TaskInfo>[] = [
  {
    head: "Task",
    cell: ({ name, role, tenant, reason, preempted }) => {
      const whose = [
        role === undefined ? "" : `role ${role}`,
        tenant === undefined ? "" : `tenant ${tenant}`,
        preempted === 0 ? "" : `interrupted ${preempted === 1 ? "once" : `${preempted} times`}`,
      ].filter((text) => text !== "");
      const why = reason === undefined ? "" : html`<span class="reason">${reason}</span>`;
      return html`${name}${whose.length === 0 ? "" : html` <span class="kind">${whose.join(", ")}</span>`}${why}`;
    },
  },
  {
    head: "Status",
    cell: (task) =>
      html`${status(task.status)}${task.agent === undefined ? "" : html` <span class="kind">on ${task.agent}</span>`}`,
  },
  { head: "Priority", looks: "minor", cell: ({ priority }) => html`<span class="word">${priority}</span>` },
  { head: "Since", looks: "minor", cell: ({ at }) => moment(at) },
  {
    head: "",
    looks: "acts",
    cell: ({ id, name }) =>
      act({
        label: "Cancel",
        to: `/api/tasks/${encodeURIComponent(id)}/cancel`,
        of: `the task ${name}`,
        confirm: `Cancel the task ${name}?`,
      }),
  },
];

const SCHEDULES: readonly Column<ScheduleInfo>[] = [
  {
    head: "Schedule",
    cell: ({ name, error }) =>
      html`${name}${error === undefined ? "" : html`<span class="reason">last failure: ${error.message}</span>`}`,
  },
  { head: "Status", cell: (schedule) => status(schedule.status) },
  { head: "Next", cell: ({ next }) => (next === undefined ? "–" : moment(next)) },
  { head: "Done", looks: "minor number", cell: ({ done }) => done },
  { head: "Failed", looks: "number", cell: ({ failed }) => failed },
  { head: "Missed", looks: "minor number", cell: ({ missed }) => missed },
  {
    head: "",
    looks: "acts",
    cell({ name, status }) {
      if (status === "ended") return "";
      const verb = status === "paused" ? "Resume" : "Pause";
      const to = `/api/schedules/${encodeURIComponent(name)}/${verb.toLowerCase()}`;
      return act({ label: verb, to, of: `the schedule ${name}` });
    },
  },
];
