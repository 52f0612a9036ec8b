import type { Json, JsonObject, JsonSchema, Workflow } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { hashText } from "../run/identity.ts";
import { readTicks, type Ticks } from "./ticks.ts";

/** When a workflow begins by itself: as its file says it. */
export interface ScheduleDefinition extends JsonObject {
  /** Five fields, or six with seconds before them, or a name like `@daily`. */
  readonly cron: string;
  /** An IANA name; default UTC. */
  readonly timeZone?: string;
  readonly input?: Json;
  /**
   * What becomes of times at which no process was there: left out, made up for by one run for the last of them, or by
   * one for each, at most 1,000. Default `once`.
   */
  readonly missed?: "skip" | "once" | "all";
  /** Whether a time is left out while a run of an earlier one is open. Default `allow`. */
  readonly overlap?: "allow" | "skip";
  /** A queue of the engine's. */
  readonly queue?: string;
}

/** Begins a kept run at certain times, once, however many processes keep the same schedule. */
export interface RunSchedule extends ScheduleDefinition {
  /** Letters, digits, `_`, `-`, `@` and dots; runs are named `schedule:NAME:TIME`. */
  readonly name: string;
  /** The kind of the action; default `workflow`. */
  readonly kind?: string;
  readonly action: string;
}

/** A schedule whose times are known to be good. */
export interface ReadSchedule {
  readonly schedule: RunSchedule;
  readonly ticks: Ticks;
}

const NAME = /^[\w.@-]{1,60}$/;

/** Checks schedules; throws `workflow.bad_schedule`. */
export function readSchedules(schedules: readonly RunSchedule[]): readonly ReadSchedule[] {
  const names = new Set<string>();
  return schedules.map((schedule) => {
    const { name } = schedule;
    if (!NAME.test(name) || names.has(name)) {
      const problem = names.has(name)
        ? "another one has the same name"
        : "its name is not 1 to 60 letters, digits, dots, dashes, @ or underscores";
      throw fail("workflow.bad_schedule", { schedule: name, problem });
    }
    names.add(name);
    return readSchedule(schedule);
  });
}

/** Says whether a schedule can be kept, before it is: throws `workflow.bad_schedule`. */
export function checkRunSchedule(schedule: RunSchedule): void {
  readSchedules([schedule]);
}

function readSchedule(schedule: RunSchedule): ReadSchedule {
  const ticks = readTicks(schedule);
  if (typeof ticks === "string") throw fail("workflow.bad_schedule", { schedule: schedule.name, problem: ticks });
  return { schedule, ticks };
}

/** The schedule that a workflow's definition has, if any. */
export function scheduleOf({ name, definition }: Workflow): ReadSchedule | undefined {
  // The form of a definition was checked when the workflow was made; one that somebody else made has none.
  const schedule = (definition as { readonly schedule?: ScheduleDefinition } | undefined)?.schedule;
  if (schedule === undefined) return undefined;
  const own = NAME.test(name)
    ? name
    : `${name.replaceAll(/[^\w.@-]/g, "_").slice(0, 40)}-${hashText(name).slice(0, 12)}`;
  return readSchedule({ ...schedule, name: own, action: name });
}

/** How the ids of all runs of a schedule begin. */
export const prefixOf = (name: string): string => `schedule:${name}:`;

/** The id of the run for a time: the same in every process, which is what makes it one run. */
export function tickId(name: string, at: number): string {
  return prefixOf(name) + new Date(at).toISOString().replace(".000Z", "Z");
}

/** The time in the id of a run. */
export function tickOf(name: string, id: string): number | undefined {
  const at = Date.parse(id.slice(prefixOf(name).length));
  return Number.isNaN(at) ? undefined : at;
}

/** The form of schedules in the options of the plugin; whether their times make sense is seen when they are read. */
export const SCHEDULES: JsonSchema = {
  type: ["array", "boolean"],
  not: { const: true },
  items: {
    type: "object",
    additionalProperties: false,
    required: ["name", "cron", "action"],
    properties: {
      name: { type: "string" },
      cron: { type: "string" },
      timeZone: { type: "string" },
      kind: { type: "string" },
      action: { type: "string" },
      input: {},
      missed: { enum: ["skip", "once", "all"] },
      overlap: { enum: ["allow", "skip"] },
      queue: { type: "string" },
    },
  },
};
