import type { Plugin } from "@mofa/kernel";
import { createMofa, defineTool, type Mofa } from "@mofa/sdk";
import { parseWorkflow, type WorkflowDefinition, workflow, workflowAction } from "@mofa/sdk/workflow";
import type { Subject } from "../../measure.ts";

/** A kernel that keeps runs with a plugin, and a way to run a flow of it to its end. */
export interface Keeping {
  readonly mofa: Mofa;
  run(): Promise<unknown>;
}

/** Ours: every node calls a tool that gives a text of so many bytes, and every such result is kept. */
export async function keeping(
  plugin: Plugin,
  { definition, bytes, atOnce }: { definition: WorkflowDefinition; bytes: number; atOnce: number },
): Promise<Keeping> {
  const mofa = await createMofa({ plugins: [plugin, workflow({ maxConcurrent: atOnce })] });
  const text = "x".repeat(bytes);
  mofa.provide("tool", defineTool({ name: "say", input: { type: "object" }, run: async () => text }));
  const flow = workflowAction(parseWorkflow(JSON.stringify(definition), { format: "json" }));
  mofa.provide("workflow", flow);
  await mofa.started();
  return { mofa, run: async () => (await mofa.start(flow, {})).result() };
}

/** So many tools, one after the other. */
export function rowOf(steps: number): WorkflowDefinition {
  const nodes = Array.from({ length: steps }, (_, index) => ({
    id: `n${index}`,
    use: "tool",
    with: { tool: "say", input: { index } },
    ...(index > 0 && { after: [`n${index - 1}`] }),
  }));
  return { name: `row-${steps}`, version: "1.0.0", nodes, output: { steps } };
}

/** So many runs at once, each turn. */
export function atOnce(
  name: string,
  { runs, run, end }: { runs: number; run: () => Promise<unknown>; end: () => Promise<void> },
): Subject {
  return {
    name,
    async turn(times) {
      for (let index = 0; index < times; index++) await Promise.all(Array.from({ length: runs }, run));
    },
    end,
  };
}
