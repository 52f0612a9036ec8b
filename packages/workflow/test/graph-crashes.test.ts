import { defineTool, type Json, type JsonObject, type RunRecord } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { type WorkflowDefinition, workflowAction } from "../src/index.ts";
import { randomFlow } from "./random-flow.ts";
import { createWorld, type World } from "./world.ts";

const FLOWS = 120;
const FIRST_SEED = Number(process.env["MOFA_SEED"] ?? 200);

/** The tools of random workflows, which end after a while that differs each time, and note what must not happen. */
function tools(random: () => number, kept: ReadonlySet<string>) {
  const repeated: string[] = [];
  const undone: Json[] = [];
  const make = (name: string, work: (input: JsonObject) => Json) =>
    defineTool({
      name,
      input: { type: "object" },
      async run(input, call) {
        if (kept.has(call.run?.key ?? "")) repeated.push(call.run?.key ?? "");
        for (let turns = Math.floor(random() * 5); turns > 0; turns--)
          await new Promise<void>((resolve) => setImmediate(resolve));
        return work(input);
      },
    });
  const act = make("act", (input) => {
    if (input["fails"] === true) throw new Error(`${String(input["id"])} fails`);
    return { id: input["id"] ?? null, size: JSON.stringify(input).length % 97 };
  });
  const undo = make("undo", (input) => {
    undone.push(input["of"] ?? null);
    return null;
  });
  return { act, undo, repeated, undone };
}

const inner = workflowAction({
  name: "inner",
  version: "1",
  nodes: [
    { id: "a", use: "tool", with: { tool: "act", input: { id: "inner", seen: "${input}" } } },
    { id: "b", use: "tool", with: { tool: "act", input: { id: "inner2", seen: "${a}" } }, after: ["a"] },
  ],
  output: "${b.size}",
});

interface Ended {
  readonly record: RunRecord | undefined;
  readonly repeated: readonly string[];
  readonly undone: readonly Json[];
  readonly lives: number;
}

/** Runs a workflow to its end, through as many lives as that takes. */
async function runThrough(
  definition: WorkflowDefinition,
  random: () => number,
  { dying, world = createWorld() }: { readonly dying: number; readonly world?: World },
): Promise<Ended> {
  const { act, undo, repeated, undone } = tools(random, world.kept);
  const flow = workflowAction(definition);
  const bring = (kernel: Kernel) => {
    for (const tool of [act, undo]) kernel.provide("tool", tool);
    kernel.provide("workflow", inner);
    kernel.provide("workflow", flow);
  };
  for (let lives = 1; lives <= 200; lives++) {
    const dies = (_: string, method: string) => method === "append" && random() < dying;
    const life = await world.live({ dies, bring, decisions: "fallback" });
    if (lives === 1) await life.engine.start(flow, { n: 3 }, { id: "r" });
    else world.clock.jump(60);
    await Promise.race([life.died, life.ended("r")]);
    await life.kernel.end();
    world.clock.jump(5000);
    const record = await world.journal.get("r");
    if (record?.status === "done" || record?.status === "failed") return { record, repeated, undone, lives };
  }
  throw new Error("the run does not end");
}

test(`${FLOWS} random workflows end the same with and without crashes, and repeat nothing that was kept`, async () => {
  const seen = { crashed: 0, failed: 0, undone: 0, uses: new Set<string>() };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + FLOWS; seed++) {
    const random = seededRandom(seed);
    const sequential = random() < 0.4;
    const definition = randomFlow(random, sequential);
    const calm = await runThrough(definition, random, { dying: 0 });
    const rough = await runThrough(definition, random, { dying: 0.15 });
    for (const use of JSON.stringify(definition).matchAll(/"use":"([\w.]+)"/g)) seen.uses.add(use[1] ?? "");
    if (rough.lives > 1) seen.crashed++;
    if (calm.record?.status === "failed") seen.failed++;
    const state = ({ record, repeated, undone }: Ended) => ({
      seed,
      status: record?.status,
      output: record?.output,
      repeated,
      // Which nodes had finished when one failed is only sure where never two are at work.
      ...(sequential && { undone: [...new Set(undone)], node: record?.error?.data?.["node"] }),
    });
    expect(state(rough), `seed ${seed}: ${JSON.stringify(definition)}`).toEqual(state(calm));
    if (rough.undone.length > 0) seen.undone++;
    if (rough.record?.status === "done") expect(rough.undone, `seed ${seed}`).toEqual([]);
  }
  // Otherwise the test proves nothing.
  expect(seen.crashed).toBeGreaterThan(FLOWS / 4);
  expect(seen.failed).toBeGreaterThan(FLOWS / 20);
  expect(seen.undone).toBeGreaterThan(3);
  const uses = ["ask", "join", "loop", "map", "parallel", "sub", "switch", "tool", "workflow"];
  expect([...seen.uses].toSorted()).toEqual(uses);
}, 60_000);

test("a join that began with the first to arrive begins with the same ones in every life", async () => {
  const racer = (id: string) => ({ id, use: "tool", with: { tool: "act", input: { id } } });
  const definition: WorkflowDefinition = {
    name: "flow",
    version: "1",
    nodes: [
      ...["a", "b", "c"].map(racer),
      { id: "j", use: "join", after: ["a", "b", "c"], join: { first: 1 } },
      { id: "k", use: "tool", with: { tool: "act", input: { id: "k", seen: "${j}" } }, after: ["j"] },
    ],
    output: "${j}",
  };
  const winners = new Set<string>();
  let crashes = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 100; seed++) {
    const random = seededRandom(seed);
    const world = createWorld();
    const { record, repeated, lives } = await runThrough(definition, random, { dying: 0.25, world });
    crashes += lives - 1;
    const arrived = Object.entries(record?.output as JsonObject).flatMap(([id, output]) =>
      output === null ? [] : [id],
    );
    winners.add(arrived.join());
    expect({ seed, arrived: arrived.length, repeated }).toEqual({ seed, arrived: 1, repeated: [] });
    // Had a later life begun with another one, there would be a second step after it.
    expect((await world.journal.rows("r")).filter(({ type }) => type === "step")).toHaveLength(4);
  }
  expect({ winners: winners.size, crashed: crashes > 50 }).toEqual({ winners: 3, crashed: true });
}, 30_000);
