import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Agent } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { agentFolder } from "./agent-folder.ts";
import { discover } from "./discover.ts";

const schema = z.strictObject({ name: z.string(), says: z.string() });
const gates = new Map<string, Promise<void>>();

function make({ name, says }: z.output<typeof schema>): Agent {
  return {
    kind: "agent",
    name,
    input: { type: "object" },
    async run() {
      await gates.get(says);
      return { text: says };
    },
  } as unknown as Agent;
}

async function project(files: Readonly<Record<string, string>>) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mofa-project-")));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return { folder, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function world(files: Readonly<Record<string, string>>) {
  const { folder, write } = await project(files);
  const open = () =>
    testKernel(agentFolder({ folder: join(folder, "agents"), schema, make, env: { WORD: "from env" } }));
  const kernel = await open().catch(async (error: unknown) => {
    await rm(folder, { recursive: true });
    throw error;
  });
  const ask = async (name = "ann") => {
    const { text } = (await kernel.invoke(kernel.get("agent", name), { text: "?" })) as { text: string };
    return text;
  };
  /** Waits until the watch has noticed something and the folder was looked at. */
  const told = Promise.withResolvers<string>();
  const tells: ((status: string) => void)[] = [told.resolve];
  const unwatch = kernel.watch({ type: "file.changed" }, (event) =>
    tells.at(-1)?.("status" in event ? String(event.status) : ""),
  );
  const changed = async (work: () => Promise<unknown>) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    tells.push(resolve);
    await work();
    // The system tells of the change in its own time; the debounce is in the kernel's.
    await expect.poll(() => kernel.clock.pending, { interval: 1 }).toBeGreaterThan(0);
    await kernel.clock.advance(100);
    return promise;
  };
  return {
    folder,
    write,
    kernel,
    ask,
    changed,
    async [Symbol.asyncDispose]() {
      unwatch();
      await kernel.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test("agents come from descriptions and modules, and variables from the environment", async () => {
  await using _ = await world({
    "agents/ann.yaml": "name: ann\nsays: ${WORD}\n",
    "agents/bob.ts":
      'import { text } from "./lib/text.ts";\nexport const agent = { kind: "agent", name: "bob", input: {}, run: () => ({ text }) };',
    "agents/lib/text.ts": "export const text: string = 'from module';",
    "agents/.ann.yaml.swp": "no",
  });
  expect([await _.ask(), await _.ask("bob")]).toEqual(["from env", "from module"]);
});

test("a changed file replaces its agent, and a turn in work ends as it began", { timeout: 20_000 }, async () => {
  await using _ = await world({ "agents/ann.yaml": "name: ann\nsays: old\n" });
  // The watch of a folder that is new is followed by one more look.
  await _.kernel.clock.advance(100);
  const gate = Promise.withResolvers<void>();
  gates.set("old", gate.promise);
  const turn = _.ask();
  expect(await _.changed(() => _.write("agents/ann.yaml", "name: ann\nsays: new\n"))).toBe("loaded");
  expect(await _.ask()).toBe("new");
  gate.resolve();
  expect(await turn).toBe("old");
  gates.clear();

  expect(await _.changed(() => _.write("agents/ann.yaml", "name: ann\nsays: [\n"))).toBe("failed");
  expect(await _.ask()).toBe("new");
  expect(_.kernel.logged.at(-1)?.message).toMatch(
    /ann\.yaml was not loaded; the version before it stays: .*ann\.yaml:\d+:\d+/u,
  );

  expect(await _.changed(() => rename(join(_.folder, "agents/ann.yaml"), join(_.folder, "ann.yaml")))).toBe("removed");
  expect(_.kernel.agents()).toEqual([]);
});

test("a file that is wrong at the start is told with its place", async () => {
  await expect(world({ "agents/ann.yaml": "name: ann\nsay: x\n" })).rejects.toMatchObject({
    code: "plugin.setup_failed",
    message: expect.stringContaining("ann.yaml:2:1"),
  });
});

test("a module without an agent is told", async () => {
  await expect(world({ "agents/ann.ts": "export const agnet = {};" })).rejects.toMatchObject({
    message: expect.stringContaining('must export "agent": it is missing'),
  });
});

test("a project need not have a folder of agents", async () => {
  await using _ = await world({ "readme.md": "" });
  expect(_.kernel.agents()).toEqual([]);
});

test("discovery tells what a project holds, by folder, and what is wrong", async () => {
  await using _ = await project({
    "agents/ann.yaml": "",
    "agents/bob.ts": "",
    "agents/_shared.ts": "",
    "tools/search.js": "",
    "tools/notes.txt": "",
    "plugins/weather.ts": "",
    "plugins/lib/sky.ts": "",
    "plugins/packed/mofa.plugin.json": '{ "name": "packed", "version": "1.2.3", "main": "main.ts" }',
    "plugins/wrong/mofa.plugin.json": '{ "name": "wrong", "version": "1", "main": "main.ts" }',
  });
  const { there, parts, problems } = await discover(_.folder);
  expect(there).toEqual(["agents", "tools", "plugins"]);
  const names = (found: (typeof parts)["agents"]) => found.map(({ name, form }) => `${name} ${form}`);
  expect(names(parts.agents)).toEqual(["ann description", "bob module"]);
  expect(names(parts.tools)).toEqual(["search script"]);
  expect(names(parts.plugins)).toEqual(["weather module", "packed package"]);
  expect(parts.workflows).toEqual([]);
  expect(problems).toEqual([
    {
      path: join(_.folder, "plugins/wrong"),
      error: expect.objectContaining({
        code: "manifest.bad_value",
        message: expect.stringContaining('mofa.plugin.json:1:20: "version"'),
      }),
    },
  ]);
});
