// Keeps time for tasks, in the memory of this process.
//
// 1. A name is taken while its schedule goes on. Of those that ended the latest are kept, to be looked at.
// 2. When the plugin ends, every timer is gone, and what its schedules submitted is cancelled.
import {
  createPool,
  definePlugin,
  isMofaError,
  nearest,
  type Plugin,
  type PluginContext,
  type Schedule,
  type ScheduleOptions,
  type Schedules,
  type Task,
  type TaskDraft,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { LiveSchedule, type ScheduleHost } from "./live-schedule.ts";
import { type SchedulesOptions, schedulesOptions } from "./options.ts";

export type { SchedulesOptions } from "./options.ts";

const MOST_ENDED = 1000;

/** Submits tasks again and again: at intervals, by cron expressions in any time zone, or once at a time. */
export function schedules(options: SchedulesOptions = {}): Plugin {
  return plugin(options);
}

const plugin = definePlugin({
  name: "schedules",
  version: "0.1.0",
  needs: ["scheduler"],
  options: schedulesOptions,
  setup(ctx, { schedules: declared = [], concurrency = 100 }) {
    const all = createSchedules(ctx, concurrency);
    ctx.own(all.end);
    // Undefined and absent mean the same in all of them.
    for (const one of declared) all.schedules.add(one as ScheduleOptions);
    ctx.provide("schedules", all.schedules);
  },
});

function createSchedules(ctx: PluginContext, concurrency: number) {
  const going = new Map<string, LiveSchedule>();
  const ended = new Map<string, LiveSchedule>();
  const tasks = new Set<Task>();
  const pool = createPool({ concurrency });
  let kernelEnds = false;

  const submit = async (draft: TaskDraft): Promise<unknown> => {
    const scheduler = ctx.find("scheduler") ?? ctx.get("scheduler", "kernel");
    let task: Task | undefined;
    try {
      task = scheduler.submit(draft);
      tasks.add(task);
      return await task.result;
    } catch (error) {
      // An agent that fails with this has met the end of another kernel.
      if (task?.status !== "failed" && isMofaError(error, "kernel.closed")) kernelEnds = true;
      throw error;
    } finally {
      if (task !== undefined) tasks.delete(task);
    }
  };
  const host: ScheduleHost = {
    clock: ctx.clock,
    log: ctx.log,
    ending: () => kernelEnds || ctx.signal.aborted,
    run: (draft) => pool.run(() => submit(draft), { priority: draft.priority ?? "normal", signal: ctx.signal }),
    over(schedule) {
      if (going.get(schedule.name) !== schedule) return;
      going.delete(schedule.name);
      keep(ended, schedule);
    },
  };

  const found = (name: string) => going.get(name) ?? ended.get(name);
  const schedules: Schedules = {
    name: "schedules",
    add(options) {
      ctx.signal.throwIfAborted();
      if (going.has(options.name)) throw fail("schedule.twice", { schedule: options.name });
      const schedule = new LiveSchedule(host, options);
      ended.delete(options.name);
      going.set(options.name, schedule);
      schedule.begin();
      return schedule;
    },
    get(name): Schedule {
      const schedule = found(name);
      if (schedule !== undefined) return schedule;
      throw fail("schedule.unknown", { schedule: name, nearest: nearest(name, [...going.keys(), ...ended.keys()]) });
    },
    list: () => [...going.values(), ...ended.values()].map((schedule) => schedule.info),
  };
  const end = () => {
    for (const schedule of [...going.values()]) schedule.end();
    for (const task of [...tasks]) task.cancel(ctx.signal.reason);
  };
  return { schedules, end };
}

function keep(ended: Map<string, LiveSchedule>, schedule: LiveSchedule): void {
  ended.delete(schedule.name);
  ended.set(schedule.name, schedule);
  const [oldest] = ended.keys();
  if (ended.size > MOST_ENDED && oldest !== undefined) ended.delete(oldest);
}
