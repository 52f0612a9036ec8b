// Workflows of small nodes, run to their end in one life.
import type { Call, Json, JsonObject, NodeKind, NodeResult, RunRecord } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { type GraphDefinition, type NodeDefinition, type WorkflowDefinition, workflowAction } from "../src/index.ts";
import { createWorld, turns } from "./world.ts";

/** A node kind that gives its `output`, fails when told to, and notes what it was given. */
export function workNode() {
  const did: Json[] = [];
  const waiting = new Map<string, () => void>();
  const cancelled: string[] = [];
  let working = 0;
  let most = 0;
  const kind: NodeKind = {
    kind: "node",
    name: "work",
    outcomes: ["yes", "no"],
    async run({ note, output = null, fails, as = "done", waits }: JsonObject, call: Call): Promise<NodeResult> {
      if (note !== undefined) did.push(note);
      most = Math.max(most, ++working);
      try {
        await turns(1);
        if (typeof waits === "string") await until(waits, call);
        if (fails === true || (Array.isArray(fails) && fails.includes(output)))
          throw new Error(`cannot do ${JSON.stringify(note ?? output)}`);
        return { outcome: String(as), output };
      } finally {
        working--;
      }
    },
  };
  const until = (name: string, call: Call) =>
    new Promise<void>((resolve, reject) => {
      waiting.set(name, resolve);
      call.signal.addEventListener("abort", () => {
        cancelled.push(name);
        reject(call.signal.reason as Error);
      });
    });
  return { kind, did, cancelled, letGo: (name: string) => waiting.get(name)?.(), most: () => most };
}

/** An expression of `input`, for conditions that are scripts; the real one needs a sandbox. */
const conditionNode: NodeKind = {
  kind: "node",
  name: "script.condition",
  outcomes: ["yes", "no"],
  input: {
    type: "object",
    properties: { source: { type: "string" }, input: {} },
    required: ["source"],
    additionalProperties: false,
  },
  run({ source, input }: { source: string; input: Json }) {
    const match = /^input(?:\.(\w+))? ([<>]) (\d+)$/.exec(source);
    const value = Number(match?.[1] === undefined ? input : (input as JsonObject)[match[1]]);
    const holds = match?.[2] === "<" ? value < Number(match[3]) : value > Number(match?.[3]);
    return { outcome: holds ? "yes" : "no", output: { value: holds } };
  },
};

/** A workflow of the given nodes. */
export function flowOf(
  nodes: readonly Omit<NodeDefinition, never>[],
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition {
  return { name: "flow", version: "1", nodes, ...more } as WorkflowDefinition;
}

/** A body of one node that works. */
export const body = (settings: JsonObject, output?: Json): GraphDefinition => ({
  nodes: [{ id: "w", use: "work", with: settings }],
  output: output ?? "${w}",
});

export interface Ran {
  readonly output?: Json;
  readonly error?: RunRecord["error"];
  readonly did: readonly Json[];
  readonly most: number;
}

/** Runs a workflow under a run to its end. */
export async function runFlow(
  definition: WorkflowDefinition,
  input: Json = {},
  bring: (kernel: Kernel) => void = () => {},
): Promise<Ran> {
  const { kind, did, most } = workNode();
  const flow = workflowAction(definition);
  await using life = await createWorld().live({
    bring(kernel) {
      kernel.provide("node", kind);
      kernel.provide("node", conditionNode);
      kernel.provide("workflow", flow);
      bring(kernel);
    },
  });
  const started = await life.engine.start(flow, input, { id: "r" });
  await started.result().catch(() => {});
  const { output, error } = await started.record();
  return { did, most: most(), ...(output !== undefined && { output }), ...(error !== undefined && { error }) };
}
