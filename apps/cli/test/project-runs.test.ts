// How a project's config queues its kept runs, begins them by the clock, and deletes what has ended.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openProject } from "../src/project/config.ts";
import { type OpenedProject, type OpenOptions, openAt } from "../src/project/open.ts";

const LIMIT = { timeout: 30_000 };

const CONFIG = `name: shop
gateway: { port: 0 }
runs:
  queues:
    - { name: slow, concurrency: 1, rate: { limit: 1000, per: 1m } }
  schedules:
    - { name: tick, cron: "* * * * * *", workflow: tick, queue: slow, overlap: skip }
  retention: { age: 30d, count: 1000 }
  parkAfter: 100ms
  maxTakeovers: 3
`;

const TICK = `
name: tick
version: "1"
nodes:
  - { id: say, use: script.task, with: { source: "'tick'" }, queue: slow }
output: "\${say}"
`;

const ORDER = `
name: order
version: "1"
nodes:
  - { id: paid, use: hear, with: { signal: paid } }
  - { id: pack, use: script.transform, with: { source: "input * 2", input: "\${paid.body}" }, after: [paid], queue: slow }
output: "\${pack}"
`;

const OWN = `
name: own
version: "1"
schedule: { cron: "* * * * * *" }
nodes:
  - { id: say, use: script.task, with: { source: "'own'" } }
`;

const NAP = `
name: nap
version: "1"
nodes:
  - { id: nap, use: wait, with: { for: 1500 } }
`;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function shop(files: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mofa-shop-"));
  folders.push(folder);
  const all = { "mofa.config.yaml": CONFIG, "workflows/tick.yaml": TICK, "workflows/order.yaml": ORDER, ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const openShop = async (folder: string, more: Partial<OpenOptions> = {}) =>
  openAt(await openProject(folder, {}), { env: {}, unwatched: true, log: () => {}, ...more });

test(
  "queues, a schedule, parking and what nodes of a file say of queues hold for a project folder",
  LIMIT,
  async () => {
    await using opened = await openShop(await shop());
    const engine = opened.mofa.engine();
    const order = await engine.start(opened.mofa.get("workflow", "order"), {}, { id: "order-1" });
    await expect.poll(() => order.status(), { timeout: 10_000 }).toBe("waiting");
    // Parked: nobody owns it, though it is far from its end.
    await expect.poll(async () => (await engine.list({ ids: ["order-1"], owned: false })).length).toBe(1);
    await order.signal("paid", 21);
    expect(await order.result()).toBe(42);
    const ticks = () => engine.list({ prefix: "schedule:tick:", name: "tick", status: ["done"] });
    await expect.poll(async () => (await ticks()).length, { timeout: 10_000 }).toBeGreaterThan(0);
    const [tick] = await ticks();
    expect(tick).toMatchObject({ name: "tick", queue: "slow", output: "tick" });
    const [child] = await engine.list({ queue: "slow", parent: "order-1" });
    expect(child).toMatchObject({ kind: "node", name: "script.transform", status: "done" });
  },
);

test("what runs once begins nothing by the clock, also where a workflow's own file has a schedule", LIMIT, async () => {
  const folder = await shop({ "workflows/own.yaml": OWN, "workflows/nap.yaml": NAP });
  const begun = async ({ mofa }: OpenedProject) =>
    // What a run of a schedule begins has its name in front, and may begin later.
    (await mofa.engine().list({ prefix: "schedule:", limit: 1000 })).flatMap(({ id, parent }) => (parent ? [] : id));
  const names = (ids: readonly string[]) => [...new Set(ids.map((id) => id.split(":")[1]))].toSorted();
  const before = await (async () => {
    await using opened = await openShop(folder);
    await expect.poll(async () => names(await begun(opened)), { timeout: 10_000 }).toEqual(["own", "tick"]);
    // Whatever begins now has begun when this has ended.
    await opened.mofa.end();
    await using looking = await openShop(folder, { quiet: true });
    return begun(looking);
  })();
  await using opened = await openShop(folder, { untimed: true });
  // Long enough for a time to come, and for those that were missed to be made up for.
  await (await opened.mofa.engine().start(opened.mofa.get("workflow", "nap"), {})).result();
  expect(await begun(opened)).toEqual(before);
});

test("a node for a queue that is not there fails with the names that are", LIMIT, async () => {
  await using opened = await openShop(
    await shop({ "workflows/order.yaml": ORDER.replace("queue: slow", "queue: slwo") }),
  );
  const run = await opened.mofa.engine().start(opened.mofa.get("workflow", "order"), {});
  await run.signal("paid", 1);
  await expect(run.result()).rejects.toMatchObject({
    message: expect.stringMatching(/There is no queue "slwo" here\. Did you mean "slow"\?.*"runs\.queues"/u),
  });
});

test.each([
  [
    "a bad cron",
    'cron: "* * * * * *"',
    'cron: "61 * * * *"',
    /"runs\.schedules\[0\]".*The schedule "tick" cannot be kept: its cron expression "61 \* \* \* \*" is wrong/u,
  ],
  [
    "a schedule for a queue that is not there",
    "tick, queue: slow",
    "tick, queue: fast",
    /"runs\.schedules\[0\]\.queue".*"fast" is not among the queues of runs\.queues \("slow"\)/u,
  ],
  [
    "two schedules of one name",
    "  retention",
    '    - { name: tick, cron: "@daily", workflow: order }\n  retention',
    /"runs\.schedules\[1\]\.name".*"tick" is there already: rename one/u,
  ],
  [
    "two queues of one name",
    "  schedules",
    "    - { name: slow }\n  schedules",
    /"runs\.queues\[1\]\.name".*"slow" is there already/u,
  ],
  ["a bad age", "age: 30d", "age: old", /"runs\.retention\.age".*write a duration/u],
  ["a misspelt key", "parkAfter", "parkAftr", /"runs\.parkAftr" is no known key\. Did you mean "parkAfter"/u],
])("%s is refused with its place", async (_name, from, to, message) => {
  const folder = await shop({ "mofa.config.yaml": CONFIG.replace(from, to) });
  const refused = openProject(folder, {});
  await expect(refused).rejects.toThrow(/mofa\.config\.yaml:\d+:\d+: /u);
  await expect(refused).rejects.toThrow(message);
});

test("each value says where it comes from", async () => {
  const project = await openProject(await shop(), { MOFA__RUNS__MAXTAKEOVERS: "7" });
  expect(project.config.runs).toMatchObject({ parkAfter: 100, maxTakeovers: 7, retention: { age: 2_592_000_000 } });
  const queues = project.config.runs.queues;
  expect(queues).toEqual([{ name: "slow", concurrency: 1, rate: { limit: 1000, per: 60_000 } }]);
});
