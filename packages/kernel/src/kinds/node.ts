import type { Action } from "../action.ts";
import type { Call } from "../call.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Issue } from "../schema.ts";

/** A kind of workflow node: `with` in (validated by `input`), an outcome and an output out. */
// biome-ignore lint/suspicious/noExplicitAny: each node kind's schema checks its own input.
export interface NodeKind extends Action<any, NodeResult> {
  readonly kind: "node";
  /** The outcomes that `after` may name beside `done`; checked when a workflow is loaded. */
  readonly outcomes?: readonly string[];
  /** The same where they depend on what is in `with`; undefined when they cannot be known before it runs. */
  outcomesOf?(settings: JsonObject): readonly string[] | undefined;
  /** What is wrong with what is in `with`, beyond what `input` says; asked when a workflow is loaded, references unresolved. */
  check?(settings: JsonObject): readonly Issue[];
  /** Set where its nodes have nodes inside: one `body`, or `branches` by name. They are run by `runBodies`. */
  readonly bodies?: "body" | "branches";
  /** The names that its bodies may refer to, beside `input` and the nodes around: a map gives `item` and `index`. */
  readonly gives?: readonly string[];
  /** Takes the place of `run` in a workflow, for kinds with bodies. */
  // biome-ignore lint/suspicious/noExplicitAny: each node kind's schema checks its own input.
  runBodies?(input: any, call: Call, bodies: NodeBodies): NodeResult | Promise<NodeResult>;
  /** Its nodes wait for somebody or some time: they take no place among the nodes that work at a time. */
  readonly waits?: boolean;
}

/** The nodes inside of a node, for the kind that runs them. */
export interface NodeBodies {
  /** `body`, or the names of the branches in the order of the file. */
  readonly names: readonly string[];
  /** Runs a body to its end as a part of the node's call, and gives its output. */
  run(name: string, turn: BodyTurn): Promise<Json>;
}

/** One turn of a body. */
export interface BodyTurn {
  /** Tells turns of one body apart: the same on every replay. */
  readonly number: number;
  /** What the body sees under the names that the kind gives. */
  readonly values: Readonly<Record<string, Json>>;
}

/** What a node ends with: `after: [check:no]` waits for the outcome `no` of `check`. */
export interface NodeResult {
  readonly outcome: string;
  readonly output: unknown;
}
