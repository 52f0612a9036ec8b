import type { Json, JsonObject, JsonSchema } from "@mofa/kernel";
import { builtInNodes } from "./nodes.ts";
import { relaxed } from "./relax.ts";
import { shapeSchema } from "./shape.ts";

/** The JSON Schema of a workflow file: what a file may hold, and what the node kinds of this package take. */
export function workflowSchema(): JsonSchema {
  const { workflow, graph, node } = shapeSchema();
  const kinds = builtInNodes(() => []);
  const each = kinds.map(({ name, description = "", input, bodies }) => {
    const settings = input === undefined ? undefined : relaxed(input);
    const needs = (settings?.["required"] ?? []) as readonly string[];
    const wanted: JsonObject = {
      description,
      properties: { use: { const: name }, ...(settings !== undefined && { with: settings }), ...without(bodies) },
      required: [...(needs.length > 0 ? ["with"] : []), ...(bodies === undefined ? [] : [bodies])],
    };
    return wanted as Json;
  });
  const other = { properties: { use: { not: { enum: kinds.map(({ name }) => name) } } } };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "MoFA workflow",
    ...workflow,
    $defs: { graph, node: { ...node, anyOf: [...each, other] } },
  };
}

/** Nodes of a kind have the nodes inside that the kind runs, and no others. */
function without(bodies: "body" | "branches" | undefined): JsonObject {
  return { ...(bodies !== "body" && { body: false }), ...(bodies !== "branches" && { branches: false }) };
}
