import { parseWorkflow, printWorkflow } from "@mofa/sdk/workflow";
import type { Subject } from "../../measure.ts";

const NODES = 200;

/** Two hundred nodes as people write them: each after the one before, and nearly all with a reference in a text. */
const definition = {
  name: "large",
  version: "1.0.0",
  nodes: Array.from({ length: NODES }, (_, index) => ({
    id: `node_${index}`,
    description: `Step number ${index} of the flow`,
    ...settingsOf(index),
    ...(index > 0 && { after: [`node_${index - 1}`] }),
    ...(index % 5 === 0 && { retry: { times: 2, backoff: "1s" } }),
  })),
  output: { text: `\${node_${NODES - 1}}` },
};

function settingsOf(index: number) {
  const before = index === 0 ? "input.text" : `node_${index - 1}`;
  if (index % 3 === 0)
    return { use: "tool", with: { tool: "search", input: { query: `\${${before}}`, limit: index } } };
  if (index % 3 === 1) return { use: "agent", with: { agent: "support", text: `Please look at \${${before}} again` } };
  return { use: "model", with: { model: "small", text: `Say \${${before}.text} in one line`, temperature: 0.5 } };
}

export const JSON_TEXT = JSON.stringify(definition, null, 1);
export const YAML_TEXT = printWorkflow(parseWorkflow(JSON_TEXT, { format: "json" }));

/** Reads so many times; what is read must have all the nodes. */
export function reads(name: string, read: () => unknown): Subject {
  const { nodes } = read() as { readonly nodes: readonly unknown[] };
  if (nodes.length !== NODES) throw new Error(`${name} read ${nodes.length} nodes.`);
  let kept: unknown;
  return {
    name,
    turn(times) {
      for (let index = 0; index < times; index++) kept = read();
      if (kept === undefined) throw new Error(`${name} read nothing.`);
    },
  };
}
