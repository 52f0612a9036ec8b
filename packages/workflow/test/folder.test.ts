import { mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineTool, type Event, inMemoryJournal, isMofaError, type Journal, type Plugin } from "@mofa/kernel";
import { createKernel, inMemory, type Kernel } from "@mofa/kernel/host";
import { fakeClock } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { workflow } from "../src/index.ts";

const flow = (output: string, tool = "echo") =>
  `name: greet\nversion: "1"\nnodes:\n  - id: say\n    use: tool\n    with: { tool: ${tool}, input: { text: "${output}" } }\noutput: "\${say}"\n`;

const echo = defineTool({ name: "echo", input: { type: "object" }, run: ({ text }) => String(text) });

async function folderOf(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "mofa-flows-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function open(folder: string): Promise<Kernel> {
  const kernel = await createKernel({ plugins: [inMemory()] });
  kernel.provide("tool", echo);
  return kernel.plug(workflow({ folder })).then(
    () => kernel,
    async (error: unknown) => {
      await kernel.end();
      throw error;
    },
  );
}

/** The next change of a file with this status. */
function nextChange(kernel: Kernel, status: string): Promise<Extract<Event, { type: "file.changed" }>> {
  return new Promise((resolve) => {
    const stop = kernel.watch({ type: "file.changed" }, (event) => {
      if (event.type !== "file.changed" || event.status !== status) return;
      stop();
      resolve(event);
    });
  });
}

const greet = (kernel: Kernel) => kernel.invoke(kernel.get("workflow", "greet"), {});

test("workflows of a folder are served, and follow their files: changed, broken, mended, removed", async () => {
  await using folder = await folderOf({ "greet.yaml": flow("one"), "notes.txt": "not a workflow" });
  await using kernel = await open(folder.path);
  const file = join(folder.path, "greet.yaml");
  expect(await greet(kernel)).toBe("one");

  const loaded = nextChange(kernel, "loaded");
  await writeFile(file, flow("two"));
  expect((await loaded).path).toBe(file);
  expect(await greet(kernel)).toBe("two");

  const failed = nextChange(kernel, "failed");
  await writeFile(file, flow("three").replace("use: tool", "use: tol"));
  expect((await failed).reason).toContain(`${file}:5:10: nodes[0].use: unknown node kind "tol". Did you mean "tool"?`);
  expect(await greet(kernel)).toBe("two");

  const mended = nextChange(kernel, "loaded");
  await writeFile(file, flow("four"));
  await mended;
  expect(await greet(kernel)).toBe("four");

  const removed = nextChange(kernel, "removed");
  await unlink(file);
  await removed;
  expect(kernel.find("workflow", "greet")).toBeUndefined();
});

test("a second file that defines the same workflow is refused, and a JSON file is as good as YAML", async () => {
  await using folder = await folderOf({
    "a.json": JSON.stringify({
      name: "greet",
      version: "1",
      nodes: [{ id: "say", use: "tool", with: { tool: "echo", input: { text: "json" } } }],
      output: "${say}",
    }),
  });
  await using kernel = await open(folder.path);
  const failed = nextChange(kernel, "failed");
  await writeFile(join(folder.path, "b.yaml"), flow("yaml"));
  expect((await failed).reason).toBe(
    'The workflow "greet" in b.yaml is already defined in a.json. Rename one of them.',
  );
  expect(await greet(kernel)).toBe("json");
});

test("a folder that is not there fails the plugin, saying which", async () => {
  const error: unknown = await open("/does/not/exist").catch((thrown: unknown) => thrown);
  expect(isMofaError(error) && isMofaError(error.cause, "workflow.folder_missing")).toBe(true);
});

test("a look at open runs that is still under way at the end misses no workflow that has just been taken back", async () => {
  await using folder = await folderOf({ "greet.yaml": flow("one") });
  const clock = fakeClock();
  const journal = inMemoryJournal({ clock });
  await journal.create({ id: "r", kind: "workflow", name: "greet", input: {} });
  const asked: (() => void)[] = [];
  const slow: Plugin = {
    name: "journal",
    version: "1.0.0",
    setup(ctx) {
      const list: Journal["list"] = (filter) =>
        new Promise((resolve) => asked.push(() => resolve(journal.list(filter))));
      ctx.provide("journal", { ...journal, list });
    },
  };
  const logged: string[] = [];
  const kernel = await createKernel({ clock, plugins: [slow], log: ({ message }) => void logged.push(message) });
  await kernel.plug(workflow({ folder: folder.path, maxConcurrent: 0 }));
  await clock.advance(100);
  expect(asked.length).toBe(1);
  const ended = kernel.end();
  // It is answered, list by list, when the workflows are gone.
  await expect.poll(() => kernel.find("workflow", "greet")).toBeUndefined();
  for (const answer of asked) {
    answer();
    await clock.advance(0);
  }
  await ended;
  expect(logged).toEqual([]);
});
