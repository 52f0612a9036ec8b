import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { projectAgents } from "./agents.ts";
import { openProject } from "./config.ts";

const COUNTER = `export const counter = ({ from }) => {
  let count = from;
  return { kind: "agent", name: "counter", run: ({ add }) => ({ count: (count += add), pid: process.pid }) };
};`;

async function folderOf(files: Readonly<Record<string, string>>) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mofa-agents-")));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries({ "mofa.config.yaml": "name: desk\n", ...files })) await write(path, text);
  return { folder, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function refusal(files: Readonly<Record<string, string>>, prepare = async (_folder: string) => {}) {
  await using at = await folderOf(files);
  await prepare(at.folder);
  const project = await openProject(at.folder, {});
  const error = await testKernel(projectAgents(project, {})).then(
    async (kernel) => {
      await kernel.end();
      return undefined;
    },
    (failure: Error) => failure,
  );
  return error?.message.replaceAll(`${at.folder}/`, "") ?? "it was accepted";
}

test("a file says what an agent can do, who mends it, what waits for it and what it may use up", async () => {
  const ann = `name: ann
capabilities: [write, "language:no"]
supervision: { supervisor: shop, restart: permanent, failsOn: error, redeliver: 1 }
mailbox: { maxMessages: 5, full: drop-oldest }
timeout: 10s
budget: { tokens: 1000, ms: 1h, per: day }
`;
  await using at = await folderOf({ "agents/ann.yaml": ann });
  await using kernel = await testKernel(projectAgents(await openProject(at.folder, {}), {}));
  expect(kernel.get("agent", "ann")).toMatchObject({
    capabilities: ["write", "language:no"],
    supervision: { supervisor: "shop", restart: "permanent", failsOn: "error", redeliver: 1 },
    mailbox: { maxMessages: 5, full: "drop-oldest" },
    timeout: 10_000,
  });
  expect(kernel.budgets.list()).toMatchObject([
    { name: "agent:ann", scope: "agent", of: "ann", limits: { tokens: 1000, ms: 3_600_000 } },
  ]);
  await kernel.unplug("project-agents");
  expect(kernel.budgets.list()).toEqual([]);
});

test("a file names a module, which runs in a process of its own with the options that it is given", async () => {
  const counter = `name: counter
module: ./code/counter.js
export: counter
isolation: process
heapMb: 64
cpuMs: 2s
options: { from: 10 }
budget: { calls: 2 }
`;
  await using at = await folderOf({
    "agents/counter.yaml": counter,
    "code/counter.js": COUNTER,
    "package.json": '{"type":"module"}',
  });
  await using kernel = await testKernel(projectAgents(await openProject(at.folder, {}), {}));
  const add = () =>
    kernel.invoke(kernel.get("agent", "counter"), { add: 1 }) as Promise<{ count: number; pid: number }>;
  const [first, second] = [await add(), await add()];
  expect([first.count, second.count, first.pid === process.pid]).toEqual([11, 12, false]);
  await expect(add()).rejects.toMatchObject({ code: "budget.exceeded", data: { budget: "agent:counter" } });
});

const isolated = "name: ann\nmodule: code/counter.js\nisolation: worker\n";

test.each([
  [
    "a module with a model",
    `${isolated}model: big\n`,
    'agents/ann.yaml:4:1: "model": belongs to an agent with a model, and this one has a "module"',
  ],
  [
    "a heap without a module",
    "name: ann\nheapMb: 64\n",
    'agents/ann.yaml:2:1: "heapMb": needs a "module" to go with it',
  ],
  [
    "a module that nobody says where to run",
    "name: ann\nmodule: code/counter.js\n",
    'agents/ann.yaml:2:1: "module": needs to know where it runs',
  ],
  [
    "a module outside",
    isolated.replace("code/", "../"),
    "names the module ../counter.js, which is outside of the project",
  ],
  [
    "a module among the agents",
    isolated.replace("code/", "agents/"),
    "which lies in agents/ and is an agent by itself there",
  ],
  ["a module that is not there", isolated.replace("counter.js", "count.js"), "but there is no file code/count.js."],
  [
    "a budget that limits nothing",
    "name: ann\nbudget: { per: day }\n",
    'agents/ann.yaml:2:1: "budget": limits nothing',
  ],
  [
    "a misspelt way of mending",
    "name: ann\nsupervision: { restarts: always }\n",
    'agents/ann.yaml:2:16: "supervision.restarts" is no known key. Did you mean "restart"?',
  ],
])("%s is refused with its place, or by name", async (_name, text, said) => {
  expect(await refusal({ "agents/ann.yaml": text, "code/counter.js": COUNTER })).toContain(said);
});

test("a link is no way out of the project", async () => {
  await using outside = await folderOf({ "counter.js": COUNTER });
  const prepare = (folder: string) => symlink(outside.folder, join(folder, "code"));
  expect(await refusal({ "agents/ann.yaml": isolated }, prepare)).toContain("which is outside of the project");
});
