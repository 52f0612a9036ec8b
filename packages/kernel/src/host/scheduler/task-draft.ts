import type { TaskDraft } from "../../kinds/scheduler.ts";
import { RANKS } from "../../task-queue.ts";

/** What is wrong with a draft, for whoever wrote it; undefined when nothing is. */
export function problemOf(draft: TaskDraft): string | undefined {
  const { agent, role, capabilities = [], priority, deadline, tenant } = draft;
  // What comes from a file knows no types; one that got in would be in the list for good and could not be told of.
  if (!isText(agent) || !isText(role) || !isText(tenant)) return "its agent, role and tenant must be texts";
  if (!Array.isArray(capabilities) || !capabilities.every(isText)) return "its capabilities must be a list of texts";
  if (agent === undefined && role === undefined && capabilities.length === 0)
    return "it names neither an agent nor a role nor capabilities, so it is for nobody";
  if (priority !== undefined && !Object.hasOwn(RANKS, priority))
    return `its priority is "${priority}" and not one of ${Object.keys(RANKS).join(", ")}`;
  if (deadline !== undefined && !Number.isFinite(deadline))
    return `its deadline is ${deadline} and not a time in epoch milliseconds`;
  return undefined;
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
