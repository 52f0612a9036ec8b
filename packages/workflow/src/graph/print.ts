import { type Json, type JsonObject, toJson } from "@mofa/kernel";
import { CORE_SCHEMA, dump } from "js-yaml";
import type { WorkflowDefinition } from "./definition.ts";
import { checkWorkflow } from "./parse.ts";

const ORDER =
  "id name version description input timeout concurrency schedule use with body branches after join retry effect queue compensate nodes output";
const RANKS = new Map(ORDER.split(" ").map((name, rank) => [name, rank]));

/** Writes a workflow as YAML, fields in the order in which people read them; read again, it is the same. */
export function printWorkflow(definition: WorkflowDefinition): string {
  return dump(inOrder(toJson(checkWorkflow(definition))), { schema: CORE_SCHEMA, lineWidth: 120, noRefs: true });
}

/** Orders the fields that are the language's; what is in `with`, `input` and `output` stays as it is. */
function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map((each: Json) => inOrder(each));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value as JsonObject).map(
    ([name, item]) => [name, orderField(name, item ?? null)] as const,
  );
  return Object.fromEntries(fields.toSorted(([left], [right]) => rankOf(left) - rankOf(right)));
}

function orderField(name: string, value: Json): Json {
  if (name === "branches") {
    return Object.fromEntries(Object.entries(value as JsonObject).map(([key, graph]) => [key, inOrder(graph ?? null)]));
  }
  return name === "nodes" || name === "body" || name === "compensate" ? inOrder(value) : value;
}

function rankOf(name: string): number {
  return RANKS.get(name) ?? RANKS.size;
}
