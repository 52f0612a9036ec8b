// What to undo when a workflow fails.
//
// 1. Only what has finished is undone; what was stopped in the middle is not.
// 2. What came later in the graph is undone first, one at a time: the same order on every replay.
// 3. One that cannot be undone does not keep the others from it.
import { type Call, type Json, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { GraphRun } from "./graph-run.ts";
import { perform } from "./perform.ts";
import type { PlanNode, PlanStep } from "./plan.ts";

interface Undo {
  readonly at: readonly number[];
  readonly step: PlanStep;
  readonly settings: Json;
}

export class Saga {
  readonly #undos: Undo[] = [];

  /** Notes that a node has finished, and with what it would be undone. */
  note(graph: GraphRun, node: PlanNode, output: Json): void {
    const { undo } = node;
    if (undo === undefined) return;
    const settings = undo.settings({
      look: (root, number) => (root === node.id ? output : graph.look(root, number)),
    });
    this.#undos.push({ at: [...placeOf(graph), node.rank], step: undo, settings });
  }

  /** Undoes all that has finished; gives what could not be. */
  async undo(call: Call): Promise<readonly string[]> {
    const left: string[] = [];
    for (const { at, step, settings } of this.#undos.toSorted((one, two) => compare(two.at, one.at))) {
      try {
        const options = { ...step.options, key: `${step.options.key}.${at.join(".")}` };
        await perform({ step, settings, call, options, slots: undefined });
      } catch (error) {
        if (call.signal.aborted) throw error;
        left.push(`${step.label}: ${toErrorJson(error).message}`);
      }
    }
    return left;
  }
}

/** Says that a workflow failed and could not be undone altogether. */
export function notUndone(workflow: string, left: readonly string[], cause: unknown): unknown {
  const reason = toErrorJson(cause).message;
  return fail("workflow.not_undone", { workflow, reason, left: left.join("; ") }, { cause });
}

function placeOf({ place: { outer } }: GraphRun): readonly number[] {
  return outer === undefined ? [] : [...placeOf(outer.graph), ...outer.at];
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, number] of left.entries()) {
    const difference = number - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
