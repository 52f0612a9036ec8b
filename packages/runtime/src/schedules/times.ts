import { nearest, type ScheduleOptions, toErrorJson } from "@mofa/kernel";
import { Cron } from "croner";
import { fail } from "../errors.ts";

/** When something is done again. */
export interface Times {
  /** The first time after that one, in epoch milliseconds; undefined when there is none. */
  after(at: number): number | undefined;
  /** How many times there are after one time and up to another, and the last of them. Counts up to `MOST_COUNTED`. */
  between(from: number, to: number): Passed;
}

interface Passed {
  readonly count: number;
  readonly last: number | undefined;
}

/** Beyond so many missed times nobody wants to know the number, and counting them would hold up everything else. */
const MOST_COUNTED = 10_000;

/** Throws what is wrong with the times of a schedule: for whoever reads one long before it begins. */
export function checkSchedule(options: ScheduleOptions): void {
  toTimes(options, 0);
}

/** Checks what is said of the times of a schedule that begins at `start`. */
export function toTimes(options: ScheduleOptions, start: number): Times {
  const { name, every, cron, at } = options;
  const given = Object.entries({ every, cron, at }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none" : given.map(([key]) => key).join(" and ");
    throw fail("schedule.bad_options", {
      schedule: name,
      problem: `exactly one of every, cron and at must be given, not ${found}`,
    });
  }
  if (options.timezone !== undefined && cron === undefined)
    throw fail("schedule.bad_options", { schedule: name, problem: "a time zone belongs to cron, and there is none" });
  if (cron !== undefined) return counted(cronTimes(options, cron, start));
  return every === undefined ? counted(oneTime(name, at as number)) : regular(name, every, start);
}

function regular(name: string, every: number, start: number): Times {
  if (!Number.isSafeInteger(every) || every < 1) throw fail("schedule.bad_interval", { schedule: name, every });
  // On a grid from the beginning: what is late once is not late ever after.
  const passed = (at: number) => Math.max(0, Math.floor((at - start) / every));
  return {
    after: (at) => start + (passed(at) + 1) * every,
    between(from, to) {
      const count = Math.min(passed(to) - passed(from), MOST_COUNTED);
      return { count, last: count > 0 ? start + passed(to) * every : undefined };
    },
  };
}

function oneTime(name: string, at: number): Times["after"] {
  if (!Number.isFinite(at))
    throw fail("schedule.bad_options", { schedule: name, problem: `at must be epoch milliseconds, not ${at}` });
  return (time) => (at > time ? at : undefined);
}

function cronTimes({ name, timezone = "UTC" }: ScheduleOptions, cron: string, start: number): Times["after"] {
  if (!isTimezone(timezone)) {
    const near = nearest(timezone, Intl.supportedValuesOf("timeZone"));
    throw fail("schedule.bad_timezone", { schedule: name, timezone, nearest: near });
  }
  const wrong = (problem: string, cause?: unknown) =>
    fail("schedule.bad_cron", { schedule: name, cron, problem }, { cause });
  // The library takes a date as well; that is what `at` is for.
  if (!cron.startsWith("@") && !/^\S+(?:\s+\S+){4,5}$/u.test(cron.trim()))
    throw wrong(`it has ${cron.trim() === "" ? 0 : cron.trim().split(/\s+/u).length} field(s), not five or six`);
  let parsed: Cron;
  try {
    parsed = new Cron(cron.trim(), { timezone, mode: "5-or-6-parts" });
  } catch (error) {
    throw wrong(toErrorJson(error).message.replace(/^\w+: (?:CronPattern: )?/u, ""), error);
  }
  const after = (at: number) => parsed.nextRun(new Date(at))?.getTime();
  if (after(start) === undefined) throw wrong("no such time ever comes");
  return after;
}

function counted(after: Times["after"]): Times {
  return {
    after,
    between(from, to) {
      let count = 0;
      let last: number | undefined;
      for (let next = after(from); next !== undefined && next <= to && count < MOST_COUNTED; next = after(next)) {
        last = next;
        count++;
      }
      return { count, last };
    },
  };
}

function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return true;
  } catch {
    // Nothing but a name that is not known is refused here.
    return false;
  }
}
