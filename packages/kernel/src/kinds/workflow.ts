import type { Action } from "../action.ts";
import type { JsonObject } from "../json.ts";

/** A workflow that can be called like any action; `definition` is the graph as data. */
// biome-ignore lint/suspicious/noExplicitAny: each workflow's schema checks its own input.
export interface Workflow extends Action<any, unknown> {
  readonly kind: "workflow";
  readonly version: string;
  readonly definition: JsonObject;
}
