import { fail } from "./errors.ts";

export const AGENT_STATUSES = [
  "created",
  "starting",
  "ready",
  "busy",
  "paused",
  "stopping",
  "stopped",
  "failed",
] as const;

export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** The one transition table: everything else is refused and changes nothing. */
export const TRANSITIONS: Readonly<Record<AgentStatus, readonly AgentStatus[]>> = {
  created: ["starting", "stopping"],
  starting: ["ready", "failed", "stopping"],
  ready: ["busy", "paused", "stopping", "failed"],
  busy: ["ready", "paused", "stopping", "failed"],
  paused: ["ready", "busy", "stopping", "failed"],
  stopping: ["stopped", "failed"],
  stopped: ["starting"],
  failed: ["starting", "stopping"],
};

/** Gives the next status, or throws `lifecycle.refused`. */
export function transition(agent: string, from: AgentStatus, to: AgentStatus): AgentStatus {
  if (!TRANSITIONS[from].includes(to)) throw fail("lifecycle.refused", { agent, from, to }, { stack: false });
  return to;
}
