import { nearest, toErrorJson } from "@mofa/kernel";
import { Cron } from "croner";

/** The times of a cron expression. */
export interface Ticks {
  /** The first time after that one, in epoch milliseconds; undefined when there is none. */
  after(at: number): number | undefined;
}

export interface CronTimes {
  /** Five fields, or six with seconds before them, or a name like `@daily`. */
  readonly cron: string;
  /** An IANA name; default UTC. */
  readonly timeZone?: string;
}

/** Reads a cron expression; gives what is wrong with it as the end of a sentence. */
export function readTicks({ cron, timeZone = "UTC" }: CronTimes): Ticks | string {
  const zone = zoneProblem(timeZone);
  if (zone !== undefined) return zone;
  // The library takes a date as well, which would be no schedule.
  if (!cron.startsWith("@") && !/^\S+(?:\s+\S+){4,5}$/u.test(cron.trim()))
    return `its cron expression "${cron}" does not have five or six fields`;
  try {
    const parsed = new Cron(cron.trim(), { timezone: timeZone, mode: "5-or-6-parts" });
    const after = (at: number) => parsed.nextRun(new Date(at))?.getTime();
    return after(0) === undefined ? `no time of its cron expression "${cron}" ever comes` : { after };
  } catch (error) {
    const reason = toErrorJson(error).message.replace(/^\w+: (?:CronPattern: )?/u, "");
    return `its cron expression "${cron}" is wrong: ${reason}`;
  }
}

/** What is wrong with a time zone, as the end of a sentence. */
export function zoneProblem(timeZone: string): string | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return undefined;
  } catch {
    // Nothing but a name that is not known is refused here.
    const near = nearest(timeZone, Intl.supportedValuesOf("timeZone"));
    return `its time zone "${timeZone}" is not known${near === undefined ? "" : `; perhaps "${near}" is meant`}`;
  }
}
