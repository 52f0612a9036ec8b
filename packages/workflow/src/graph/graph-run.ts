// One graph at work: how its nodes ended, what they gave, and the rules by which they follow each other.
//
// 1. A node is due when all it comes after have ended and enough of its edges fired (with `first`: as soon as they have);
//    a node whose edges did not fire is skipped, and counts as ended.
// 2. A failure that no `node:failed` waits for fails the graph, which starts nothing more.
// 3. A node's identity under a run is its id within its graph's, so journals of one definition fit whatever the order.
import { type Call, type InvokeOptions, isMofaError, type Json, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { failureOutput } from "./failure.ts";
import { runAlone, runInTurn } from "./in-turn.ts";
import type { Finished } from "./perform.ts";
import type { Plan, PlanEdge, PlanNode } from "./plan.ts";
import type { Saga } from "./saga.ts";
import { SideBySide } from "./side-by-side.ts";
import type { Slots } from "./slots.ts";
import type { Scope } from "./template.ts";

/** What all graphs of one workflow share. */
export interface Shared {
  readonly workflow: string;
  readonly saga: Saga | undefined;
  readonly slots: Slots | undefined;
}

/** Where a graph runs. */
export interface GraphPlace {
  readonly call: Call;
  readonly shared: Shared;
  /** What it may refer to beside its nodes and what is around it. */
  readonly values: Readonly<Record<string, Json>>;
  /** What comes before the ids of its nodes in their keys, where its call is not its own. */
  readonly prefix: string;
  /** The graph around, and this one's place in it. */
  readonly outer: { readonly graph: GraphRun; readonly at: readonly number[] } | undefined;
}

/** The outcome of a failure; no node kind may end with it. */
const FAILED = "failed";

export class GraphRun implements Scope {
  readonly plan: Plan;
  readonly place: GraphPlace;
  /** How often the nodes that hold others were begun. */
  begun: Map<number, number> | undefined = undefined;
  /** By number: how each node ended. Null: it was skipped; undefined: it has not ended. */
  readonly #ends: (Finished | null | undefined)[];

  constructor(plan: Plan, place: GraphPlace) {
    this.plan = plan;
    this.place = place;
    this.#ends = new Array(plan.nodes.length);
  }

  /** Runs it to its end and gives its output. */
  run(): Promise<Json> {
    const { single, nested, running, inOrder } = this.plan;
    const [first, second] = inOrder;
    if (single && first !== undefined) return second === undefined ? runAlone(this, first) : runInTurn(this);
    if (nested) running.set(this.place.call, this);
    return new SideBySide(this).run();
  }

  /** Whether enough of a node's edges have fired. */
  isDue({ edges, least }: PlanNode): boolean {
    let missing = least;
    for (const edge of edges) {
      if (missing === 0) break;
      if (this.fires(edge)) missing--;
    }
    return missing === 0;
  }

  fires({ from, outcome }: PlanEdge): boolean {
    const end = this.#ends[from] ?? null;
    if (end === null) return false;
    return outcome === undefined ? end.outcome !== FAILED : end.outcome === outcome;
  }

  /** The options that a node is called with. */
  optionsOf(node: PlanNode): InvokeOptions {
    const { prefix } = this.place;
    return prefix === "" ? node.options : { ...node.options, key: prefix + node.id };
  }

  finish(node: PlanNode, end: Finished): void {
    this.#ends[node.number] = end;
    this.noteUndo(node, end.output);
  }

  /** Notes what would undo a node that has finished, even if it is too late for anything else. */
  noteUndo(node: PlanNode, output: Json): void {
    if (node.undo !== undefined) this.place.shared.saga?.note(this, node, output);
  }

  skip(node: PlanNode): void {
    this.#ends[node.number] = null;
  }

  /** Takes a failure that some node waits for; throws what fails the graph. */
  catch(node: PlanNode, error: unknown): void {
    // The whole workflow is being stopped: that is nothing to catch.
    if (this.place.call.signal.aborted) throw error;
    if (!node.caught) throw this.#failure(node, error);
    this.#ends[node.number] = { outcome: FAILED, output: failureOutput(error) };
  }

  /** Of nodes inside of each other, the innermost one is named. */
  #failure(node: PlanNode, error: unknown): unknown {
    const { workflow } = this.place.shared;
    const inside =
      isMofaError(error, "workflow.node_failed") && String(error.data["node"]).startsWith(`${node.label}.`);
    if (inside && error.data["workflow"] === workflow) return error;
    const reason = toErrorJson(error).message;
    return fail("workflow.node_failed", { workflow, node: node.label, reason }, { cause: error });
  }

  /** What a reference stands for: an own node by its number, else whatever has that name around. */
  look(root: string, number: number): Json {
    if (number >= 0) return this.#ends[number]?.output ?? null;
    const { values, outer } = this.place;
    if (Object.hasOwn(values, root)) return values[root] ?? null;
    return outer === undefined ? null : outer.graph.look(root, outer.graph.plan.numbers.get(root) ?? -1);
  }

  /** What the graph gives once all its nodes have ended. */
  output(): Json {
    const { output, last } = this.plan;
    if (output !== undefined) return output(this);
    const finished = last.filter(({ number }) => this.#ends[number] !== null);
    return Object.fromEntries(finished.map(({ id, number }) => [id, this.#ends[number]?.output ?? null]));
  }
}
