import type { TaskDraft } from "../../kinds/scheduler.ts";
import { RANKS } from "../../task-queue.ts";

/** What is wrong with a draft, for whoever wrote it; undefined when nothing is. */
export function problemOf(draft: TaskDraft): string | undefined {
  const { agent, role, capabilities = [], priority, deadline } = draft;
  if (agent === undefined && role === undefined && capabilities.length === 0)
    return "it names neither an agent nor a role nor capabilities, so it is for nobody";
  if (priority !== undefined && !Object.hasOwn(RANKS, priority))
    return `its priority is "${priority}" and not one of ${Object.keys(RANKS).join(", ")}`;
  if (deadline !== undefined && !Number.isFinite(deadline))
    return `its deadline is ${deadline} and not a time in epoch milliseconds`;
  return undefined;
}
