import type { AnyAction, JournalRow } from "@mofa/kernel";
import { DEFINITION, toDefinition, workflowAction } from "./action.ts";

/** A workflow is run on by the definition that its run began with, not by the one that its file has now. */
export function reviveWorkflow(action: AnyAction, rows: readonly JournalRow[]): AnyAction {
  if (action.kind !== "workflow") return action;
  const kept = rows.find(({ type, parent, name }) => type === "value" && parent === "" && name === DEFINITION);
  return kept === undefined ? action : workflowAction(toDefinition(kept.body));
}
