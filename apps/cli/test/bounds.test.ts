import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { openProject } from "../src/project/config.ts";
import { openAt } from "../src/project/open.ts";
import { mofa } from "./support-desk.ts";

const LIMIT = { timeout: 60_000 };

const CONFIG = `name: night
budgets:
  - { name: house, scope: kernel, limits: { calls: 1000 } }
supervisors:
  - { name: shop, strategy: one-for-all, maxRestarts: 7, within: 5m, backoff: { first: 10ms } }
scheduler: { maxWaiting: 1, roles: { guard: 1 } }
deadLetters: { max: 1 }
quarantine: { faults: 2, within: 10s }
schedules:
  - { name: rounds, every: 50ms, task: { role: guard, input: {} } }
gateway: { port: 0 }
`;

const GUARD = `name: guard
module: code/guard.js
export: guard
isolation: process
roles: [guard]
supervision: { supervisor: shop }
`;

// Dies on its second round, each time that it lives.
const CODE = `let rounds = 0;
export const guard = { kind: "agent", name: "guard", run: () => (++rounds === 2 ? process.exit(1) : rounds) };
`;

const PLUGIN = `import type { Plugin } from "@mofa/sdk";
export const plugin: Plugin = { name: "hello", version: "1.0.0", setup() {} };
`;

// Says that it was begun, in a file, and never ends.
const HANGS = `import { writeFileSync } from "node:fs";
export const plugin = {
  name: "hangs",
  version: "1.0.0",
  setup() {
    writeFileSync("begun", "");
    return new Promise(() => {});
  },
};
`;

async function night(more: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mofa-night-"));
  const files = { "mofa.config.yaml": CONFIG, "agents/guard.yaml": GUARD, "code/guard.js": CODE, ...more };
  for (const [path, text] of Object.entries({ "package.json": '{"type":"module"}', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

test("what the config bounds, mends and repeats, the kernel does", LIMIT, async () => {
  await using at = await night();
  const project = await openProject(at.folder, {});
  await using opened = await openAt(project, { env: {}, unwatched: true, log: () => {} });
  const kernel = opened.mofa;
  expect(kernel.supervisors().find(({ name }) => name === "shop")).toMatchObject({
    strategy: "one-for-all",
    maxRestarts: 7,
    within: 300_000,
    members: ["agent:guard"],
  });
  const [rounds] = kernel.get("schedules", "schedules").list();
  expect(rounds).toMatchObject({ name: "rounds", status: "waiting" });
  // Its process died, its supervisor brought it back, and it goes on.
  const guard = () => kernel.agents().find(({ name }) => name === "guard");
  await expect.poll(() => guard()?.restarts, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(kernel.budgets.list()).toMatchObject([{ name: "house", spent: { calls: expect.any(Number) } }]);
  const park = () => {
    kernel.scheduler.submit({ role: "nobody", input: {}, unmatched: "park" }).result.catch(() => {});
  };
  // One may wait, and a round may be the one.
  expect(() => [park(), park()]).toThrow(expect.objectContaining({ code: "scheduler.full" }));
});

test("a look at the project begins nothing, though its schedules are there", LIMIT, async () => {
  await using at = await night();
  const project = await openProject(at.folder, {});
  await using opened = await openAt(project, { env: {}, unwatched: true, quiet: true, log: () => {} });
  expect(opened.mofa.get("schedules", "schedules").list()).toMatchObject([{ status: "paused", next: undefined }]);
});

test(
  "a project of schedules says so, loads TypeScript without warnings of Node, and ends in order",
  LIMIT,
  async () => {
    await using at = await night({ "plugins/hello.ts": PLUGIN });
    await using started = mofa(["start"], at.folder);
    await started.said("1 schedule keeps time; press Ctrl-C to end it");
    started.child.kill("SIGINT");
    const { code, stderr } = await started.finished;
    expect([code, stderr.includes("Warning")]).toEqual([0, false]);
  },
);

test("one signal ends a project while a plugin of it hangs in its set-up", LIMIT, async () => {
  await using at = await night({ "plugins/hangs.js": HANGS });
  await using started = mofa(["start"], at.folder);
  await expect.poll(() => existsSync(join(at.folder, "begun")), { timeout: 20_000 }).toBe(true);
  started.child.kill("SIGTERM");
  expect((await started.finished).code).toBe(0);
});
