// Begins runs by the clock, beside any number of other processes that do the same.
//
// 1. A time is a run's id: whoever comes first begins it, the others find it begun. Nobody needs to be elected.
// 2. What was begun is read from the newest runs, so a pause of all processes is noticed; before its first run, a
//    schedule counts from when it was first seen.
// 3. A time is passed only when its run is kept or it is left out; what fails is tried again.
import {
  type AnyAction,
  type Engine,
  type KindName,
  type PluginContext,
  type RunFilter,
  toErrorJson,
  type Workflow,
} from "@mofa/kernel";
import { type Repeat, repeat } from "../run/repeat.ts";
import { prefixOf, type ReadSchedule, type RunSchedule, scheduleOf, tickId, tickOf } from "./run-schedule.ts";
import type { Ticks } from "./ticks.ts";

export interface Timekeeper {
  /** Begins to keep time: what the runs need must be there by then. */
  begin(): void;
  stop(): Promise<void>;
}

/** What is known of a schedule in this process. */
interface Kept {
  readonly cron: string;
  /** Up to here every time was looked at. */
  seen: number;
}

/** A time that is looked at later than this was missed. */
const LATE_MS = 60_000;
/** At most so many missed times are made up for. */
const MOST_MADE_UP = 1000;
/** The longest nap: workflows with schedules come and go, and a timer knows no more than 24 days. */
const NAP_MS = 10_000;
const PAGE = 100;
const OPEN = ["queued", "running", "waiting"] as const;

/** Keeps the given schedules, and those of the workflows on the shelf. */
export function createTimekeeper(ctx: PluginContext, engine: Engine, given: readonly ReadSchedule[]): Timekeeper {
  const known = new Map<string, Kept>();
  const failing = new Map<string, string>();
  let next = Number.POSITIVE_INFINITY;
  let looks: Repeat | undefined;

  function schedules(): readonly ReadSchedule[] {
    const names = new Set(given.map(({ schedule }) => schedule.name));
    const own = ctx.list("workflow").flatMap((workflow: Workflow) => scheduleOf(workflow) ?? []);
    // One that was configured stands over the workflow's own of the same name.
    return [...given, ...own.filter(({ schedule }) => !names.has(schedule.name))];
  }

  async function look(): Promise<void> {
    next = Number.POSITIVE_INFINITY;
    for (const each of schedules()) {
      const { name } = each.schedule;
      try {
        await keep(each);
        failing.delete(name);
      } catch (error) {
        const reason = toErrorJson(error).message;
        if (failing.get(name) !== reason) ctx.log.warn(`The schedule "${name}" is late, and is tried again: ${reason}`);
        failing.set(name, reason);
      }
    }
  }

  async function keep({ schedule, ticks }: ReadSchedule): Promise<void> {
    const kept = await remember(schedule);
    const now = ctx.clock.now();
    for (const at of due(ticks, schedule.missed, { after: kept.seen, now })) {
      if (schedule.overlap !== "skip" || !(await isOpen(schedule.name))) await begin(schedule, at);
      kept.seen = at;
    }
    kept.seen = Math.max(kept.seen, now);
    next = Math.min(next, ticks.after(kept.seen) ?? next);
  }

  async function remember({ name, cron, timeZone = "" }: RunSchedule): Promise<Kept> {
    const kept = known.get(name);
    const times = `${cron} ${timeZone}`;
    if (kept?.cron === times) return kept;
    // Other times than before begin now; the first look goes on where the newest run stands.
    const seen = kept === undefined ? ((await newest(name)) ?? ctx.clock.now()) : ctx.clock.now();
    const found = { cron: times, seen };
    known.set(name, found);
    return found;
  }

  /** The time of the newest runs of a schedule. Between them are runs that they have begun, whose ids go on from theirs. */
  async function newest(name: string, more: Pick<RunFilter, "status"> = {}): Promise<number | undefined> {
    let before: string | undefined;
    for (;;) {
      const page = { prefix: prefixOf(name), limit: PAGE, ...(before !== undefined && { before }) };
      const runs = await engine.list({ ...page, ...more });
      const times = runs.flatMap(({ id }) => tickOf(name, id) ?? []);
      if (times.length > 0) return Math.max(...times);
      if (runs.length < PAGE) return undefined;
      before = runs.at(-1)?.id;
    }
  }

  const isOpen = async (name: string) => (await newest(name, { status: OPEN })) !== undefined;

  async function begin({ name, kind = "workflow", action, input, queue }: RunSchedule, at: number): Promise<void> {
    // A kind that a third party added is as good as any: the registry knows it by its name.
    const found = ctx.get(kind as KindName, action) as AnyAction;
    await engine.start(found, input ?? {}, { id: tickId(name, at), ...(queue !== undefined && { queue }) });
  }

  return {
    begin() {
      const delay = () => Math.max(0, Math.min(NAP_MS, next - ctx.clock.now()));
      looks ??= repeat({ clock: ctx.clock, delay, work: look });
      void looks.now();
    },
    stop: async () => looks?.stop(),
  };
}

/** The times after one and up to another for which a run is to begin, oldest first. */
function due(
  ticks: Ticks,
  missed: RunSchedule["missed"],
  { after, now }: { readonly after: number; readonly now: number },
): readonly number[] {
  const most = missed === "all" ? MOST_MADE_UP : 1;
  // Only the last ones count: a year of seconds is not gone through one by one.
  for (let span = LATE_MS; ; span *= 4) {
    const from = Math.max(after, now - span);
    const times = between(ticks, from, now);
    if (times.length < most && from > after) continue;
    return times.slice(-most).filter((at) => missed !== "skip" || now - at <= LATE_MS);
  }
}

function between(ticks: Ticks, from: number, to: number): readonly number[] {
  const times: number[] = [];
  for (let at = ticks.after(from); at !== undefined && at <= to; at = ticks.after(at)) times.push(at);
  return times;
}
