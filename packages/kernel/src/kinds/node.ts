import type { Action } from "../action.ts";
import type { JsonObject } from "../json.ts";

/** A kind of workflow node: `with` in (validated by `input`), an outcome and an output out. */
// biome-ignore lint/suspicious/noExplicitAny: each node kind's schema checks its own input.
export interface NodeKind extends Action<any, NodeResult> {
  readonly kind: "node";
  /** The outcomes that `after` may name beside `done`; checked when a workflow is loaded. */
  readonly outcomes?: readonly string[];
  /** The same where they depend on what is in `with`; undefined when they cannot be known before it runs. */
  outcomesOf?(settings: JsonObject): readonly string[] | undefined;
}

/** What a node ends with: `after: [check:no]` waits for the outcome `no` of `check`. */
export interface NodeResult {
  readonly outcome: string;
  readonly output: unknown;
}
