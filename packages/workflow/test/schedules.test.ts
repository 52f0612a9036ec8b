import type { AnyAction } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { checkWorkflow, type RunSchedule, workflowAction } from "../src/index.ts";
import { readSchedules } from "../src/schedules/run-schedule.ts";
import { createWorld, type Life, tool, turns, type World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const job = tool("job", () => "done");
const at = (name: string, more: Partial<RunSchedule> = {}): RunSchedule => ({
  name,
  cron: "30 * * * *",
  kind: "tool",
  action: "job",
  ...more,
});

/** A process that keeps schedules. */
async function keeping(world: World, schedules: readonly RunSchedule[] | false, bring: readonly AnyAction[] = [job]) {
  const provide = (kernel: Kernel) => {
    for (const action of bring) kernel.provide(action.kind as "tool", action as never);
  };
  const life = await world.live({ bring: provide, pollMs: 5 * MINUTE, leaseMs: HOUR, schedules });
  await pass(world, MINUTE);
  return life;
}

/** Lets hours pass by the minute. */
async function pass(world: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= MINUTE) {
    world.clock.jump(Math.min(left, MINUTE));
    await turns(4);
  }
}

async function begun({ journal }: World, prefix = "schedule:"): Promise<readonly string[]> {
  const runs = await journal.list({ prefix, limit: 10_000 });
  return runs.map(({ id }) => id.slice(prefix.length)).toSorted();
}

async function until(world: World, time: string): Promise<void> {
  world.clock.jump(Date.parse(time) - world.clock.now());
}

const end = (lives: readonly Life[]) => Promise.all(lives.map((life) => life.kernel.end()));

test("three processes begin every time once, also over both changes of the clock", async () => {
  const berlin = { timeZone: "Europe/Berlin" };
  const schedules = [at("hourly", berlin), at("nightly", { ...berlin, cron: "30 2 * * *" })];
  const spring = createWorld();
  await until(spring, "2026-03-28T22:00:00Z");
  let lives = await Promise.all([1, 2, 3].map(() => keeping(spring, schedules)));
  await pass(spring, 28 * HOUR);
  const hours = Array.from({ length: 28 }, (_, hour) => Date.parse("2026-03-28T22:30:00Z") + hour * HOUR);
  expect(await begun(spring, "schedule:hourly:")).toEqual(
    hours.map((each) => new Date(each).toISOString().replace(".000", "")),
  );
  // 2:30 does not exist that night: the first moment after it counts.
  expect(await begun(spring, "schedule:nightly:")).toEqual(["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
  await end(lives);
  const autumn = createWorld();
  await until(autumn, "2026-10-24T23:00:00Z");
  lives = await Promise.all([1, 2, 3].map(() => keeping(autumn, schedules)));
  await pass(autumn, 28 * HOUR);
  expect((await begun(autumn, "schedule:hourly:")).length).toBe(28);
  // 2:30 comes twice that night, and counts once.
  expect(await begun(autumn, "schedule:nightly:")).toEqual(["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
  await end(lives);
}, 60_000);

test("what nobody was there for is left out, made up for once, or each by itself", async () => {
  const world = createWorld();
  const schedules = (["skip", "once", "all"] as const).map((missed) => at(missed, { missed }));
  const first = await keeping(world, schedules);
  await pass(world, HOUR);
  await first.kernel.end();
  world.clock.jump(5 * HOUR);
  const [one, two] = [await keeping(world, schedules), await keeping(world, schedules)];
  await pass(world, 10 * MINUTE);
  const day = (...hours: readonly string[]) => hours.map((hour) => `2026-01-01T${hour}:30:00Z`);
  expect(await begun(world, "schedule:skip:")).toEqual(day("00"));
  expect(await begun(world, "schedule:once:")).toEqual(day("00", "05"));
  expect(await begun(world, "schedule:all:")).toEqual(day("00", "01", "02", "03", "04", "05"));
  await pass(world, HOUR);
  expect((await begun(world, "schedule:skip:")).at(-1)).toBe(day("06")[0]);
  await end([one, two]);
});

test("with `overlap: skip`, a time is left out while an earlier run is open", async () => {
  const world = createWorld();
  let letGo = () => {};
  const slow = tool("job", () => new Promise<void>((resolve) => (letGo = resolve)));
  const life = await keeping(world, [at("slow", { overlap: "skip" })], [slow]);
  await pass(world, 3 * HOUR);
  expect(await begun(world)).toHaveLength(1);
  letGo();
  await pass(world, HOUR);
  expect(await begun(world)).toEqual(["slow:2026-01-01T00:30:00Z", "slow:2026-01-01T03:30:00Z"]);
  letGo();
  await life.kernel.end();
});

test("what runs of a schedule have begun hides neither the last of them nor that none is open", async () => {
  const world = createWorld();
  const child = tool("child", (_, call) => call.sleep(HOUR));
  const many = tool("many", async (_, call) => {
    const runs = call.get("engine", "runs");
    for (let n = 0; n < 101; n++) await runs.start(child, { n }, { under: call });
  });
  const schedules = [at("many", { action: "many", overlap: "skip" })];
  const first = await keeping(world, schedules, [many, child]);
  await pass(world, HOUR);
  await first.kernel.end();
  expect((await begun(world, "schedule:many:")).length).toBe(102);
  await pass(world, 2 * HOUR);
  const second = await keeping(world, schedules, [many, child]);
  await pass(world, MINUTE);
  await second.kernel.end();
  const ticks = (await begun(world, "schedule:many:")).filter((id) => id.endsWith("Z"));
  expect(ticks).toEqual(["2026-01-01T00:30:00Z", "2026-01-01T02:30:00Z"]);
});

test("a start that fails is tried again, and said once", async () => {
  const world = createWorld();
  const life = await keeping(world, [at("late")], []);
  await pass(world, HOUR);
  expect(await begun(world)).toEqual([]);
  expect(life.logged.filter((line) => line.includes("late"))).toHaveLength(1);
  life.kernel.provide("tool", job);
  await pass(world, MINUTE);
  expect(await begun(world)).toEqual(["late:2026-01-01T00:30:00Z"]);
  await life.kernel.end();
});

/** A workflow whose definition has a schedule. */
function morning() {
  const schedule = { cron: "0 9 * * *", timeZone: "Asia/Tokyo", input: { of: "today" } };
  const nodes = [{ id: "n", use: "join", with: { outputs: "${input.of}" } }];
  return workflowAction({ name: "morning", version: "1", schedule, nodes, output: "${n}" });
}

test("a workflow begins by itself when its definition says so", async () => {
  const world = createWorld();
  const life = await keeping(world, [], [morning()]);
  await pass(world, 25 * HOUR);
  expect(await begun(world)).toEqual(["morning:2026-01-02T00:00:00Z"]);
  expect((await world.journal.get("schedule:morning:2026-01-02T00:00:00Z"))?.output).toBe("today");
  await life.kernel.end();
});

test("with `schedules: false` nothing begins by the clock, whatever workflows say and whatever was missed", async () => {
  const world = createWorld();
  const keeps = await keeping(world, [], [morning()]);
  await pass(world, 25 * HOUR);
  await keeps.kernel.end();
  const before = await begun(world);
  await pass(world, 25 * HOUR);
  const life = await keeping(world, false, [morning()]);
  await pass(world, 25 * HOUR);
  expect([before.length, await begun(world)]).toEqual([1, before]);
  await life.kernel.end();
  await expect(createWorld().live({ schedules: true as never })).rejects.toThrow(/schedules.*not allowed/u);
});

test("a schedule that cannot be kept is refused with what is wrong", () => {
  const wrong = (...schedules: readonly RunSchedule[]) => {
    try {
      readSchedules(schedules);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  expect(wrong(at("a", { cron: "61 * * * *" }))).toMatch(/"a".*"61 \* \* \* \*"/);
  expect(wrong(at("a", { timeZone: "Europe/Berlim" }))).toContain('"Europe/Berlin"');
  expect(wrong(at("a"), at("a"))).toContain("same name");
  expect(wrong(at("a:b"))).toContain("name");
  const nodes = [{ id: "n", use: "join" }];
  const bad = { cron: "* *", timezone: "UTC", missed: "twice" };
  expect(() => checkWorkflow({ name: "w", version: "1", nodes, schedule: bad })).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /schedule\.cron.*five or six fields(?:.|\n)*"timeZone"(?:.|\n)*"skip" or "once" or "all"/,
      ),
    }),
  );
});
