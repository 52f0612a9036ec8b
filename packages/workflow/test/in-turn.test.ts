import { type Json, toErrorJson } from "@mofa/kernel";
import { createKernel, inMemory } from "@mofa/kernel/host";
import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { type NodeDefinition, type WorkflowDefinition, workflow, workflowAction } from "../src/index.ts";
import { flowOf, workNode } from "./flows.ts";

/** Up to five nodes, each after the one before: by any edge, by a failure, by an outcome; and after earlier ones too. */
function randomRow(random: () => number): readonly NodeDefinition[] {
  const pick = <T>(...values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  return Array.from({ length: 1 + Math.floor(random() * 5) }, (_, index): NodeDefinition => {
    const before = Array.from({ length: index }, (__, from) => `n${from}`).filter(
      (from) => from === `n${index - 1}` || random() < 0.3,
    );
    const after = before.flatMap((from) => pick([from], [from], [`${from}:failed`], [`${from}:yes`, `${from}:failed`]));
    return {
      id: `n${index}`,
      use: "work",
      with: {
        note: `n${index}`,
        output: index === 0 ? "${input}" : { before: `\${n${index - 1}}` },
        as: pick("done", "yes"),
        fails: random() < 0.25,
      },
      ...(after.length > 0 && { after, join: pick("any", "all") }),
      ...(random() < 0.2 && { retry: { times: 1, backoff: 0 } }),
    };
  });
}

/** What becomes of a workflow, and what was done for it. */
async function outcomeOf(definition: WorkflowDefinition): Promise<Json> {
  const { kind, did } = workNode();
  await using kernel = await createKernel({ plugins: [inMemory(), workflow()] });
  kernel.provide("node", kind);
  const end = await kernel.invoke(workflowAction(definition), 7).then(
    (output) => ({ output: output as Json }),
    (error: unknown) => ({ code: toErrorJson(error).code, message: toErrorJson(error).message }),
  );
  return { ...end, did };
}

test("a row of nodes ends the same, whether it is run in turn or as a graph whose nodes may work at once", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const row = randomRow(seededRandom(seed));
    const output = Object.fromEntries(row.map(({ id }) => [id, `\${${id}}`]));
    // With a node beside it that comes after nothing, it is no row any more.
    const beside = { id: "beside", use: "work" };
    const inTurn = await outcomeOf(flowOf(row, { output }));
    expect(await outcomeOf(flowOf([...row, beside], { output })), `seed ${seed}`).toEqual(inTurn);
  }
});

test.each<[string, NodeDefinition, string]>([
  ["in a row", { id: "then", use: "work", after: ["leave"] }, "then"],
  [
    "alone in a body",
    { id: "turns", use: "loop", with: { times: 1 }, body: { nodes: [{ id: "one", use: "work" }] }, after: ["leave"] },
    "turns.one",
  ],
])("a node kind that is gone fails its node, %s", async (_, node, label) => {
  await using kernel = await createKernel({ plugins: [inMemory(), workflow()] });
  const takeBack = kernel.provide("node", workNode().kind);
  kernel.provide("node", {
    kind: "node",
    name: "leave",
    run() {
      takeBack();
      return { outcome: "done", output: null };
    },
  });
  const flow = workflowAction(flowOf([{ id: "leave", use: "leave" }, node]));
  await expect(kernel.invoke(flow, null)).rejects.toMatchObject({
    code: "workflow.node_failed",
    data: { node: label },
    cause: { code: "registry.not_found" },
  });
});
