import type { NodeKind } from "@mofa/kernel";
import { createMofa } from "@mofa/sdk";
import { parseWorkflow, type WorkflowDefinition, workflow, workflowAction } from "@mofa/sdk/workflow";
import type { Subject } from "../../measure.ts";

/** Adds one: the work of a node, checked before as any node's settings are. */
const addNode: NodeKind = {
  kind: "node",
  name: "add",
  effect: "none",
  input: { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false },
  run: async ({ n }: { readonly n: number }) => ({ outcome: "done", output: n + 1 }),
};

/** A subject that runs a flow so many times, having checked what it gives. */
export async function runs(
  name: string,
  { run, gives, end }: { run(): Promise<unknown>; readonly gives: unknown; end?(): Promise<void> },
): Promise<Subject> {
  const got = JSON.stringify(await run());
  if (got !== JSON.stringify(gives))
    throw new Error(`${name} gave ${got} instead of ${JSON.stringify(gives)}: not the same work.`);
  return {
    name,
    async turn(times) {
      for (let index = 0; index < times; index++) await run();
    },
    ...(end === undefined ? {} : { end }),
  };
}

/** A workflow as data, read from its text, run by a kernel with the plugin, not kept. */
export async function ours(definition: WorkflowDefinition, input: unknown, gives: unknown): Promise<Subject> {
  const mofa = await createMofa({ plugins: [workflow()] });
  mofa.provide("node", addNode);
  const flow = workflowAction(parseWorkflow(JSON.stringify(definition), { format: "json" }));
  return runs("mofa", { run: () => mofa.invoke(flow, input), gives, end: () => mofa.end() });
}
