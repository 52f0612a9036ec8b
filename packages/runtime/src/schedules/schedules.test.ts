import type { Agent, Schedule, ScheduleOptions, Schedules } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { fakeClock, testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { type SchedulesOptions, schedules } from "./schedules.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const task = { agent: "ann", input: "go" };

/** A kernel with an agent that notes when it was asked, and works for so many milliseconds. */
async function keeping({ ms = 0, places = 100, ...options }: SchedulesOptions & { ms?: number; places?: number } = {}) {
  const times: number[] = [];
  const state = { ms, fails: false };
  const ann: Agent = {
    kind: "agent",
    name: "ann",
    concurrency: places,
    async run(_, call) {
      times.push(kernel.clock.now());
      if (state.ms > 0) await call.sleep(state.ms);
      if (state.fails) throw new Error("no luck");
    },
  };
  const kernel = await testKernel(schedules(options));
  kernel.provide("agent", ann);
  await kernel.started();
  const start = kernel.clock.now();
  const all = kernel.get("schedules", "schedules");
  const since = () => times.map((time) => time - start);
  return { kernel, clock: kernel.clock, all, state, start, since, [Symbol.asyncDispose]: () => kernel.end() };
}

const add = (all: Schedules, options: Partial<ScheduleOptions>): Schedule => all.add({ name: "s", task, ...options });
const codeOf = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as { code: string; message: string; data: Record<string, unknown> };
  }
};

describe("times", () => {
  test("an interval comes again and again, on a grid from its beginning", async () => {
    await using at = await keeping({ ms: 30 });
    const schedule = add(at.all, { every: 100 });
    await at.clock.advance(350);
    expect(at.since()).toEqual([100, 200, 300]);
    expect(schedule.info).toEqual({
      name: "s",
      status: "waiting",
      next: at.start + 400,
      last: at.start + 300,
      running: 0,
      done: 3,
      failed: 0,
      missed: 0,
      definition: { name: "s", task, every: 100 },
    });
  });

  test("a single time comes once, and the schedule has ended then; its name is free again", async () => {
    await using at = await keeping();
    const schedule = add(at.all, { at: Date.UTC(2026, 0, 1, 1) });
    await at.clock.advance(2 * HOUR);
    expect([at.since(), schedule.info.status, schedule.info.next]).toEqual([[HOUR], "ended", undefined]);
    expect(at.all.get("s").info.done).toBe(1);
    add(at.all, { at: Date.UTC(2026, 0, 1, 3) });
    await at.clock.advance(HOUR);
    expect(at.since()).toEqual([HOUR, 3 * HOUR]);
  });

  test("cron with five fields, six fields and by its nickname", async () => {
    await using at = await keeping();
    at.all.add({ name: "five", cron: "*/20 * * * *", task });
    at.all.add({ name: "six", cron: "30 0 * * * *", task });
    at.all.add({ name: "nick", cron: "@daily", task, paused: true });
    at.all.get("nick").resume();
    expect(at.all.list().map(({ next }) => (next ?? 0) - at.start)).toEqual([20 * MINUTE, 30_000, 24 * HOUR]);
    await at.clock.advance(41 * MINUTE);
    expect(at.since()).toEqual([30_000, 20 * MINUTE, 40 * MINUTE]);
  });

  test.each([
    [
      "the hour that spring leaves out: what would fall into it comes at its end",
      "2026-03-28T12:00Z",
      "30 2 * * *",
      ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"],
    ],
    [
      "the hour that autumn repeats: what falls into it comes once",
      "2026-10-24T12:00Z",
      "30 2 * * *",
      ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"],
    ],
    [
      "half-hourly through the repeated hour: every half hour of real time",
      "2026-10-25T00:10Z",
      "*/30 * * * *",
      ["2026-10-25T00:30:00.000Z", "2026-10-25T01:00:00.000Z", "2026-10-25T01:30:00.000Z", "2026-10-25T02:00:00.000Z"],
    ],
    [
      "noon in Oslo moves against the world's time",
      "2026-10-24T01:00Z",
      "0 12 * * *",
      ["2026-10-24T10:00:00.000Z", "2026-10-25T11:00:00.000Z"],
    ],
  ])("in Oslo, %s", async (_, from, cron, wanted) => {
    await using at = await keeping();
    await at.clock.advance(Date.parse(from) - at.start);
    add(at.all, { cron, timezone: "Europe/Oslo" });
    await at.clock.advance(Date.parse(wanted.at(-1) ?? "") - at.clock.now());
    expect(at.since().map((time) => new Date(at.start + time).toISOString())).toEqual(wanted);
  });
});

describe("what is missed", () => {
  test.each([
    ["skip", [100, 600, 700], 4],
    ["once", [100, 550, 600, 700], 3],
    ["burst", [100, 550, 550, 550, 550, 600, 700], 0],
  ] as const)("while paused: %s", async (missed, wanted, left) => {
    await using at = await keeping();
    const schedule = add(at.all, { every: 100, missed, concurrency: 10 });
    await at.clock.advance(150);
    schedule.pause();
    expect(schedule.info).toMatchObject({ status: "paused", next: undefined });
    const timers = at.clock.pending;
    await at.clock.advance(400);
    expect([at.since(), timers, at.clock.pending]).toEqual([[100], 0, 0]);
    schedule.resume();
    await at.clock.advance(150);
    expect([at.since(), schedule.info.missed]).toEqual([wanted, left]);
  });

  test.each([
    ["skip", [100, 300, 500], 3],
    ["once", [100, 250, 400, 550], 1],
    ["burst", [100, 250, 400, 550], 0],
  ] as const)(
    "when there is no room, because each run takes longer than the time between: %s",
    async (missed, wanted, left) => {
      await using at = await keeping({ ms: 150 });
      const schedule = add(at.all, { every: 100, missed });
      await at.clock.advance(610);
      expect([at.since(), schedule.info.missed, schedule.info.running]).toEqual([wanted, left, 1]);
    },
  );

  test.each([
    ["skip", 1, 3],
    ["once", 1, 3],
    ["burst", 4, 0],
  ] as const)("when the process stood still for a while: %s", async (missed, runs, left) => {
    await using at = await keeping();
    const schedule = add(at.all, { every: 100, missed, concurrency: 10 });
    await at.clock.advance(100);
    // Time goes on without a timer being called back in between.
    using _ = ahead(at.clock, 320);
    await at.clock.advance(100);
    expect([at.since().length - 1, schedule.info.missed]).toEqual([runs, left]);
  });

  test.each([
    ["skip", [], 1],
    ["once", [0], 0],
  ] as const)("a single time that had passed before it was added: %s", async (missed, wanted, left) => {
    await using at = await keeping();
    const schedule = add(at.all, { at: at.start - HOUR, missed });
    await at.clock.advance(10);
    expect([at.since(), schedule.info.missed, schedule.info.status]).toEqual([wanted, left, "ended"]);
  });

  test("what is made up for is bounded, and so is the counting", async () => {
    await using at = await keeping();
    const schedule = add(at.all, { every: 1, missed: "burst", paused: true, concurrency: 5000 });
    await at.clock.advance(24 * HOUR);
    schedule.resume();
    schedule.pause();
    await at.clock.advance(1);
    expect([at.since().length, schedule.info.missed]).toEqual([1000, 9000]);
  });
});

describe("steering", () => {
  test("paused twice and resumed twice is paused and resumed once; ended is ended", async () => {
    await using at = await keeping();
    const schedule = add(at.all, { every: 100 });
    for (const _ of [1, 2]) schedule.pause();
    for (const _ of [1, 2]) schedule.resume();
    await at.clock.advance(250);
    expect(at.since()).toEqual([100, 200]);
    schedule.end();
    schedule.resume();
    schedule.end();
    await at.clock.advance(500);
    expect([at.since(), schedule.info.status, at.clock.pending]).toEqual([[100, 200], "ended", 0]);
  });

  test("what runs goes on when its schedule ends", async () => {
    await using at = await keeping({ ms: 50 });
    const schedule = add(at.all, { every: 100 });
    await at.clock.advance(120);
    schedule.end();
    expect(schedule.info).toMatchObject({ status: "ended", running: 1, done: 0 });
    await at.clock.advance(100);
    expect(schedule.info).toMatchObject({ running: 0, done: 1 });
  });

  test("at the end of the plugin no timer is left, and what it submitted is cancelled without being called a failure", async () => {
    await using at = await keeping({ ms: 1000 });
    const schedule = add(at.all, { every: 100, concurrency: 3 });
    await at.clock.advance(250);
    expect(at.kernel.scheduler.list().length).toBe(2);
    await at.kernel.unplug("schedules");
    await at.clock.advance(10);
    expect([at.kernel.scheduler.list(), at.clock.pending, schedule.info.failed]).toEqual([[], 0, 0]);
    expect(() => add(at.all, { every: 100 })).toThrow();
  });

  test("a kernel that ends begins nothing more, and what it gives up is not called a failure", async () => {
    const clock = fakeClock();
    const logged: unknown[] = [];
    const kernel = await createKernel({ clock, log: (entry) => void logged.push(entry), plugins: [schedules()] });
    let begun = 0;
    const run: Agent["run"] = (_, call) => {
      begun++;
      return call.sleep(1000);
    };
    kernel.provide("agent", { kind: "agent", name: "ann", concurrency: 10, run });
    const schedule = add(kernel.get("schedules", "schedules"), { every: 100, concurrency: 10, missed: "burst" });
    await clock.advance(250);
    const ended = kernel.end({ grace: 500 });
    await clock.advance(500);
    await ended;
    expect([begun, schedule.info.failed, logged, clock.pending]).toEqual([2, 0, [], 0]);
  });

  test("a failure is counted, shown and logged, and the next time comes all the same", async () => {
    await using at = await keeping();
    const schedule = add(at.all, { every: 100 });
    at.state.fails = true;
    await at.clock.advance(150);
    at.state.fails = false;
    await at.clock.advance(100);
    expect(schedule.info).toMatchObject({ done: 1, failed: 1, error: { message: "no luck" } });
    expect(at.kernel.logged).toMatchObject([
      { level: "warn", from: "schedules", message: expect.stringContaining("no luck"), data: { schedule: "s" } },
    ]);
  });

  test("a task that nobody can do is such a failure", async () => {
    await using at = await keeping();
    const schedule = add(at.all, { every: 100, task: { role: "nobody", input: 1 } });
    await at.clock.advance(150);
    expect(schedule.info).toMatchObject({ failed: 1, error: { code: "task.unmatched" } });
  });

  test("all schedules together submit so many at a time, the most urgent first", async () => {
    await using at = await keeping({ ms: 10, concurrency: 1 });
    const submitted: string[] = [];
    const unwatch = at.kernel.watch({ type: "task.changed" }, (event) => {
      if (event.type === "task.changed" && event.status === "running") submitted.push(event.name);
    });
    for (const [name, priority] of [
      ["a", "normal"],
      ["b", "low"],
      ["c", "critical"],
    ] as const)
      at.all.add({ name, every: 100, task: { ...task, name, priority } });
    await at.clock.advance(150);
    expect(submitted).toEqual(["a", "c", "b"]);
    unwatch();
  });

  test("declared with the plugin, they are there from the start", async () => {
    await using at = await keeping({
      schedules: [{ name: "nightly", cron: "0 3 * * *", timezone: "Europe/Oslo", task, missed: "once" }],
    });
    expect(at.all.list()).toMatchObject([{ name: "nightly", next: at.start + 2 * HOUR }]);
  });
});

describe("what is refused", () => {
  test.each([
    [{ cron: "61 * * * *" }, "schedule.bad_cron", "61"],
    [{ cron: "* * *" }, "schedule.bad_cron", "3 field(s), not five or six"],
    [{ cron: "" }, "schedule.bad_cron", "0 field(s)"],
    [{ cron: "* * * * * * 2027" }, "schedule.bad_cron", "7 field(s)"],
    [{ cron: "2026-01-01T00:00:00" }, "schedule.bad_cron", "1 field(s)"],
    [{ cron: "@sometimes" }, "schedule.bad_cron", "@sometimes"],
    [{ cron: "0 0 30 2 *" }, "schedule.bad_cron", "no such time ever comes"],
    [{ cron: "0 3 * * *", timezone: "Europe/Olso" }, "schedule.bad_timezone", 'Did you mean "Europe/Oslo"?'],
    [{ every: 0 }, "schedule.bad_interval", "every 0 ms"],
    [{ every: 1.5 }, "schedule.bad_interval", "every 1.5 ms"],
    [{ at: Number.NaN }, "schedule.bad_options", "epoch milliseconds"],
    [{}, "schedule.bad_options", "not none"],
    [{ every: 5, cron: "* * * * *" }, "schedule.bad_options", "not every and cron"],
    [{ every: 5, timezone: "UTC" }, "schedule.bad_options", "time zone belongs to cron"],
    [{ every: 5, concurrency: 0 }, "schedule.bad_options", "concurrency"],
  ])("%j", async (options, code, said) => {
    await using at = await keeping();
    const error = codeOf(() => add(at.all, options));
    expect([error?.code, error?.message]).toEqual([code, expect.stringContaining(said)]);
    expect([at.all.list(), at.clock.pending]).toEqual([[], 0]);
  });

  test("a bad cron expression is shown with an example of a good one", async () => {
    await using at = await keeping();
    expect(codeOf(() => add(at.all, { cron: "* * *" }))?.message).toContain(
      '"30 7 * * 1-5" is half past seven on workdays',
    );
  });

  test("a name that is taken, one that is not known, and input that is not JSON", async () => {
    await using at = await keeping();
    at.all.add({ name: "nightly", every: 100, task });
    expect(codeOf(() => at.all.add({ name: "nightly", every: 100, task }))?.code).toBe("schedule.twice");
    expect(codeOf(() => at.all.get("nightli"))?.message).toContain('Did you mean "nightly"?');
    expect(codeOf(() => at.all.add({ name: "s", every: 100, task: { agent: "ann", input: () => 1 } }))?.code).toBe(
      "json.not_json",
    );
  });

  test("a declared schedule that is wrong keeps the plugin from being set up, and says why", async () => {
    await expect(keeping({ schedules: [{ name: "s", cron: "nope", task }] })).rejects.toThrow(
      /cron expression "nope"/u,
    );
    await expect(keeping({ schedules: [{ name: "s", every: 5, task, often: true } as never] })).rejects.toThrow(
      /often/u,
    );
  });
});

/** Makes the time of a clock run ahead until it is given back. */
function ahead(clock: { now: () => number }, by: number): Disposable {
  const { now } = clock;
  clock.now = () => now() + by;
  return {
    [Symbol.dispose]() {
      clock.now = now;
    },
  };
}
