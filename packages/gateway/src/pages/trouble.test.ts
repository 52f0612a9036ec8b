import { type Agent, createSecrets } from "@mofa/kernel";
import { createKernel, inMemory } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { openGateway } from "../../test/fakes.ts";
import { ask, get } from "../../test/http.ts";
import { gateway } from "../index.ts";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;

const agent = (name: string, more: Partial<Agent> = {}): Agent => ({
  kind: "agent",
  name,
  run: (input) => input,
  ...more,
});
const page = async (url: string) => (await ask(`${url}/`, { headers: { accept: "text/html" } })).text;
/** The sentences of what is wrong, in the order in which the page says them. */
const troubles = (text: string) =>
  [...text.matchAll(/<li data-level="(\w+)"><a href="#(\w+)">([^<]*)<\/a>/g)].map(([, level, part, what]) => [
    level,
    part,
    what,
  ]);

test("where nothing is wrong, the page says so at the top", async () => {
  await using opened = await openGateway();
  const text = await page(opened.url);
  expect(text).toContain("All is well.");
  expect(text).toContain("<title>MoFA status</title>");
  expect(troubles(text)).toEqual([]);
});

test("all that is wrong is said at the top, the worst first, with the part that shows more", async () => {
  await using opened = await openGateway();
  const { kernel } = opened;
  kernel.provide("agent", agent("held"));
  const run = () => {
    throw new Error("no line");
  };
  kernel.provide("agent", agent("crashy", { run, supervision: { failsOn: "error", restart: "temporary" } }));
  kernel.pauseAgent("held");
  await kernel.send({ to: "agent:held", type: "job" });
  await kernel.send({ to: "agent:crashy", type: "job", body: "lost" });
  await expect.poll(() => kernel.deadLetters.count).toBe(1);
  await kernel.plug({ name: "maps", version: "1.0.0", needs: ["sandbox"], setup: () => {} });
  kernel.budgets.add({ name: "day", scope: "kernel", limits: { calls: 10 } });
  for (let calls = 0; calls < 9; calls++) await kernel.invoke({ kind: "tool", name: "t", run: () => 1 } as const, {});
  kernel.scheduler.submit({ role: "translator", unmatched: "park", input: {} });
  const text = await page(opened.url);
  expect(troubles(text)).toEqual([
    ["bad", "agents", "The agent crashy has failed"],
    ["warn", "plugins", "The plugin maps waits"],
    ["warn", "agents", "The agent held is paused"],
    ["warn", "letters", "1 message came to nothing"],
    ["warn", "tasks", "1 task is parked: nobody takes such work"],
    ["warn", "budgets", "The budget day is 90 % spent"],
  ]);
  for (const [, part] of troubles(text)) expect(text).toContain(`id="${part}"`);
  expect(text).toContain("<title>6 wrong - MoFA status</title>");
  const { json } = await get(`${opened.url}/api/status`);
  expect((json as { troubles?: unknown[] }).troubles?.[0]).toMatchObject({
    level: "bad",
    what: "The agent crashy has failed",
  });
});

test("each thing has the buttons that make sense for how it is", async () => {
  await using opened = await openGateway({}, { name: "weather", version: "1.0.0", setup: () => {} });
  const { kernel } = opened;
  for (const name of ["ann", "held", "gone"]) kernel.provide("agent", agent(name));
  kernel.pauseAgent("held");
  await kernel.stopAgent("gone");
  await kernel.replace({ name: "weather", version: "2.0.0", setup: () => {} });
  const acts = [...(await page(opened.url)).matchAll(/data-act="\/api\/([^"]+)"/g)].map(([, to]) => to);
  expect(acts).toEqual([
    "agents/ann/pause",
    "agents/ann/restart",
    "agents/ann/stop",
    "agents/held/resume",
    "agents/held/restart",
    "agents/held/stop",
    "agents/gone/restart",
    "plugins/weather/rollback",
  ]);
});

test("of very many agents those in trouble are shown, under their supervisors, and the page says how many more there are", async () => {
  await using opened = await openGateway();
  const { kernel } = opened;
  kernel.provide("supervisor", { name: "shop" });
  for (let index = 0; index < 300; index++) kernel.provide("agent", agent(`calm-${index}`));
  kernel.provide("agent", agent("last", { supervision: { supervisor: "shop" } }));
  kernel.pauseAgent("last");
  const text = await page(opened.url);
  expect(text.match(/<th scope="row"><span class="step"/g)).toHaveLength(50);
  expect(text).toMatch(/supervisor<\/span> shop[\s\S]*data-depth="2">last</);
  expect(text).toContain("251 more:");
});

test("what strangers said in messages, tasks and reasons stays text, and long bodies are cut", async () => {
  await using opened = await openGateway();
  const { kernel } = opened;
  const run = () => {
    throw new Error(HOSTILE);
  };
  kernel.provide("agent", agent("loud", { run }));
  await kernel.send({ to: "agent:loud", type: HOSTILE, from: HOSTILE, body: { text: HOSTILE.repeat(1000) } });
  kernel.scheduler.submit({ name: HOSTILE, role: "r", tenant: HOSTILE, unmatched: "park", input: {} });
  await expect.poll(() => kernel.deadLetters.count).toBe(1);
  const text = await page(opened.url);
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(text).not.toMatch(/<script>|<img src=x|onerror='/);
  expect(text).toMatch(/… \(\d+ characters\)/);
  expect(text.length).toBeLessThan(60_000);
});

test("no secret leaves by a letter: neither on the page nor as JSON", async () => {
  const secrets = createSecrets();
  secrets.add("key", "sk-very-secret-key");
  let url = "";
  const listening = (at: string) => {
    url = at;
  };
  await using kernel = await createKernel({
    plugins: [inMemory(), gateway({ port: 0, listening })],
    control: ["gateway"],
    secrets,
  });
  const run = () => {
    throw new Error("refused: sk-very-secret-key");
  };
  kernel.provide("agent", agent("loud", { run }));
  await kernel.send({ to: "agent:loud", type: "t", body: { key: "sk-very-secret-key" } });
  await expect.poll(() => kernel.deadLetters.count).toBe(1);
  const { json } = await get(`${url}/api/letters`);
  expect(json).toMatchObject({ matching: 1, letters: [{ message: { type: "t" } }] });
  expect(JSON.stringify(json) + (await page(url))).not.toContain("very-secret");
});

test("a store that fails takes only its own part off the page", async () => {
  await using opened = await openGateway();
  opened.kernel.provide("journal", {
    name: "disk",
    list: () => Promise.reject(new Error("disk full")),
  } as never);
  const text = await page(opened.url);
  expect(text).toContain("This could not be read: disk full");
  expect(troubles(text)).toEqual([["bad", "health", "Not ready: journal"]]);
  expect((await get(`${opened.url}/api/status`)).json).toMatchObject({
    runs: null,
    plugins: [{}, {}],
    missing: { runs: "This could not be read: disk full" },
  });
});
