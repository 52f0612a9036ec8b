import { nearest } from "../../error.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { TaskDraft } from "../../kinds/scheduler.ts";

/** Whom a task is for. */
export type TaskWants = Pick<TaskDraft, "agent" | "role" | "capabilities">;

/** Equal for tasks that the same agents can do. */
export function toKey({ agent = "", role = "", capabilities = [] }: TaskWants): string {
  if (capabilities.length === 0) return `${agent}\0${role}`;
  return [agent, role, ...[...new Set(capabilities)].sort()].join("\0");
}

/** Whether an agent bears the name, holds the role and has all the capabilities that are wanted. */
export function canDo(agent: Agent, { agent: name, role, capabilities = [] }: TaskWants): boolean {
  if (name !== undefined && agent.name !== name) return false;
  if (role !== undefined && !(agent.roles ?? []).includes(role)) return false;
  return capabilities.every((one) => agent.capabilities?.includes(one));
}

/** Says what is wanted. */
export function sayWants({ agent, role, capabilities = [] }: TaskWants): string {
  const parts = [
    ...(agent === undefined ? [] : [`the agent "${agent}"`]),
    ...(role === undefined ? [] : [`the role "${role}"`]),
    ...(capabilities.length === 0 ? [] : [`the capabilities ${quoted(capabilities)}`]),
  ];
  return parts.join(" and ");
}

/** Says who comes nearest to what is wanted, and what that one lacks. */
export function sayNearest(wants: TaskWants, agents: readonly Agent[]): string {
  if (agents.length === 0) return "There is no agent at all.";
  const { agent: name, role } = wants;
  const named = name === undefined ? undefined : agents.find((agent) => agent.name === name);
  if (name !== undefined && named === undefined) return meant(nearest(name, namesOf(agents)));
  const lacks = (named === undefined ? agents : [named])
    .map((agent) => ({ agent, lack: lackOf(agent, wants) }))
    .sort((left, right) => left.lack.length - right.lack.length);
  const [best] = lacks;
  // One that shares nothing with what is wanted is not near.
  if (best === undefined || (named === undefined && best.lack.length >= countOf(wants))) {
    return meant(role === undefined ? undefined : nearest(role, rolesOf(agents)));
  }
  return `"${best.agent.name}" comes nearest: it lacks ${best.lack.join(", ")}.`;
}

function lackOf(agent: Agent, { role, capabilities = [] }: TaskWants): readonly string[] {
  const lack = capabilities.filter((one) => !agent.capabilities?.includes(one)).map((one) => `"${one}"`);
  return role === undefined || agent.roles?.includes(role) ? lack : [`the role "${role}"`, ...lack];
}

function countOf({ role, capabilities = [] }: TaskWants): number {
  return capabilities.length + (role === undefined ? 0 : 1);
}

function meant(name: string | undefined): string {
  return name === undefined ? "No agent comes near." : `Did you mean "${name}"?`;
}

function namesOf(agents: readonly Agent[]): readonly string[] {
  return agents.map((agent) => agent.name);
}

function rolesOf(agents: readonly Agent[]): readonly string[] {
  return agents.flatMap((agent) => agent.roles ?? []);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
