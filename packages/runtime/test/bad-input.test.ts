// What people get wrong, through the public surface: each is refused with a code and a sentence that names the thing and
// says what to do; the message that was on its way is not lost, and the kernel works on.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Agent, definePlugin, isMofaError, type Tool } from "@mofa/kernel";
import { type TestKernel, testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { loadConfig, pluginFolder, schedules, writeDigest } from "../src/index.ts";

interface Place {
  readonly kernel: TestKernel;
  /** An empty folder. */
  readonly folder: string;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

interface Mistake {
  readonly name: string;
  readonly code: string;
  /** What the sentence must say: which one it was, and what to do. */
  readonly says: readonly string[];
  make(place: Place): unknown;
}

const weather = (sky: string) => `
import { definePlugin, type PluginContext } from "@mofa/kernel";
export const plugin = definePlugin({
  name: "weather",
  version: "1.0.0",
  setup(ctx: PluginContext) {
    ctx.provide("tool", { kind: "tool", name: "weather", description: "", run: () => "${sky}" } as never);
  },
});`;
const manifest = { name: "weather", version: "1.0.0", main: "main.ts" };
const plugin = (name: string, needs: readonly string[]) =>
  definePlugin({ name, version: "1.0.0", needs, setup() {} })();

const mistakes: readonly Mistake[] = [
  {
    name: "an unknown address",
    code: "address.unknown",
    says: ['"agent:anm"', 'Did you mean "agent:ann"?'],
    make: ({ kernel }) => kernel.send({ to: "agent:anm", type: "x" }),
  },
  {
    name: "an address that is none",
    code: "address.malformed",
    says: ['"ann"', "Use agent:NAME"],
    make: ({ kernel }) => kernel.send({ to: "ann", type: "x" }),
  },
  {
    name: "a refused transition",
    code: "lifecycle.refused",
    says: ['"ann"', "cannot become ready", "Nothing was changed. Look at its status"],
    make: ({ kernel }) => kernel.resumeAgent("ann"),
  },
  {
    name: "an oversized message",
    code: "message.too_large",
    says: ['"agent:small"', "at most 100 bytes", "send a reference"],
    make: ({ kernel }) => kernel.send({ to: "agent:small", type: "x", body: "y".repeat(1000) }),
  },
  {
    name: "an oversized question",
    code: "message.not_delivered",
    says: ['"agent:small"', "at most 100 bytes", "send a reference"],
    make: ({ kernel }) => kernel.request({ to: "agent:small", type: "x", body: "y".repeat(1000) }),
  },
  {
    name: "a malformed cron expression",
    code: "schedule.bad_cron",
    says: ['"nightly"', '"61 2 * * *"', "Write five fields"],
    async make({ kernel }) {
      await kernel.plug(schedules());
      const task = { agent: "ann", input: {} };
      kernel.get("schedules", "schedules").add({ name: "nightly", cron: "61 2 * * *", task });
    },
  },
  {
    name: "plugins that need each other in a circle",
    code: "plugin.cycle",
    says: ["first", "second", "Break it by removing one need"],
    async make({ kernel }) {
      await kernel.plug(plugin("first", ["plugin:second"]));
      await kernel.plug(plugin("second", ["plugin:first"]));
    },
  },
  {
    name: "a plugin's file that was tampered with",
    code: "plugin.tampered",
    says: ["weather", "sha256-", "mofa plugin digest --write"],
    async make({ kernel, folder }) {
      await write(folder, {
        "weather/main.ts": weather("clear"),
        "weather/mofa.plugin.json": JSON.stringify(manifest),
      });
      await writeDigest(join(folder, "weather"));
      await write(folder, { "weather/main.ts": weather("evil") });
      return loadFolder(kernel, folder);
    },
  },
  {
    name: "an invalid manifest",
    code: "manifest.bad_value",
    says: ["mofa.plugin.json:1:", '"version"', "is no semantic version like 1.2.3"],
    async make({ kernel, folder }) {
      const text = JSON.stringify({ ...manifest, version: "newest" });
      await write(folder, { "weather/main.ts": weather("clear"), "weather/mofa.plugin.json": text });
      return loadFolder(kernel, folder);
    },
  },
  {
    name: "a config with a wrong type",
    code: "config.bad_value",
    says: ["mofa.config.yaml:3:3", '"gateway.port"', "expected number"],
    async make({ folder }) {
      await write(folder, { "mofa.config.yaml": "name: desk\ngateway:\n  port: eighty\n" });
      const schema = z.strictObject({ name: z.string(), gateway: z.strictObject({ port: z.int() }) });
      return loadConfig({ folder, schema, env: {} });
    },
  },
  {
    name: "a config with a misspelt key",
    code: "config.unknown_key",
    says: ["mofa.config.yaml:2:1", '"gatway"', 'Did you mean "gateway"?'],
    async make({ folder }) {
      await write(folder, { "mofa.config.yaml": "name: desk\ngatway: {}\n" });
      const schema = z.strictObject({ name: z.string(), gateway: z.strictObject({}).optional() });
      return loadConfig({ folder, schema, env: {} });
    },
  },
  {
    name: "an input that its schema forbids",
    code: "input.invalid",
    says: ['"sum"', "n"],
    make: ({ kernel }) => kernel.invoke(kernel.get("tool", "sum") as Tool, { n: "two" } as never),
  },
  {
    name: "a tool that is not there",
    code: "registry.not_found",
    says: ['"sun"', 'Did you mean "sum"?'],
    make: ({ kernel }) => kernel.get("tool", "sun"),
  },
  {
    name: "a task without input that makes sense",
    code: "task.malformed",
    says: ['"report"', "priority", "Correct it and submit it again"],
    make: ({ kernel }) =>
      kernel.scheduler.submit({ name: "report", agent: "ann", input: {}, priority: "urgent" as "high" }),
  },
  {
    name: "a budget that is none",
    code: "budget.bad",
    says: ['"daily"', "calls", "not negative"],
    make: ({ kernel }) => kernel.budgets.add({ name: "daily", scope: "kernel", limits: { calls: -1 } }),
  },
];

test.each(mistakes.map((mistake) => [mistake.name, mistake] as const))(
  "%s is refused by a sentence that helps, and nothing is lost",
  async (_, { make, code, says }) => {
    await using place = await open();
    const { kernel, heard } = place;
    kernel.pauseAgent("bob");
    kernel.send({ to: "agent:bob", type: "before", body: "before" });
    const refusal = await refusalOf(() => make(place));
    expect(refusal.code).toBe(code);
    for (const words of says) expect(refusal.message).toContain(words);
    // No inner names, and a whole sentence.
    expect(refusal.message).not.toMatch(/undefined|\[object|NaN|^\S*Error:/u);
    expect(refusal.message).toMatch(/^[A-Z"/].*[.?)]$/su);
    kernel.resumeAgent("bob");
    kernel.send({ to: "agent:bob", type: "after", body: "after" });
    await kernel.clock.advance(0);
    expect(heard).toEqual(["before", "after"]);
    expect(await kernel.invoke(kernel.get("tool", "sum") as Tool, { n: 2 })).toBe(3);
    expect(kernel.agents().map(({ status }) => status)).toEqual(["ready", "ready", "ready"]);
  },
);

test("what was said and is too large is a dead letter, and is delivered once there is room", async () => {
  await using place = await open();
  const { kernel, heard } = place;
  const body = "y".repeat(1000);
  const delivery = await kernel.send({ to: "agent:small", type: "x", body });
  expect(delivery).toMatchObject({ status: "rejected", receivers: 0, reason: { code: "message.too_large" } });
  expect(kernel.deadLetters.list()).toMatchObject([{ to: "agent:small", message: { body }, attempts: 1 }]);
  kernel.provide("agent", note("small", heard, {}));
  await kernel.deadLetters.replay();
  await kernel.clock.advance(0);
  expect([heard, kernel.deadLetters.list()]).toEqual([[body], []]);
});

async function open(): Promise<Place & AsyncDisposable & { readonly heard: unknown[] }> {
  const folder = await mkdtemp(join(tmpdir(), "mofa-bad-"));
  const kernel = await testKernel();
  const heard: unknown[] = [];
  kernel.provide("agent", note("ann", heard, {}));
  kernel.provide("agent", note("bob", heard, {}));
  kernel.provide("agent", note("small", heard, { mailbox: { maxBytes: 100 } }));
  const input = { type: "object", required: ["n"], properties: { n: { type: "number" } } } as const;
  const run = ({ n }: { readonly n: number }) => n + 1;
  kernel.provide("tool", { kind: "tool", name: "sum", description: "", input, run } as Tool);
  await kernel.started();
  return {
    kernel,
    folder,
    heard,
    async [Symbol.asyncDispose]() {
      await kernel.end();
      await rm(folder, { recursive: true });
    },
  };
}

function note(name: string, heard: unknown[], more: Partial<Agent>): Agent {
  return { kind: "agent", name, run: (input) => void heard.push(input), ...more };
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** A plugin that is wrong stops no other: what is wrong with it is in the list. */
async function loadFolder(kernel: TestKernel, folder: string): Promise<unknown> {
  const [unit] = (await pluginFolder(kernel, { folder })).list();
  expect(kernel.find("tool", "weather")).toBe(undefined);
  return { status: "rejected", reason: { code: unit?.code, message: unit?.reason } };
}

/** What was thrown, or is said to be the reason in what was given back. */
async function refusalOf(make: () => unknown): Promise<Refusal> {
  try {
    const given = await make();
    return (given as { readonly reason?: Refusal } | undefined)?.reason ?? { code: "accepted", message: "" };
  } catch (error) {
    if (isMofaError(error)) return error;
    throw error;
  }
}
