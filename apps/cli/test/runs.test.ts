import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecrets } from "@mofa/sdk";
import { expect, test } from "vitest";
import { checkReplay, createRunsCommand } from "../src/commands/runs.ts";
import { mofa } from "./support-desk.ts";

const LIMIT = { timeout: 60_000 };

const FLOW = `
name: order
version: "1"
nodes:
  - { id: begin, use: tool, with: { tool: stamp, input: { ticket: "\${input.ticket}" } } }
  - { id: paid, use: hear, with: { signal: paid }, after: [begin] }
  - { id: end, use: tool, with: { tool: stamp, input: { paid: "\${paid.body}" } }, after: [paid] }
output: "\${end}"
`;
const TOOL = `
export const description = "Stamps.";
export const input = { type: "object" };
export const run = (input) => ({ stamped: input });`;

/** A project whose tickets wait for a signal. */
async function project(...tickets: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "mofa-runs-"));
  for (const each of ["workflows", "tools", "inbox"]) await mkdir(join(folder, each));
  await writeFile(join(folder, "mofa.config.yaml"), "name: shop\ninbox: { workflow: order }\n");
  await writeFile(join(folder, "workflows", "order.yaml"), FLOW);
  await writeFile(join(folder, "tools", "stamp.js"), TOOL);
  for (const ticket of tickets) await writeFile(join(folder, "inbox", `${ticket}.txt`), ticket);
  const said: string[] = [];
  const terminal = { secrets: createSecrets(), say() {}, print: (text: string) => void said.push(text) };
  // Each opens the project anew; only what is printed comes out.
  const printed = async (work: Promise<number>) => ({ code: await work, text: said.splice(0).join("\n") });
  return {
    folder,
    runs: createRunsCommand(folder, terminal),
    text: async (work: Promise<number>) => (await printed(work)).text,
    check: (options = {}) => printed(checkReplay(folder, options, terminal)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

type Shop = Awaited<ReturnType<typeof project>>;

/** Lets the project work until something is so. */
async function until(shop: Shop, is: () => Promise<boolean>): Promise<void> {
  await using _ = mofa(["start", "--port", "0"], shop.folder);
  await _.said("tickets taken");
  for (let attempt = 0; attempt < 50; attempt++) {
    if (await is()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("It never happened.");
}

/** Lets it work until the tickets wait for their signals. */
const untilStamped = (shop: Shop, ...ids: readonly string[]) =>
  until(shop, async () => {
    const steps = await Promise.all(ids.map((id) => shop.text(shop.runs.steps(id))));
    return steps.every((each) => each.includes("stamped"));
  });

test("runs are listed, shown, forked, cancelled and compared, and go on when they are told to", LIMIT, async () => {
  await using shop = await project("one", "two");
  const { runs, text } = shop;
  const [one, two] = ["order:one", "order:two"];
  await untilStamped(shop, one, two);
  expect(await text(runs.show(one))).toMatch(/^run +order:one\n(?:.|\n)*action +workflow order/u);
  const steps = await text(runs.steps(one));
  expect(steps).toContain('{"stamped":{"ticket":"one"}}');
  const [step = ""] = /\S+stamp:\S+$/mu.exec(steps) ?? [];
  const forked = (await text(runs.fork(one, { from: step }))).split(" ")[0] ?? "";
  await runs.cancel(two, "sold out");
  await runs.signal(one, "paid", '{"euros":5}');
  await runs.signal(forked, "paid", '{"euros":7}');
  await expect(runs.signal(one, "paid", "no json")).rejects.toMatchObject({ code: "usage.bad_json" });
  await expect(runs.show("nobody")).rejects.toMatchObject({ code: "run.not_found" });
  await until(shop, async () => /(?:.* (?:done|cancelled) .*\n?){3}/u.test(await text(runs.list({}))));
  const ids = (listed: string) => listed.split("\n").map((line) => line.split(" ")[0]);
  expect(ids(await text(runs.list({ status: ["done"] })))).toEqual(expect.arrayContaining([one, forked]));
  expect(await text(runs.list({ status: ["cancelled"] }))).toMatch(/^order:two .*sold out/u);
  await expect(runs.cancel(one, "too late")).rejects.toMatchObject({
    code: "usage.ended",
    message: expect.stringContaining('The run "order:one" has already ended: it is done. There is nothing to stop'),
  });
  const again = await mofa(["runs", "cancel", two], shop.folder).finished;
  expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/cancelled \(.*sold out\)/u) });
  await expect(runs.requeue(one)).rejects.toMatchObject({
    code: "usage.not_dead",
    message: expect.stringContaining("mofa runs fork order:one"),
    data: { run: one, status: "done" },
  });
  // The first step was done anew and gave the same; the second was told another sum.
  expect(await text(runs.diff(one, forked))).toMatch(/^\? +tool +stamp +was asked otherwise(?:.|\n)*1 is not\.$/u);
});

test("replay-check takes up no run, and says which ones a change would break", LIMIT, async () => {
  await using shop = await project("one");
  await untilStamped(shop, "order:one");
  const before = await shop.text(shop.runs.list({}));
  expect(await shop.check()).toEqual({
    code: 0,
    text: "same    order:one  workflow order  stays where it is\n1 open run(s), 0 would break.",
  });
  await rm(join(shop.folder, "workflows", "order.yaml"));
  expect(await shop.check({ run: "order:one" })).toMatchObject({
    code: 1,
    text: expect.stringContaining('no workflow "order" is there'),
  });
  expect((await mofa(["replay-check", "--run", "order:one"], shop.folder).finished).code).toBe(1);
  expect((await shop.text(shop.runs.list({}))).split("  ")[0]).toBe(before.split("  ")[0]);
});
